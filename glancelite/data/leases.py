# SPDX-License-Identifier: Apache-2.0
"""Leases held by this process, renewed while it lives."""
import contextlib
import time

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)


class Holder:
    """Renews the leases of this process from a thread of its own.

    :param leases: the repository of leases.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param ttl: seconds a lease holds.
    """

    def __init__(self, leases, threads, ttl):
        self._leases = leases
        self._threads = threads
        self._interval = ttl / 3
        self._held = {}
        self._lock = threads.lock()
        self._running = False

    @contextlib.contextmanager
    def holding(self, lease):
        """Renew ``lease``, which is stored already, while the block runs."""
        with self._lock:
            self._held[lease.token] = lease
            start = not self._running
            self._running = True
        if start:
            self._threads.background(self._renew)
        try:
            yield lease
        finally:
            with self._lock:
                self._held.pop(lease.token, None)

    def keeps(self, lease):
        """:returns: whether ``lease`` is ours still, freshly renewed.

        While it is, nobody else touches the bytes it is about.
        """
        if lease.lost:
            return False
        try:
            self._leases.renew([lease])
        except Exception:
            # Unknown counts as lost: whoever finds it expired cleans up.
            LOG.exception('Image %s: the lease cannot be renewed',
                          lease.image_id)
            return False
        return not lease.lost

    def _renew(self):
        """Renew until nothing is held; the next lease starts it anew."""
        while True:
            time.sleep(self._interval)
            with self._lock:
                held = list(self._held.values())
                if not held:
                    self._running = False
                    return
            try:
                self._leases.renew(held)
            except Exception:
                LOG.exception('Leases cannot be renewed; trying again')


def reason(images, context, lease):
    """:returns: the error that says why an image is not ours any more.

    :param images: the repository of images.
    """
    try:
        images.get(context, lease.image_id, check_visibility=False)
    except exception.ImageNotFound:
        return exception.ImageGone(image_id=lease.image_id)
    return exception.LeaseLost(image_id=lease.image_id)


class LeasedSource:
    """A source of bytes that ends when the lease on the image does."""

    def __init__(self, source, lease):
        self._source = source
        self._lease = lease

    def read(self, size):
        """:returns: the next block.

        :raises LeaseLost: the image is somebody else's now.
        """
        if self._lease.lost:
            raise exception.LeaseLost(image_id=self._lease.image_id)
        return self._source.read(size)
