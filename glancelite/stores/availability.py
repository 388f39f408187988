# SPDX-License-Identifier: Apache-2.0
"""Whether a store, or another neighbour, answers in bounded time.

One that has failed to answer is left alone for a while: who asks
meanwhile is told at once. Then the next one who asks finds out.
"""
import time

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)

#: Seconds for which a store that did not answer is not asked: at first, and
#: at most. They double, since each who waits in vain leaves a thread behind.
_PAUSE = 5
_LONGEST_PAUSE = 80


class Availability:
    """Asks one neighbour, which may be down.

    :param name: what the log calls it.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param timeout: seconds that an answer may take.
    :ivar reason: a few words why it is down, None while it is not.
    """

    def __init__(self, name, threads, timeout):
        self.reason = None
        self._pause = _PAUSE
        self._name = name
        self._threads = threads
        self._timeout = timeout
        self._asked_again = 0

    def require(self):
        """Let one caller through every few seconds while it is down.

        :raises StoreUnavailable: it is down, and not to be asked yet.
        """
        if self.reason is None:
            return
        now = time.monotonic()
        if now < self._asked_again:
            raise exception.StoreUnavailable()
        self._asked_again = now + self._pause

    def mark_down(self, reason):
        """Say that it did not answer.

        :param reason: a few words without a name or a secret in them.
        """
        if self.reason is None:
            LOG.error('%s is down: %s', self._name, reason)
        self._asked_again = time.monotonic() + self._pause
        self.reason = reason

    def mark_up(self):
        """Say that it has answered."""
        if self.reason is not None:
            self.reason = None
            self._pause = _PAUSE
            LOG.warning('%s is back', self._name)

    def ask(self, function, *args, timeout=None):
        """:returns: what ``function(*args)`` returns, run in a thread.

        :param timeout: seconds that it may take, where that is not what
            other answers may.
        :raises StoreUnavailable: it is down, or does not answer in time.
        """
        self.require()
        timeout = timeout or self._timeout
        answers = self._threads.Queue(1)
        self._threads.start(self._answer, answers, function, args)
        try:
            result, error = answers.get(timeout=timeout)
        except self._threads.Empty:
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            self.mark_down(f'no answer within {timeout} s')
            raise exception.StoreUnavailable() from None
        if error is not None:
            raise error
        return result

    def _answer(self, answers, function, args):
        try:
            answers.put((function(*args), None))
        except Exception as error:
            answers.put((None, error))
        else:
            # Perhaps too late for who asked.
            self.mark_up()
