# SPDX-License-Identifier: Apache-2.0
"""A download: which copy is read, and by whom it may be."""
import dataclasses

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)


@dataclasses.dataclass
class Data:
    """Open image data: ``size`` bytes, readable from ``open(offset)``.

    :ivar stored: bytes that lie in the store, if these are more.
    """

    driver: object
    url: str
    size: int
    stored: int

    def wanted(self, start, stop):
        """Hear which bytes are about to be sent.

        :param start: position of the first one.
        :param stop: position after the last one.
        :returns: what is to be opened, to read them.
        """
        return self

    def open(self, offset=0):
        """:returns: a binary file object at ``offset`` bytes."""
        return self.driver.open(self.url, offset)

    def path(self):
        """:returns: the path of the file that holds it and no more, or None.
        """
        whole = self.stored == self.size
        return self.driver.path(self.url) if whole else None


class Downloader:
    """Finds the data of an image.

    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    """

    def __init__(self, stores, threads):
        self._stores = stores
        self._threads = threads

    def find(self, image, prefer=()):
        """:returns: :class:`Data` of the first copy that can be read, and
        has as many bytes as the image.

        :param prefer: identifiers of stores to try first.
        :raises DataMissing, StoreUnavailable: no copy can be read.
        """
        failure = exception.DataMissing(image_id=image.id)
        for location in self._order(image, prefer):
            try:
                driver = self._stores.holding(location)
                stored = self._threads.wait(driver.size, location.url)
                size = stored if image.size is None else image.size
                if stored >= size:
                    return Data(driver, location.url, size, stored)
                LOG.error('Image %s: a copy has %d bytes of %d', image.id,
                          stored, size)
            except (exception.DataMissing,
                    exception.StoreUnavailable) as error:
                LOG.warning('Image %s: a copy cannot be read', image.id)
                failure = error
        raise failure

    def _order(self, image, prefer):
        locations = self._stores.by_weight(image.locations)

        def rank(location):
            store = location.metadata.get('store')
            return prefer.index(store) if store in prefer else len(prefer)
        return sorted(locations, key=rank)
