# SPDX-License-Identifier: Apache-2.0
"""Data on its way to and from the drivers of the glance_store library."""
from glancelite import exception
from glancelite.stores import driver
from glancelite.stores import pipe

#: Failures that a reader gets over before it gives up.
_RETRIES = 2


class Writer(driver.Writer):
    """Feeds the library, which reads from a thread of its own.

    :param store: a :class:`~glancelite.stores.glance_store.GlanceStoreDriver`.
    :param name: of the upload.
    :param size: bytes announced, or 0.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param patience: seconds for which the library may take nothing.
    """

    def __init__(self, store, name, size, threads, patience):
        self._store = store
        self._name = name
        self._threads = threads
        self._patience = patience
        self._room = size or None
        self._pipe = pipe.Pipe(threads, patience)
        self._outcome = threads.Queue(1)
        self._error = None
        self._ended = self._cancelled = False
        threads.start(self._run, size)

    def _run(self, size):
        error = None
        try:
            self._store.add(self._name, self._pipe, size)
        except Exception as raised:
            error = raised
        if error is not None and not self._cancelled:
            error = self._error = self._store.translated(error)
        self._pipe.drain()
        if self._cancelled:
            # Nobody may be waiting any more.
            error = self._removed()
        self._outcome.put(error)

    def _removed(self):
        try:
            self._store.remove(self._name)
        except Exception as error:
            return error
        return None

    def write(self, block):
        if self._error is not None:
            raise self._error
        if self._room is not None:
            # What is more than was announced, whoever counts will refuse.
            block = memoryview(block)[:self._room]
            self._room -= len(block)
        self._pipe.write(block)

    def finish(self):
        self._pipe.close()
        error = self._wait()
        if error is not None:
            raise error

    def cancel(self):
        self._cancelled = True
        if self._ended:
            return self._store.remove(self._name)
        self._pipe.abort()
        error = self._wait()
        if error is not None:
            raise error

    def _wait(self):
        try:
            error = self._outcome.get(timeout=self._patience)
        except self._threads.Empty:
            return exception.StoreUnavailable()
        self._ended = True
        return error


class Reader:
    """A file over the blocks of a store, reopened when they break off.

    :param store: a :class:`~glancelite.stores.glance_store.GlanceStoreDriver`.
    :param offset: byte at which it begins.
    """

    def __init__(self, store, url, offset):
        self._store = store
        self._url = url
        self._position = offset
        self._failures = 0
        self._open()

    def _open(self):
        self._rest, self._blocks, self._stack = self._store.reading(
            self._url, self._position)
        self._rest = memoryview(self._rest)

    def read(self, size=-1):
        """:returns: at most ``size`` bytes, none at the end."""
        if size < 0:
            return b''.join(iter(lambda: self.read(1024 * 1024), b''))
        if not self._rest:
            self._rest = memoryview(self._next())
        block = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        self._position += len(block)
        return block

    def _next(self):
        while True:
            try:
                return (self._store.following(self._blocks)
                        if self._stack else self._again())
            except exception.StoreUnavailable:
                self._failures += 1
                if self._failures > _RETRIES:
                    raise
                self.close()

    def _again(self):
        """:returns: the next block, read through another connection."""
        self._open()
        return self._rest or self._store.following(self._blocks)

    def close(self):
        """Let go of the store."""
        stack, self._stack = self._stack, None
        if stack:
            self._store.close(stack)
