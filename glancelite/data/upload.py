# SPDX-License-Identifier: Apache-2.0
"""An upload: queued -> saving -> active, or back to queued."""
import contextlib

from oslo_log import log

from glancelite import exception
from glancelite.data import leases
from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)


class Uploader:
    """Stores the bytes of an image and makes it active.

    :param images: the repository of images.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param quota: a :class:`~glancelite.quota.Quota`.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param receiver: a :class:`~glancelite.data.receive.Receiver`.
    :param publisher: a :class:`~glancelite.data.publish.Publisher`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param notifier: a :class:`~glancelite.notifier.Notifier`.
    :param host: who we are, where each host has its own staging area.
    """

    def __init__(self, images, stores, quota, holder, receiver, publisher,
                 threads, notifier, host=None):
        self._host = host
        self._images = images
        self._stores = stores
        self._quota = quota
        self._holder = holder
        self._receiver = receiver
        self._publisher = publisher
        self._threads = threads
        self._notifier = notifier

    def upload(self, context, image, source, size=None, store=None,
               digests=()):
        """Store what ``source`` gives as the data of ``image``.

        :param source: has ``read(size)``.
        :param size: bytes announced, or None.
        :param store: identifier of a store, None for the default one.
        :param digests: (hashlib name, bytes) pairs the data must have.
        :raises UnknownStore: there is none of that name.
        :raises InvalidTransition: the image is not queued.
        :raises StoreReadOnly: it takes no uploads.
        :raises FormatsNotSet: disk_format or container_format is missing.
        :raises SizeMismatch, DigestMismatch: the data is not what was
            announced.
        :raises ImageGone: the image was deleted meanwhile.
        :raises QuotaExceeded, ImageTooLarge, StorageFull, StoreUnavailable:
            the data cannot be kept. Nothing of it is left behind, and the
            image is queued again, whatever was raised.
        """
        self._stores.named(store)
        image.require_transition('saving')
        image.require_formats()
        driver = self._stores.writable(store)
        lease = _lease(image, driver, 'saving')
        with (self._quota.reserve(context, image, size) as claim,
              self._taken(context, image, lease)):
            with self._writing(context, image, lease, driver,
                               claim, size) as writer:
                facts = self._receiver.receive(
                    context, image, leases.LeasedSource(source, lease),
                    [writer], claim, size, digests)
                self._publisher.seal(lease, writer, facts)
            self._publish(context, image, lease, driver, claim)

    def stage(self, context, image, source, size=None, digests=()):
        """Keep what ``source`` gives until it is imported.

        queued -> uploading, or back to queued. Parameters and errors as of
        :meth:`upload`; what the data is, the import will look at.
        """
        driver = self._stores.staging
        image.require_transition('uploading')
        self._threads.wait(driver.check)
        lease = _lease(image, driver, 'uploading')
        if self._host:
            lease.detail['host'] = self._host
        with (self._quota.reserve_staging(context, image, size) as claim,
              self._taken(context, image, lease)):
            with self._writing(context, image, lease, driver,
                               claim, size) as writer:
                count = self._receiver.keep(
                    leases.LeasedSource(source, lease), writer, claim, size,
                    digests)
                self._publisher.seal(lease, writer, {'size': count})
            self._publish(context, image, lease, driver, claim)

    @contextlib.contextmanager
    def _taken(self, context, image, lease):
        """The image is ours, and stays it while the block runs."""
        take(self._images, self._notifier, context, image, lease)
        with self._holder.holding(lease):
            yield

    @contextlib.contextmanager
    def _writing(self, context, image, lease, driver, claim, size):
        """A writer for an image that is ours; all is undone on failure.

        But for what is sealed perhaps, where cancelling would remove bytes
        that whoever finds the lease may have published: that is finished, or
        undone, by a recovery.
        """
        writer = None
        try:
            writer = self._threads.wait(driver.writer, image.id, lease.token,
                                        size)
            yield writer
        except BaseException as error:
            if (driver.renames or 'facts' not in lease.detail
                    or isinstance(error, exception.LeaseLost)):
                self._undo(context, image, lease, error, writer)
            else:
                claim.leave()
            raise

    def _publish(self, context, image, lease, driver, claim):
        """What fails from here on is finished by a recovery.

        Only where the store has refused, and nothing can come of it any
        more, the upload is undone.
        """
        try:
            self._publisher.publish(context, image, lease,
                                    claim.reservations)
        except (exception.StorageFull, exception.StoreUnavailable) as error:
            if driver.renames and self._threads.wait(
                    driver.discard, image.id, lease.token):
                self._undo(context, image, lease, error)
            else:
                claim.leave()
            raise
        except (exception.ImageChanged, exception.ImageNotFound,
                exception.LeaseLost, exception.DataMissing) as error:
            raise leases.reason(self._images, context, lease) from error
        except BaseException:
            claim.leave()
            raise

    def _undo(self, context, image, lease, error, writer=None):
        """Remove the bytes and queue the image, if it is ours still.

        What fails here is left to whoever finds the lease expired.

        :raises ImageGone, LeaseLost: it is not ours; instead of ``error``.
        """
        if writer is None and not isinstance(error, Exception):
            # Killed while the writer was being made: it may still come.
            return
        if lease.detail['status'] == 'saving':
            self._notifier.upload_failed(image, error)
        try:
            if writer:
                self._threads.wait(writer.cancel)
            self._images.move(context, image, 'queued',
                              from_status=lease.detail['status'],
                              release=lease)
            self._notifier.image('update', image)
        except (exception.ImageChanged, exception.LeaseLost):
            LOG.info('Image %s was taken over during its upload', image.id)
            if isinstance(error, Exception):
                raise leases.reason(self._images, context,
                                    lease) from error
        except Exception:
            LOG.exception('Image %s: a failed upload is not undone yet',
                          image.id)
            if isinstance(error, exception.LeaseLost):
                raise leases.reason(self._images, context,
                                    lease) from error


def _lease(image, driver, status):
    lease = lease_object.Lease(image.id, lease_object.UPLOAD, {
        'stores': [driver.identifier], 'status': status})
    lease.detail['token'] = lease.token
    return lease


def take(images, notifier, context, image, lease):
    """Make an image ours: queued -> saving, say, and the lease with it.

    :param images: the repository of images.
    :raises InvalidTransition: somebody else was quicker.
    """
    status = lease.detail['status']
    try:
        images.move(context, image, status, from_status=image.status,
                    acquire=lease, permitted=True)
    except exception.ImageChanged:
        current = images.get(context, image.id)
        current.require_transition(status)
        raise
    notifier.image('update', image)
    if status == 'saving':
        notifier.prepare(image, lease.detail['stores'][0])
