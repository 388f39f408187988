# SPDX-License-Identifier: Apache-2.0
"""A copy that is being written, and belongs to who has it locked.

The kernel takes the lock away from who dies, so that nobody waits for him.
"""
import fcntl
import os

from glancelite.data import streams


class Incomplete:
    """Takes the bytes of one copy, and becomes an entry if they are right.

    One thread at a time calls it, and close() at the end, whatever happened.

    :param directory: a :class:`~glancelite.cache.directory.Directory`.
    :param descriptor: of the file, locked; it is ours now.
    """

    def __init__(self, directory, name, descriptor):
        self._directory = directory
        self._name = name
        self._descriptor = descriptor

    def write(self, block):
        """Append ``block``. :raises OSError: there is no room for it."""
        view = memoryview(block)
        while view:
            view = view[os.write(self._descriptor, view):]

    def holds(self, content, size, block_size):
        """:returns: whether what was written is all of the content.

        It is read back: what counts is what will be sent.

        :param content: a :class:`~glancelite.cache.content.Content`.
        :param size: bytes that its store said there are.
        """
        written = os.fstat(self._descriptor).st_size
        if written != size or content.size not in (None, size):
            return False
        if content.algorithm is None:
            return True
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        digest = streams.digest(
            lambda: os.read(self._descriptor, block_size), content.algorithm)
        return digest == content.digest

    def commit(self):
        """Make it an entry, which no crash takes back to less than whole.

        :returns: whether it is one: it may not be wanted any more.
        """
        os.fsync(self._descriptor)
        return self._directory.install(self._name, self._descriptor)

    def close(self):
        """Remove what has not become an entry. May be repeated."""
        if self._descriptor is None:
            return
        try:
            self._directory.discard(self._name, self._descriptor)
        finally:
            os.close(self._descriptor)
            self._descriptor = None


def claimed(path):
    """To be called where nobody else does.

    :returns: a descriptor of the empty file at ``path``, locked; None if
        somebody who lives has it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_abandoned(path):
    """:returns: whether nobody has the file locked."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def is_at(path, descriptor):
    """:returns: whether ``path`` leads to the file of ``descriptor``."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
