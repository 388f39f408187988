# SPDX-License-Identifier: Apache-2.0
"""Work that goes on after the answer, a bounded amount of it at a time."""
import collections

from oslo_log import log

LOG = log.getLogger(__name__)


class Background:
    """Runs jobs in the order they come, at most ``size`` side by side.

    Jobs that are waiting or running when the process ends are lost; what
    they are about must be in order without them.

    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, threads, size):
        self._threads = threads
        self._size = size
        self._lock = threads.lock()
        self._waiting = collections.deque()
        self._running = 0

    def submit(self, function, *args):
        """Run ``function(*args)`` later; it answers for its own errors."""
        with self._lock:
            self._waiting.append((function, args))
            start = self._running < self._size
            self._running += start
        if start:
            self._threads.background(self._run)

    def _run(self):
        """Work until nothing waits; the next job starts anew."""
        while True:
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                function, args = self._waiting.popleft()
            try:
                function(*args)
            except Exception:
                LOG.exception('Work in the background failed')
