# SPDX-License-Identifier: Apache-2.0
"""Data that lies somewhere already becomes the data of a queued image.

The image is active with one save before the caller is answered; its digests
follow in the background. So a crash leaves at worst an active image without
digests. Where a digest must be verified, the image stays queued until it is,
and again one save makes it active. A task tells its owner the outcome.

What is read for its digests is inspected as an upload is. An image that turns
out to be none to have, after it became active, is deactivated.
"""
import datetime
import time

from oslo_log import log

from glancelite import exception
from glancelite.data import inspection
from glancelite.data import locations as locations_module
from glancelite.data import streams
from glancelite.objects import image as image_object
from glancelite.objects import task as task_object

LOG = log.getLogger(__name__)

TASK_TYPE = 'location_import'

#: How long a finished task is shown.
_SHOWN = datetime.timedelta(hours=48)

#: Seconds between looks at whether the image is still wanted.
_WATCH_INTERVAL = 5

#: What an inspection says of content that no image may have.
_BAD_CONTENT = (exception.FormatMismatch, exception.UnsafeImage)


class LocationImport:
    """Registers locations of queued images.

    :param conf: for ``do_secure_hash``, ``http_retries``,
        ``hashing_algorithm``, ``transfer_block_size``, ``[fetch]`` and
        ``[image_format]``.
    :param images: the repository of images.
    :param tasks: the repository of tasks.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param locations: a :class:`~glancelite.data.locations.Locations`.
    :param quota: a :class:`~glancelite.quota.enforcement.Quota`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param background: a
        :class:`~glancelite.data.background.Background`.
    :param notifier: a :class:`~glancelite.notifier.Notifier`.
    """

    def __init__(self, conf, images, tasks, stores, locations, quota,
                 threads, background, notifier):
        self._images = images
        self._tasks = tasks
        self._stores = stores
        self._locations = locations
        self._quota = quota
        self._threads = threads
        self._background = background
        self._notifier = notifier
        self._secure = conf.do_secure_hash
        self._attempts = conf.http_retries + 1
        self._algorithm = conf.hashing_algorithm
        self._block_size = conf.transfer_block_size
        self._rules = inspection.Rules(conf)
        # Beyond this a task says no more that it lives: it was cut off.
        self._stale = datetime.timedelta(
            seconds=2 * conf.fetch.read_timeout + _WATCH_INTERVAL)

    def begin(self, context, image, url, digest=None):
        """Make what lies at ``url`` the data of ``image``.

        What cannot be done after the checks named here is told by the task.

        :param digest: (hashlib name, hexadecimal value) the data must have,
            or None.
        :raises InvalidDigest: ``digest`` cannot be one.
        :raises LocationFiltered: users may not name ``url``.
        :raises ActiveTask: another location is being registered.
        """
        _require_digest(digest)
        self._require_admitted(url)
        if any(task.type == TASK_TYPE and task.is_open
               and image_object.now() - task.updated_at < self._stale
               for task in self._tasks.of_image(context, image.id)):
            raise exception.ActiveTask()
        named = dict(zip(('os_hash_algo', 'os_hash_value'), digest or ()))
        task = task_object.Task.new(
            TASK_TYPE, context, context.owner or image.owner or '', image.id,
            {'image_id': image.id, 'loc_url': url, 'validation_data': named})
        self._tasks.add(context, task)
        self._notifier.task('create', task)
        job = _Job(context, image.id, url, digest, task)
        if not self._secure:
            self._run(self._activate, job)
        elif digest:
            self._background.submit(self._run, self._verify, job)
        elif self._try(self._activate, job):
            self._background.submit(self._run, self._digest, job)

    def _require_admitted(self, url):
        driver = self._stores.owning(url)
        try:
            if driver is None:
                raise exception.InvalidLocation()
            self._threads.wait(driver.admit, url)
        except (exception.InvalidLocation, exception.FetchRefused):
            raise exception.LocationFiltered() from None

    def _run(self, step, job):
        """Do the last ``step``; the task tells what became of it."""
        if self._try(step, job):
            job.task.succeed({'image_id': job.image_id},
                             image_object.now() + _SHOWN)
            self._tasks.save(job.context, job.task)
            self._notifier.task('success', job.task)

    def _try(self, step, job):
        """:returns: whether ``step`` was done; if not, the task tells why.
        """
        try:
            if job.task.status == task_object.PENDING:
                self._notifier.task('run', job.task)
            job.task.begin()
            self._tasks.save(job.context, job.task)
            self._notifier.task('processing', job.task)
            step(job)
            return True
        except exception.GlanceliteError as error:
            self._fail(job, str(error))
        except Exception:
            LOG.exception('Image %s: its location is not registered',
                          job.image_id)
            self._fail(job, 'Task failed due to Internal Error')
        return False

    def _fail(self, job, message):
        job.task.fail(message, image_object.now() + _SHOWN)
        self._tasks.save(job.context, job.task)
        self._notifier.task('failure', job.task)

    def _activate(self, job):
        """Make the image active; its digests are as named, or follow."""
        values = {'size': self._locations.size(job.url)}
        if self._secure:
            # Whoever waits for the digest sees that it is on the way.
            values['os_hash_algo'] = self._algorithm
        elif job.digest:
            values.update(zip(('os_hash_algo', 'os_hash_value'), job.digest))
        self._save_active(job, values)

    def _verify(self, job):
        """Make the image active if its data has the digest named."""
        size = self._locations.size(job.url)
        algorithm, expected = job.digest
        try:
            facts = self._read(job, self._image(job), size, algorithm)
            if facts['os_hash_value'] != expected.lower():
                raise exception.DigestMismatch(algorithm=algorithm)
        except exception.DigestMismatch:
            self._keep_unverified(job)
            raise
        self._save_active(job, {'size': size, **facts})

    def _digest(self, job):
        """Record the digests of an image that is active already."""
        try:
            image = self._image(job)
            facts = self._read(job, image, image.size, self._algorithm)
        except exception.ImageNotFound:
            raise
        except _BAD_CONTENT:
            self._deactivate(job)
            raise
        except Exception:
            self._update(job, lambda image: image.values.update(
                os_hash_algo=None))
            raise
        self._update(job, lambda image: image.values.update(facts))

    def _deactivate(self, job):
        """Keep the data from everybody but administrators."""
        def change(image):
            image.values.update(os_hash_algo=None)
            if image.status == 'active':
                image.move_to('deactivated')
        LOG.warning('Image %s: the data at its location is refused',
                    job.image_id)
        self._update(job, change, 'deactivate')

    def _save_active(self, job, values):
        image = self._image(job)
        image.require_formats()
        if image.status != 'queued':
            raise exception.LocationStatusConflict(action='add',
                                                   status=image.status)
        with self._quota.reserve_copy(job.context, image,
                                      values['size']) as claim:
            image.values.update(values)
            image.locations = [self._locations.location(job.url, {})]
            image.move_to('active')
            self._images.save(job.context, image,
                              reservations=claim.reservations)
        self._notifier.image('update', image)

    def _keep_unverified(self, job):
        """Leave the location on the queued image, as Glance does.

        Tempest (LocationImportTest) wants to see the store it is in. It is
        never read, and goes when the image gets its data.
        """
        def keep(image):
            if image.status == 'queued':
                image.locations = [self._locations.location(job.url, {})]
        self._update(job, keep)

    def _update(self, job, change, event='update'):
        """Change the image as it is by then."""
        def attempt():
            image = self._image(job)
            change(image)
            self._images.save(job.context, image)
            return image
        self._notifier.image(
            event, self._images.insist(job.image_id, attempt))

    def _image(self, job):
        return self._images.get(job.context, job.image_id,
                                check_visibility=False)

    def _look(self, job):
        """Say that the job lives. :raises ImageNotFound: it is in vain."""
        self._image(job)
        self._tasks.save(job.context, job.task)

    def _read(self, job, image, size, algorithm):
        """:returns: what the data tells, read once or as often as
            http_retries says.

        :raises FormatMismatch, UnsafeImage: its content is none to have.
        """
        for attempt in range(self._attempts):
            try:
                return self._read_once(job, image, size, algorithm)
            except (exception.FetchRefused, exception.DataMissing,
                    exception.StoreUnavailable) as error:
                LOG.warning('Image %s: attempt %d to read its data failed',
                            job.image_id, attempt + 1)
                failure = error
        raise failure

    def _read_once(self, job, image, size, algorithm):
        driver = self._stores.owning(job.url)
        checksum = streams.Digest('md5')
        digest = streams.Digest(algorithm)
        inspected = inspection.Inspection(image, self._rules)
        watch = _Watch(lambda: self._look(job))
        source = self._threads.wait(driver.open, job.url)
        try:
            streams.pump(_Blocking(source, self._threads), watch,
                         [checksum, digest, inspected], self._threads,
                         self._block_size)
        finally:
            source.close()
        if watch.count != size:
            raise exception.FetchRefused()
        # The virtual size is not recorded: Glance has none there.
        inspected.finish()
        return {'checksum': checksum.hexdigest(), 'os_hash_algo': algorithm,
                'os_hash_value': digest.hexdigest()}


class _Job:
    """One location that is being registered."""

    def __init__(self, context, image_id, url, digest, task):
        self.context = context
        self.image_id = image_id
        self.url = url
        self.digest = digest
        self.task = task


class _Blocking:
    """A source whose reads block, read beside whatever else goes on."""

    def __init__(self, source, threads):
        self._source = source
        self._threads = threads

    def read(self, size):
        return self._threads.wait(self._source.read, size)


class _Watch:
    """Counts bytes, and looks up from them now and then.

    :param look: called for it; ends the reading by what it raises.
    """

    def __init__(self, look):
        self.count = 0
        self._look = look
        self._next = time.monotonic() + _WATCH_INTERVAL

    def write(self, block):
        self.count += len(block)
        if time.monotonic() > self._next:
            self._look()
            self._next = time.monotonic() + _WATCH_INTERVAL


def _require_digest(digest):
    """:raises InvalidDigest: it is none of its algorithm."""
    if not digest:
        return
    algorithm, value = digest
    if not locations_module.is_hexadecimal(value):
        raise exception.InvalidDigest(
            'os_hash_value (%(value)s) is not a valid hexadecimal value',
            value=value)
    size = locations_module.digest_size(algorithm)
    if len(value) != 2 * size:
        raise exception.InvalidDigest(
            'os_hash_value: (%(value)s) is not the correct size for '
            '(%(algorithm)s) (should be (%(size)d) bytes)',
            value=value, algorithm=algorithm, size=size)
