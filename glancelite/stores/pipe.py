# SPDX-License-Identifier: Apache-2.0
"""A pipe of blocks: one thread pushes them, another one reads a file.

Drivers of the glance_store library pull the data of an image; ours are
pushed to.
"""
from glancelite import exception

#: Blocks that may wait in the pipe.
_DEPTH = 4


class Aborted(Exception):
    """What the reader gets when the writer gives up."""


class Pipe:
    """What is written at one end is read at the other.

    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param patience: seconds for which the reader may take nothing.
    """

    _END = object()
    _ABORT = object()

    def __init__(self, threads, patience):
        self._threads = threads
        self._patience = patience
        self._blocks = threads.Queue(_DEPTH)
        self._rest = memoryview(b'')
        self._last = None

    def write(self, block):
        """Push a block.

        :raises StoreUnavailable: the reader does not move.
        """
        if len(block):
            self._put(bytes(block))

    def close(self):
        """Say that all has been written. Raises as :meth:`write`."""
        self._put(self._END)

    def abort(self):
        """Make the reader fail. Raises as :meth:`write`."""
        self._put(self._ABORT)

    def _put(self, item):
        try:
            self._blocks.put(item, timeout=self._patience)
        except self._threads.Full:
            raise exception.StoreUnavailable() from None

    def read(self, size=-1):
        """:returns: ``size`` bytes, fewer at the end, all for a negative one.

        :raises Aborted: the writer gave up.
        """
        parts = []
        wanted = size
        while wanted and (self._rest or self._next()):
            part = self._rest if wanted < 0 else self._rest[:wanted]
            self._rest = self._rest[len(part):]
            wanted -= len(part) if wanted > 0 else 0
            parts.append(part)
        return bytes(parts[0]) if len(parts) == 1 else b''.join(parts)

    def drain(self):
        """Take what still comes, so that the writer does not wait.

        It has to close or abort the pipe.
        """
        while self._last is None:
            self._take()

    def _next(self):
        """:returns: whether another block has come, and not the end."""
        if self._last is None:
            self._take()
        if self._last is self._ABORT:
            raise Aborted()
        return self._last is None

    def _take(self):
        item = self._blocks.get()
        if item is self._END or item is self._ABORT:
            self._last = item
        else:
            self._rest = memoryview(item)
