# SPDX-License-Identifier: Apache-2.0
"""Deletion: the record goes first, then the bytes."""
from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)


class Deleter:
    """Deletes images and their data.

    :param images: the repository of images.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, images, stores, threads):
        self._images = images
        self._stores = stores
        self._threads = threads

    def delete(self, context, image):
        """Delete ``image`` and every copy of its data.

        :raises ImageProtected: it is protected.
        :raises ImageNotFound: another request was first.
        """
        if image.protected:
            raise exception.ImageProtected(image_id=image.id)
        image.require_transition('deleted')
        self._images.delete(context, image)
        for location in image.locations:
            self._delete_data(image, location)

    def _delete_data(self, image, location):
        try:
            driver = self._stores.holding(location)
            self._threads.wait(driver.delete, location.url)
        except (exception.DataMissing, exception.StoreUnavailable):
            LOG.error('Image %s is deleted; a copy of its data could not '
                      'be', image.id)
