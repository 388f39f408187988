# SPDX-License-Identifier: Apache-2.0
"""Room for the bytes of one upload, asked for as they come."""
from oslo_log import log

from glancelite import exception
from glancelite.objects import usage as usage_object

LOG = log.getLogger(__name__)

#: Bytes taken ahead of what has come, at most, so that not every block is a
#: transaction.
_AHEAD = 64 * 1024 ** 2

#: Bytes below which nothing is taken ahead: it would be missing to others,
#: who would be refused though in the end there was room.
_SPARE = 1024 ** 3


class Claim:
    """What one upload may write.

    :param usage: the repository of usage and reservations.
    :param cap: bytes that any image may have.
    :param limits: what the owner of ``image`` is held to.
    :param name: of an upload that outlives its requests; by it the claim of
        the next request finds what this one took.
    :ivar granted: bytes that may come before :meth:`extend` is called.
    :ivar reservations: what stands in the database for it; to be settled
        with the save that makes the bytes count as used.
    """

    def __init__(self, context, usage, cap, image, limits, name=None):
        self._context = context
        self._usage = usage
        self._cap = cap
        # What has no name ends with its first refusal.
        self._yields = name is None
        self.granted = 0
        self._left = False
        self.reservations = [_reservation(limit, image, name)
                             for limit in limits]
        self._bytes = next(
            (each for each in self.reservations
             if each.limit.resource in usage_object.UNITS), None)

    def begin(self, size):
        """Take what is known to be needed.

        :param size: bytes announced, or None.
        :raises QuotaExceeded: there is no room for it. Without a size, or
            for no bytes at all, there must be room for one.
        """
        if self.reservations:
            self._usage.take(self._context, [
                usage_object.Wish(each, size or 1, size or None)
                if each is self._bytes else usage_object.Wish(each, 1, 1)
                for each in self.reservations])
        self._note()

    def require_cap(self, size):
        """:raises ImageTooLarge: no image may have ``size`` bytes."""
        if size is not None and size > self._cap:
            raise exception.ImageTooLarge()

    def extend(self, count):
        """Make room for ``count`` bytes in all.

        :raises ImageTooLarge: no image may have so many.
        :raises QuotaExceeded: there is no room for them.
        """
        self.require_cap(count)
        if self._bytes is not None:
            ahead = min(count, _AHEAD, self._cap - count)
            self._usage.take(self._context, [usage_object.Wish(
                self._bytes, count, count, ahead, _SPARE, self._yields)])
        self._note()

    def _note(self):
        self.granted = self._cap
        if self._bytes is not None:
            self.granted = min(self._cap, self._bytes.amount)

    def leave(self):
        """Let everything run out by itself, since the bytes are there.

        Somebody else makes them usage in the meantime.
        """
        self._left = True

    def give_back(self):
        """Release everything; what fails here runs out by itself."""
        if self._left or not self.reservations:
            return
        try:
            self._usage.release(self._context, self.reservations)
        except Exception:
            LOG.exception('A reservation of quota is not released; it will '
                          'run out')


def _reservation(limit, image, name):
    if name is None:
        return usage_object.Reservation(limit, image.id)
    return usage_object.Reservation(
        limit, image.id,
        token=usage_object.lasting_token(name, limit.resource))
