# SPDX-License-Identifier: Apache-2.0
"""From durable bytes to a record of them: by the uploader, or by a recovery.

The lease says first what the bytes are; from then on the upload is finished
by whoever holds the lease, and never undone. Then the store gives the bytes
their final name, then the record names them. Each step may be done again, and
none removes anything under a name that another upload could have: so a
process that slept while others went on does no harm when it wakes.
"""
import functools
import time

from glancelite import exception
from glancelite.objects import image as image_object
from glancelite.objects import import_request


class Publisher:
    """Ends uploads whose bytes are complete.

    :param images: the repository of images.
    :param leases: the repository of leases.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param notifier: a :class:`~glancelite.notifier.Notifier`.
    """

    def __init__(self, images, leases, stores, threads, notifier):
        self._images = images
        self._leases = leases
        self._stores = stores
        self._threads = threads
        self._notifier = notifier

    def seal(self, lease, writer, facts):
        """Make the bytes durable, and store in the lease what they are.

        :param facts: fields of the image: size, digests, virtual size.
        :raises StorageFull, StoreUnavailable: the store refuses.
        :raises LeaseLost: the image is somebody else's now.
        """
        self._threads.wait(writer.finish)
        lease.detail.update(facts=facts, sealed=time.time())
        self._leases.note(lease)

    def publish(self, context, image, lease, reservations=()):
        """Let the record of the image name its bytes, and end the lease.

        saving -> active; what is staged stays uploading.

        :param lease: a sealed one.
        :param reservations: of quota, which become usage.
        :raises ImageChanged: the image has another status by now.
        :raises ImageNotFound: it was deleted.
        :raises LeaseLost: it is somebody else's now.
        :raises DataMissing: its bytes are gone.
        :raises UnknownStore: their store is not in use any more.
        :raises StorageFull, StoreUnavailable: the store refuses.
        """
        status = lease.detail['status']
        if image.status != status:
            raise exception.ImageChanged(image_id=image.id)
        identifier, = lease.detail['stores']
        driver = self._stores.internal(identifier)
        url = self._threads.wait(_commit, driver, lease)
        image.values.update(lease.detail['facts'])
        if 'host' in lease.detail:
            image.properties[import_request.STAGE_HOST_PROPERTY] = (
                lease.detail['host'])
        if status == 'saving':
            image.locations = [image_object.Location(
                url, self._stores.metadata(driver, url))]
            image.move_to('active')
        try:
            self._save(context, image, lease, reservations)
        except (exception.ImageChanged, exception.LeaseLost):
            if not self._is_published(context, image):
                raise
            # Then whoever did it has told of it.
            return
        self._tell(image)

    def _tell(self, image):
        if image.status == 'active':
            self._notifier.upload(image)
            self._notifier.image('activate', image)
        self._notifier.image('update', image)

    def _save(self, context, image, lease, reservations):
        save = functools.partial(
            self._images.save, context, image,
            from_status=lease.detail['status'], release=lease,
            reservations=reservations)
        try:
            save()
        except exception.DatabaseUnavailable:
            # It may have been done, and only the answer been lost; the
            # second time will tell.
            save()

    def _is_published(self, context, image):
        """:returns: whether somebody, maybe we, has done this before."""
        current = self._images.get(context, image.id, check_visibility=False)
        return (current.status == image.status
                and current.size == image.size
                and current.os_hash_value == image.os_hash_value)


def _commit(driver, lease):
    url = driver.commit(lease.image_id, lease.detail['token'])
    size, expected = driver.size(url), lease.detail['facts']['size']
    if size < expected and not driver.renames:
        # Swift may not know of each segment yet.
        raise exception.StoreUnavailable()
    if size != expected:
        raise exception.DataMissing(image_id=lease.image_id)
    return url
