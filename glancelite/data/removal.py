# SPDX-License-Identifier: Apache-2.0
"""Removal of the bytes that a lease tells of. All of it may be repeated."""
import contextlib

from oslo_log import log

from glancelite import exception
from glancelite.objects import image as image_object

LOG = log.getLogger(__name__)


class Remover:
    """Removes bytes from stores.

    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, stores, holder, threads):
        self._stores = stores
        self._holder = holder
        self._threads = threads

    def require_unused(self, image, locations):
        """Ask before ``locations`` of an image are deleted.

        A store that does not answer keeps nobody from it: its bytes are
        removed when it is back.

        :raises ImageInUse: something in a store is made of the data.
        """
        for location in locations:
            with contextlib.suppress(exception.DataMissing,
                                     exception.StoreUnavailable):
                driver = self._stores.holding(location)
                if driver.clonable and self._threads.wait(driver.is_used,
                                                          location.url):
                    raise exception.ImageInUse(image_id=image.id)

    def discard(self, lease):
        """Remove what was written for ``lease`` and is not committed.

        :raises StoreUnavailable: a store refuses.
        :raises UnknownStore: one is not in use any more; from the others it
            is removed.
        """
        for driver in self._drivers(lease):
            self._threads.wait(driver.discard, lease.image_id,
                               lease.detail['token'])

    def withdraw(self, lease, held=()):
        """Remove what was written for ``lease``, committed or not.

        No record names it, nor can one as long as the lease stands.

        :param held: identifiers of stores that hold data of the image which
            its record does name.
        :raises LeaseLost: it does not.
        :raises StoreUnavailable: a store refuses.
        :raises UnknownStore: one is not in use any more.
        """
        self.discard(lease)
        for driver in self._drivers(lease):
            if driver.renames and driver.identifier not in held:
                if not self._holder.keeps(lease):
                    raise exception.LeaseLost(image_id=lease.image_id)
                self._threads.wait(driver.delete, driver.url(lease.image_id))

    def remove_all(self, lease):
        """Remove all data of a deleted image.

        No other image ever has its id, so it does no harm to come late.

        :raises StoreUnavailable: a store refuses.
        """
        detail = lease.detail
        if detail.get('staged'):
            self.discard_staged(lease.image_id)
        for url, store in (*detail.get('locations', ()),
                           *detail.get('removed', ())):
            self._delete(lease, url, store)
        if 'token' in detail:
            self.discard(lease)
        if 'facts' in detail:
            # It may have been cut off between the store and the record.
            for driver in self._drivers(lease):
                if driver.renames:
                    self._threads.wait(driver.delete,
                                       driver.url(lease.image_id))

    def discard_staged(self, image_id):
        """Remove what is staged for an image.

        :raises StoreUnavailable: the store refuses.
        """
        staging = self._stores.staging
        self._threads.wait(staging.delete, staging.url(image_id))

    def remove_copies(self, lease):
        """Remove the data of locations that an image has no more.

        The image lives, and may get data at the same URL again; not while
        the lease stands, though.

        :raises LeaseLost: it does not.
        :raises StoreUnavailable: a store refuses.
        """
        for url, store in lease.detail['removed']:
            if not self._holder.keeps(lease):
                raise exception.LeaseLost(image_id=lease.image_id)
            self._delete(lease, url, store)

    def _drivers(self, lease):
        unknown = []
        for identifier in lease.detail['stores']:
            try:
                driver = self._stores.internal(identifier)
            except exception.UnknownStore:
                unknown.append(identifier)
                continue
            yield driver
        if unknown:
            raise exception.UnknownStore(store=unknown[0])

    def _delete(self, lease, url, store):
        location = image_object.Location(url, {'store': store})
        try:
            driver = self._stores.holding(location)
            self._threads.wait(driver.delete, url)
        except exception.DataMissing:
            LOG.error('Image %s: no store in use holds its data',
                      lease.image_id)
