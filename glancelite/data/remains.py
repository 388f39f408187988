# SPDX-License-Identifier: Apache-2.0
"""Bytes that a store refuses to remove, remembered until it does.

Images do not wait for that. Such bytes get a lease of their own, beside the
one on their image; whoever finds it tries again, after pauses that grow.
"""
import contextlib
import uuid

from oslo_log import log

from glancelite import exception
from glancelite.objects import lease as lease_object
from glancelite.stores import registry

LOG = log.getLogger(__name__)

#: Seconds between two tries, at most.
_LONGEST_PAUSE = 3600

#: Errors that say nothing of a store.
_NOT_OF_STORES = (exception.LeaseLost, exception.DatabaseUnavailable)

#: Statuses in which an image has data in the staging area.
_STAGED = ('uploading', 'importing')


class Remains:
    """Removes bytes, or sees to it that they are removed later.

    What is remembered of them is the detail of a lease: the image's id; of
    an upload token and stores; stores in which no record names the final
    URL; URLs with their stores; whether something is staged, and on which
    host.

    :param inventory: the repository of what ought to be in the stores.
    :param leases: the repository of leases.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param remover: a :class:`~glancelite.data.removal.Remover`.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param peers: a :class:`~glancelite.fetch.peer.Peers`.
    :param interval: seconds before the second try; each next pause is twice
        as long.
    """

    def __init__(self, inventory, leases, stores, remover, holder, peers,
                 interval):
        self._inventory = inventory
        self._leases = leases
        self._stores = stores
        self._remover = remover
        self._holder = holder
        self._peers = peers
        self._interval = interval

    def discard(self, lease):
        """Remove what was written for ``lease`` and is not committed."""
        self._remove(lease, {'token': lease.detail['token'],
                             'stores': lease.detail['stores']},
                     self._remover.discard, lease)

    def withdraw(self, lease, held=(), stores=None):
        """Remove what was written for ``lease``, committed or not.

        :param held: identifiers of stores that hold data of the image which
            its record does name.
        :param stores: identifiers, where not all that the lease names.
        """
        stores = lease.detail['stores'] if stores is None else stores
        what = {'token': lease.detail['token'], 'stores': stores,
                'final': [each for each in stores if each not in held]}
        self._remove(lease, what, self._remover.withdraw, lease_object.Lease(
            lease.image_id, lease.purpose, what, lease.token), held)

    def discard_staged(self, lease):
        """Remove what is staged for the image of ``lease``."""
        self._remove(lease, {'staged': True}, self._remover.discard_staged,
                     lease.image_id)

    def remove_copies(self, lease):
        """Remove the data of locations that an image has no more."""
        self._remove(lease, {'removed': lease.detail['removed']},
                     self._remover.remove_copies, lease)

    def remove_all(self, lease):
        """Remove all data of a deleted image."""
        detail = lease.detail
        stores = detail.get('stores', [])
        self._remove(lease, {
            'token': detail.get('token'), 'stores': stores,
            'final': stores if 'facts' in detail else [],
            'staged': detail.get('staged', False),
            'removed': [*detail.get('locations', ()),
                        *detail.get('removed', ())]},
            self._remover.remove_all, lease)

    def _remove(self, lease, what, remove, *args):
        """Call ``remove(*args)``; remember ``what`` if that cannot be done.

        :raises DatabaseUnavailable: nor can it be remembered.
        """
        staged = what.get('staged') or registry.STAGING in what.get(
            'stores', ())
        host = lease.detail.get('host') if staged else None
        try:
            if self._peers.is_other(host):
                raise exception.HostUnavailable()
            remove(*args)
        except _NOT_OF_STORES:
            raise
        except Exception as error:
            LOG.warning('Image %s: bytes of it are not to be removed now, '
                        'which is tried again later: %s', lease.image_id,
                        error)
            kept = lease_object.Lease(str(uuid.uuid4()), lease_object.REMAINS,
                                      {'image_id': lease.image_id, 'tries': 0,
                                       **what})
            if host:
                # Nobody else can reach it.
                kept.detail['host'] = host
            self._inventory.hold(kept)

    def try_again(self, lease):
        """Remove what ``lease``, which is ours, remembers; then it ends.

        :raises LeaseLost: it is somebody else's now.
        """
        detail = lease.detail
        try:
            with self._holder.holding(lease):
                self._remove_remembered(detail)
        except _NOT_OF_STORES:
            raise
        except Exception as error:
            pause = min(self._interval * 2 ** min(detail['tries'], 20),
                        _LONGEST_PAUSE)
            detail['tries'] += 1
            LOG.warning('Image %s: bytes of it are still not to be removed; '
                        'the next try is in %d s: %s', detail['image_id'],
                        pause, error)
            self._leases.note(lease, pause)
            return
        LOG.info('Image %s: the bytes that were left of it are removed',
                 detail['image_id'])
        self._leases.release(lease)

    def _remove_remembered(self, detail):
        """:raises ImageHeld: somebody is at work on the image."""
        image_id = detail['image_id']
        if detail.get('token'):
            # No other upload, of this image or any, has that.
            self._remover.discard(lease_object.Lease(
                image_id, lease_object.REMAINS, detail))
        if any(map(detail.get, ('final', 'removed', 'staged'))):
            with self._alone(image_id) as lease:
                self._remove_unnamed(lease, detail)

    @contextlib.contextmanager
    def _alone(self, image_id):
        """While the block runs the image gets no other data."""
        lease = lease_object.Lease(image_id, lease_object.CHECK, {})
        self._inventory.hold(lease)
        with self._holder.holding(lease):
            try:
                yield lease
            finally:
                with contextlib.suppress(exception.LeaseLost):
                    self._leases.release(lease)

    def _remove_unnamed(self, lease, detail):
        """Remove what the image has not got anew, under the same name.

        :raises ImageHeld: whether it has is not known yet.
        """
        claim = self._inventory.claims([lease.image_id])[lease.image_id]
        urls = list(detail.get('removed', ()))
        staged = detail.get('staged')
        for identifier in detail.get('final', ()):
            driver = self._stores.internal(identifier)
            if driver is self._stores.staging:
                staged = True
            elif driver.renames:
                urls.append((driver.url(lease.image_id), identifier))
        lease.detail['removed'] = [
            (url, store) for url, store in urls
            if not self._is_named(claim, url)]
        self._remover.remove_copies(lease)
        if staged and not claim.deleted and claim.status in _STAGED:
            # Something was staged anew, here or on another host.
            raise exception.ImageHeld(image_id=lease.image_id)
        if staged:
            self._remover.discard_staged(lease.image_id)

    def _is_named(self, claim, url):
        driver = self._stores.owning(url)
        return driver is not None and any(
            driver.key(each) == driver.key(url) for each in claim.urls)

