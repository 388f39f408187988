# SPDX-License-Identifier: Apache-2.0
"""An import: data that is staged, fetched or copied comes into stores.

queued or uploading -> importing -> active, or queued again. The steps can be
run again from the start, which is what happens when a process dies in them.
"""
import contextlib
import datetime
import time

from oslo_log import log

from glancelite import context as context_module
from glancelite import exception
from glancelite.objects import image as image_object
from glancelite.objects import import_request
from glancelite.objects import lease as lease_object
from glancelite.objects import task as task_object
from glancelite.tasks import flow
from glancelite.tasks import import_sources
from glancelite.tasks import import_steps
from glancelite.tasks import import_writers
from glancelite.tasks import plugin
from glancelite.tasks import submission
from glancelite.tasks import work as work_module

LOG = log.getLogger(__name__)

#: What keeps an import whose data is complete from ever being published.
_HOPELESS = (exception.DataMissing, exception.InvalidTransition,
             exception.UnknownStore)


class Importer:
    """Runs imports.

    :param conf: for the attempts an import has.
    :param service: has the collaborators that the steps turn to: images,
        tasks, stores, quota, fetcher, receiver, downloader, leases, threads.
    :raises ConfigurationError: a plugin that is named cannot be had.
    """

    def __init__(self, conf, service):
        self._plugins = plugin.load(conf)
        self._attempts = conf.task.attempts
        self._finish_timeout = conf.lease.finish_timeout
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
        work = work_module.Work(context, lease, self._task(context, lease),
                                image)
        try:
            self._try(work)
        except exception.LeaseLost:
            LOG.info('Image %s: its import was taken over', lease.image_id)

    def _try(self, work):
        try:
            self._attempt(work)
        except exception.LeaseLost:
            raise
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
            self.service.lost_hosts.require_ours(work.lease)
            self._begin_anew(work)
            with contextlib.closing(work):
                flow.run(self._steps(work), work)
        self._finish(work)

    def _steps(self, work):
        source = import_sources.SOURCES[work.request.method](self.service)
        plugins = () if work.is_copy else self._plugins
        return [import_steps.Begin(self), import_steps.Describe(source),
                *(import_steps.Apply(self.service, source, each, number)
                  for number, each in enumerate(plugins)),
                import_steps.Store(self, source)]

    def _begin_anew(self, work):
        """Leave nothing of an attempt that a crash has ended.

        Each has a token of its own: who is late with one does no harm to
        the next.
        """
        detail = work.lease.detail
        if detail['attempts']:
            self.service.remains.discard(work.lease)
            self.service.work_directory.discard(work.lease)
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
        detail = work.lease.detail
        finished = detail['finished']

        def change(image):
            if not work.is_copy:
                image.values.update(detail['facts'])
                image.properties.update(detail.get('properties', {}))
                for name in detail.get('removed_properties', ()):
                    image.properties.pop(name, None)
                image.move_to('active')
            image.locations = [*image.locations, *locations]
            _unlock(image)
            image.properties[import_request.IMPORTING_PROPERTY] = ''
            image.properties[import_request.FAILED_PROPERTY] = ','.join(
                store for store in work.request.named
                if store not in finished)
        self.save(work, change, holding=work.lease,
                  reservations=reservations)
        work.published = True
        self._notifier.upload(work.image, work.lease.detail['finished'])
        if not work.is_copy:
            self._notifier.image('activate', work.image)
        self._notifier.image('update', work.image)

    def note_stored(self, work):
        """Let the image tell which of its stores have the data."""
        left = [each.driver.identifier for each in work.writers
                if not (each.finished or each.failed)]
        failed = [each.driver.identifier for each in work.writers
                  if each.failed]

        def change(image):
            image.properties[import_request.IMPORTING_PROPERTY] = ','.join(
                left)
            image.properties[import_request.FAILED_PROPERTY] = ','.join(
                failed)
        if left:
            self.save(work, change, holding=work.lease)

    def _finish(self, work):
        """What is left to do can be done again, and again."""
        self.service.work_directory.discard(work.lease)
        self._discard_staged(work)
        work.task.message = import_sources.copied(work.image.size)
        work.task.succeed({'image_id': work.image.id}, self._expiry())
        self._tasks.save(work.context, work.task)
        import_writers.discard_failed(self.service, work)
        self._leases.release(work.lease)
        self._notifier.task('success', work.task)

    def _discard_staged(self, work):
        if work.request.method == import_request.GLANCE_DIRECT:
            self.service.remains.discard_staged(work.lease)

    def _expiry(self):
        return image_object.now() + self._shown

    def _abandon(self, lease):
        """The image is gone: so is everything the import was about."""
        self.service.remains.remove_all(lease)
        with contextlib.suppress(exception.LeaseLost):
            self._leases.release(lease)

    def _fail(self, work, error):
        """Say why, and give the image back.

        What could not be finished keeps the lease: when it runs out it is
        tried again. So is an import that has lost the database, which says
        nothing of its data.
        """
        LOG.warning('Image %s: its import failed: %s', work.image.id,
                    type(error).__name__)
        if (work.published
                or isinstance(error, exception.DatabaseUnavailable)):
            return
        if work.sealed:
            if not self._is_over(work, error):
                return
            self._withdraw(work)
        elif work.unfinished or isinstance(error, exception.HostUnavailable):
            self.service.remains.discard(work.lease)
        message = (str(error) if isinstance(error, exception.GlanceliteError)
                   else 'The import failed for an unexpected reason.')
        work.task.fail(message, self._expiry())
        self._tasks.save(work.context, work.task)
        self._give_back(work)
        self._notifier.task('failure', work.task)

    def _is_over(self, work, error):
        """:returns: whether a sealed import is not to be tried again."""
        age = time.time() - work.lease.detail.get('sealed_at', time.time())
        return isinstance(error, _HOPELESS) or age > self._finish_timeout

    def _withdraw(self, work):
        """Remove what the stores have of an import that is given up.

        Some may have given it its final name already.
        """
        held = {location.metadata.get('store')
                for location in work.image.locations}
        self.service.remains.withdraw(work.lease, held)

    def _give_back(self, work):
        """Have the image wait for data, as it did before it got any.

        What was staged goes first: a queued image has nothing.
        """
        self._discard_staged(work)

        def change(image):
            _unlock(image)
            image.properties[import_request.IMPORTING_PROPERTY] = ''
            image.properties[import_request.FAILED_PROPERTY] = ','.join(
                work.request.named)
            if image.status in ('uploading', 'importing'):
                image.move_to('queued')
                image.properties.pop(import_request.STAGE_HOST_PROPERTY, None)
        with contextlib.suppress(exception.ImageNotFound,
                                 exception.LeaseLost):
            self.save(work, change, release=work.lease)
            self._notifier.image('update', work.image)

    def save(self, work, change, **options):
        """Apply ``change`` to the image as it now is, and store it.

        :raises ImageNotFound: it was deleted.
        """
        def attempt():
            image = self._images.get(work.context, work.image.id,
                                     check_visibility=False)
            change(image)
            self._images.save(work.context, image, **options)
            work.image = image
        self._images.insist(work.image.id, attempt)


def _unlock(image):
    image.properties.pop(import_request.TASK_PROPERTY, None)
    if image.status == 'active':
        image.properties.pop(import_request.STAGE_HOST_PROPERTY, None)


def _context(lease):
    """:returns: the service's own context, for the owner of the task."""
    return context_module.of_service(lease.detail.get('project_id'),
                                     lease.detail.get('user_id'))
