# SPDX-License-Identifier: Apache-2.0
"""Work that goes on after the answer, a bounded amount of it at a time."""
import collections
import os
import threading

from oslo_log import log

LOG = log.getLogger(__name__)


class Background:
    """Runs jobs in the order they come, at most ``size`` side by side.

    Jobs that are waiting or running when the process ends are lost; what
    they are about must be in order without them.

    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param limit: jobs that may wait; None for any number.
    """

    def __init__(self, threads, size, limit=None):
        self._threads = threads
        self._size = size
        self._limit = limit
        self._begin()

    def _begin(self):
        self._pid = os.getpid()
        self._changed = threading.Condition(self._threads.lock())
        self._waiting = collections.deque()
        self._running = 0

    def submit(self, function, *args):
        """Run ``function(*args)`` later; it answers for its own errors.

        :returns: whether it will be run: False when too many wait.
        """
        if self._pid != os.getpid():
            # The threads that had begun are the parent's, and so are its
            # jobs.
            self._begin()
        with self._changed:
            if (self._limit is not None
                    and len(self._waiting) >= self._limit):
                return False
            self._waiting.append((function, args))
            start = self._running < self._size
            self._running += start
        if start:
            self._threads.background(self._run)
        return True

    def drain(self, patience):
        """Wait until nothing waits or runs, at most ``patience`` seconds.

        :returns: the number of jobs that are still not done.
        """
        if self._pid != os.getpid():
            return 0
        with self._changed:
            self._changed.wait_for(lambda: not self._running, patience)
            return len(self._waiting) + self._running

    def _run(self):
        """Work until nothing waits; the next job starts anew."""
        while True:
            with self._changed:
                if not self._waiting:
                    self._running -= 1
                    self._changed.notify_all()
                    return
                function, args = self._waiting.popleft()
            try:
                function(*args)
            except Exception:
                LOG.exception('Work in the background failed')
