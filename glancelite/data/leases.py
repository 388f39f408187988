# SPDX-License-Identifier: Apache-2.0
"""Leases held by this process, renewed while it lives."""
import contextlib
import time

from oslo_log import log

from glancelite import exception
from glancelite.objects import import_request

LOG = log.getLogger(__name__)

#: Seconds between looks whether an import has let its image go.
_PAUSES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


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


def after_import(image, function, *args, **options):
    """Call ``function``, which takes a lease on ``image``.

    An import ends its lease a moment after its image is active and its lock
    is gone, which is when clients go on; so they are not told to try again.

    :returns: what ``function(*args, **options)`` returns.
    :raises ImageHeld: somebody goes on working on the image.
    """
    locked = not image.is_new_property(import_request.TASK_PROPERTY)
    for pause in () if locked else _PAUSES:
        try:
            return function(*args, **options)
        except exception.ImageHeld:
            time.sleep(pause)
    return function(*args, **options)


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
