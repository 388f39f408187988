# SPDX-License-Identifier: Apache-2.0
"""An import: data that is staged, fetched or copied comes into stores.

queued or uploading -> importing -> active, or back. The steps can be run
again from the start, which is what happens when a process dies in them.
"""
import contextlib
import datetime
import time

from oslo_context import context as oslo_context
from oslo_log import log

from glancelite import context as context_module
from glancelite import exception
from glancelite.data import leases
from glancelite.objects import image as image_object
from glancelite.objects import import_request
from glancelite.objects import lease as lease_object
from glancelite.objects import task as task_object
from glancelite.tasks import flow
from glancelite.tasks import import_writers
from glancelite.tasks import submission

LOG = log.getLogger(__name__)

#: Seconds between two messages about how far an import is.
_REPORT_INTERVAL = 3

#: Times a change of the record is tried anew when another request was first.
_ATTEMPTS = 10

_MIB = 1024 * 1024

#: What keeps an import whose data is complete from ever being published.
_HOPELESS = (exception.DataMissing, exception.InvalidTransition,
             exception.UnknownStore)


class Work:
    """One import on its way through the flow.

    :ivar writers: of the stores that are being written.
    :ivar published: whether the record names the data already.
    :ivar unfinished: whether an undo failed, so that the lease must stay.
    """

    def __init__(self, context, lease, task, image):
        self.context = context
        self.lease = lease
        self.task = task
        self.image = image
        self.request = import_request.ImportRequest(
            **lease.detail['request'])
        self.writers = []
        self.published = self._is_published()
        self.unfinished = False

    @property
    def is_copy(self):
        """:returns: whether the image has its data already."""
        return self.request.method == import_request.COPY_IMAGE

    @property
    def sealed(self):
        """:returns: whether the data is complete, and the lease says so."""
        return 'facts' in self.lease.detail

    def _is_published(self):
        """:returns: whether an earlier attempt came so far."""
        if not self.is_copy:
            return bool(self.image.locations)
        return any(location.metadata.get('store') in self.request.stores
                   for location in self.image.locations)


class Importer:
    """Runs imports.

    :param conf: for the attempts an import has.
    :param service: has the collaborators that the steps turn to: images,
        tasks, stores, quota, fetcher, receiver, downloader, leases, threads.
    """

    def __init__(self, conf, service):
        self._attempts = conf.task.attempts
        self._shown = datetime.timedelta(hours=conf.task.task_time_to_live)
        self.service = service
        self._images = service.images
        self._tasks = service.tasks
        self._leases = service.leases
        self._notifier = service.notifier

    def run(self, lease):
        """Run the import that ``lease``, held by us, tells of."""
        context = _context(lease)
        try:
            image = self._images.get(context, lease.image_id,
                                     check_visibility=False)
        except exception.ImageNotFound:
            return self._abandon(lease)
        work = Work(context, lease, self._task(context, lease), image)
        try:
            self._attempt(work)
        except exception.LeaseLost:
            LOG.info('Image %s: its import was taken over', lease.image_id)
        except Exception as error:
            self._fail(work, error)

    def _task(self, context, lease):
        try:
            return self._tasks.get(context, lease.detail['task_id'])
        except exception.TaskNotFound:
            # It is forgotten; what it was about must end all the same.
            return task_object.Task.new(submission.KIND, context, None,
                                        lease.image_id, {})

    def _attempt(self, work):
        if work.task.status == task_object.FAILURE:
            return self._give_back(work)
        if work.sealed and not work.published:
            self.publish(work)
        elif not work.published:
            self._begin_anew(work)
            flow.run([Begin(self), Store(self, self._source(work))], work)
        self._finish(work)

    def _begin_anew(self, work):
        """Leave nothing of an attempt that a crash has ended.

        Each has a token of its own: who is late with one does no harm to
        the next.
        """
        self.service.remover.discard(work.lease)
        detail = work.lease.detail
        detail.update(attempts=detail['attempts'] + 1,
                      token=lease_object.new_token())
        self._leases.note(work.lease)
        if detail['attempts'] > self._attempts:
            raise exception.ImportCutOff()

    def publish(self, work, reservations=()):
        """Let the record name the data of a sealed import.

        :param reservations: of quota, which become usage.
        """
        locations = import_writers.commit_all(self.service, work)
        finished = work.lease.detail['finished']

        def change(image):
            if not work.is_copy:
                image.values.update(work.lease.detail['facts'])
                image.move_to('active')
            image.locations = [*image.locations, *locations]
            _unlock(image)
            image.properties[import_request.IMPORTING_PROPERTY] = ''
            image.properties[import_request.FAILED_PROPERTY] = ','.join(
                store for store in work.request.stores
                if store not in finished)
        self.save(work, change, holding=work.lease,
                  reservations=reservations)
        work.published = True
        self._notifier.upload(work.image, work.lease.detail['finished'])
        if not work.is_copy:
            self._notifier.image('activate', work.image)
        self._notifier.image('update', work.image)

    def _source(self, work):
        return _SOURCES[work.request.method](self.service)

    def _finish(self, work):
        """What is left to do can be done again, and again."""
        if work.request.method == import_request.GLANCE_DIRECT:
            staging = self.service.stores.staging
            self.service.threads.wait(staging.delete,
                                      staging.url(work.image.id))
        work.task.message = _copied(work.image.size)
        work.task.succeed({'image_id': work.image.id}, self._expiry())
        self._tasks.save(work.context, work.task)
        self._leases.release(work.lease)
        self._notifier.task('success', work.task)

    def _expiry(self):
        return image_object.now() + self._shown

    def _abandon(self, lease):
        """The image is gone: so is everything the import was about."""
        self.service.remover.remove_all(lease)
        with contextlib.suppress(exception.LeaseLost):
            self._leases.release(lease)

    def _fail(self, work, error):
        """Say why, and give the image back.

        What could not be undone, or finished, keeps the lease: when it runs
        out it is tried again.
        """
        LOG.warning('Image %s: its import failed: %s', work.image.id,
                    type(error).__name__)
        if work.unfinished or work.published or (
                work.sealed and not isinstance(error, _HOPELESS)):
            return
        message = (str(error) if isinstance(error, exception.GlanceliteError)
                   else 'The import failed for an unexpected reason.')
        work.task.fail(message, self._expiry())
        self._tasks.save(work.context, work.task)
        self._give_back(work)
        self._notifier.task('failure', work.task)

    def _give_back(self, work):
        def change(image):
            _unlock(image)
            image.properties[import_request.IMPORTING_PROPERTY] = ''
            image.properties[import_request.FAILED_PROPERTY] = ','.join(
                work.request.stores)
            if image.status == 'importing':
                image.move_to(work.lease.detail['status'])
        with contextlib.suppress(exception.ImageNotFound,
                                 exception.LeaseLost):
            self.save(work, change, release=work.lease)
            self._notifier.image('update', work.image)

    def save(self, work, change, **options):
        """Apply ``change`` to the image as it now is, and store it.

        :raises ImageNotFound: it was deleted.
        """
        for _attempt in range(_ATTEMPTS):
            image = self._images.get(work.context, work.image.id,
                                     check_visibility=False)
            change(image)
            try:
                self._images.save(work.context, image, **options)
                work.image = image
                return
            except exception.ImageChanged:
                continue
        raise exception.ImageChanged(image_id=work.image.id)


class Begin(flow.Step):
    """The task is processing, and the image is importing."""

    def __init__(self, importer):
        self._importer = importer
        self._service = importer.service

    def run(self, work):
        self._service.notifier.task('run', work.task)
        work.task.begin()
        self._service.tasks.save(work.context, work.task)
        self._service.notifier.task('processing', work.task)

        def change(image):
            if image.status != 'importing':
                image.move_to('importing')
        if not work.is_copy:
            self._importer.save(work, change, holding=work.lease)
        self._service.notifier.image('update', work.image)


class Store(flow.Step):
    """The data is read once, written to every store, and published."""

    def __init__(self, importer, source):
        self._importer = importer
        self._service = importer.service
        self._source = source

    def run(self, work):
        size, file = self._source.open(work)
        with contextlib.closing(file), import_writers.claims(
                self._service.quota, work, size) as claim:
            import_writers.open_all(self._service, work, size)
            for store in work.request.stores:
                self._service.notifier.prepare(work.image, store)
            source = leases.LeasedSource(
                Reporter(self._service.tasks, work, file, size), work.lease)
            facts = self._service.receiver.receive(
                work.image, source, work.writers, claim, size)
            self._source.require(work, facts)
            import_writers.seal(self._service, work, facts)
            self._importer.publish(work, claim.reservations)

    def undo(self, work):
        if not work.sealed:
            for writer in work.writers:
                self._service.threads.wait(writer.cancel)


class StagedSource:
    """The data that was staged.

    :param service: as the importer's.
    """

    def __init__(self, service):
        self._service = service
        self._wait = service.threads.wait

    def open(self, work):
        """:returns: (bytes or None, a file to read and to close)."""
        staging = self._service.stores.staging
        url = staging.url(work.image.id)
        return (self._wait(staging.size, url),
                OffLoop(self._wait(staging.open, url), self._wait))

    def require(self, work, facts):
        """Raise when ``facts`` of the bytes are not what they must be."""


class WebSource(StagedSource):
    """The data at a URL, through the one fetcher."""

    def open(self, work):
        stream = self._wait(self._service.fetcher.open, work.request.uri)
        return stream.size, OffLoop(stream, self._wait)


class CopySource(StagedSource):
    """The data of the image itself, from a store that has it."""

    def open(self, work):
        data = self._service.downloader.find(work.image)
        return data.size, OffLoop(self._wait(data.open), self._wait)

    def require(self, work, facts):
        """:raises CopyDiffers: what was read is not what was uploaded."""
        image = work.image
        if (image.os_hash_algo == facts['os_hash_algo']
                and image.os_hash_value != facts['os_hash_value']):
            raise exception.CopyDiffers()


_SOURCES = {import_request.GLANCE_DIRECT: StagedSource,
            import_request.WEB_DOWNLOAD: WebSource,
            import_request.COPY_IMAGE: CopySource}


class OffLoop:
    """A file that is read where waiting for it holds up nobody."""

    def __init__(self, file, wait):
        self._file = file
        self._wait = wait

    def read(self, size):
        """:returns: the next ``size`` bytes, fewer only at the end."""
        return self._wait(self._file.read, size)

    def close(self):
        """Close the file."""
        self._file.close()


class Reporter:
    """A source that tells the task's readers how far it is."""

    def __init__(self, tasks, work, file, size):
        self._tasks = tasks
        self._work = work
        self._file = file
        self._size = size
        self._count = 0
        self._next = time.monotonic() + _REPORT_INTERVAL

    def read(self, size):
        """:returns: the next ``size`` bytes of the file."""
        block = self._file.read(size)
        self._count += len(block)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _REPORT_INTERVAL
            self._work.task.message = _copied(self._count, self._size)
            self._tasks.save(self._work.context, self._work.task)
        return block


def _copied(count, size=None):
    """:returns: progress in MiB, as Glance words it."""
    whole = f' of {size // _MIB} MiB' if size else ''
    return f'Copied {count // _MIB} MiB{whole}'


def _unlock(image):
    image.properties.pop(import_request.TASK_PROPERTY, None)


def _context(lease):
    """:returns: the service's own context, for the owner of the task."""
    context = context_module.RequestContext(
        overwrite=False, project_id=lease.detail.get('project_id'),
        user_id=lease.detail.get('user_id'),
        request_id=oslo_context.generate_request_id())
    context.is_admin = True
    return context


