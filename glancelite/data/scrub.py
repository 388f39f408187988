# SPDX-License-Identifier: Apache-2.0
"""The scrubber: data of deleted images that delayed_delete has left.

pending_delete -> deleted, once the bytes are gone.
"""
import datetime

from oslo_log import log

from glancelite import exception
from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)


class Scrubber:
    """Removes what waits for it.

    :param inventory: the repository of what ought to be in the stores.
    :param leases: the repository of leases.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param remover: a :class:`~glancelite.data.removal.Remover`.
    """

    def __init__(self, inventory, leases, holder, remover):
        self._inventory = inventory
        self._leases = leases
        self._holder = holder
        self._remover = remover

    def scrub(self, older_than=0):
        """Yield (id of an image, whether its data is gone) for each.

        :param older_than: seconds since the deletion, at least.
        """
        before = self._inventory.now() - datetime.timedelta(
            seconds=older_than)
        for page in self._inventory.pages(
                lambda after, limit: self._inventory.pending(
                    before, after, limit)):
            for image_id in page:
                yield image_id, self._scrub(image_id, before)

    def _scrub(self, image_id, before):
        lease = lease_object.Lease(image_id, lease_object.REMOVE, {})
        try:
            self._inventory.hold_pending(lease, before)
        except exception.ImageHeld:
            # Somebody is at it; perhaps another scrubber.
            return False
        try:
            with self._holder.holding(lease):
                self._remover.remove_copies(lease)
                self._inventory.forget_pending(lease)
            return True
        except exception.GlanceliteError as error:
            # Whoever finds the lease expired removes the bytes; the next
            # scrubber says so in the record.
            LOG.error('Image %s: its data is not removed: %s', image_id,
                      error)
            return False
