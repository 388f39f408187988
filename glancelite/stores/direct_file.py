# SPDX-License-Identifier: Apache-2.0
"""Writes large files past the page cache, where the file system lets us.

The kernel then copies nothing, and what is written once and read by somebody
else some day does not push out what is read often. Files of several stores
on one disk are written at the rate of the disk.
"""
import errno
import fcntl
import mmap
import os

#: Bytes of one write. Whatever a disk calls a block divides them, and so
#: files that are smaller are written as ever.
SIZE = 1024 * 1024


class DirectFile:
    """Collects bytes, and writes them in pieces that begin at a block.

    :param descriptor: of a new file, opened for writing.
    """

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self._buffer = mmap.mmap(-1, SIZE)
        self._count = 0
        self.direct = True

    def write(self, view):
        """Take the bytes of ``view``; :meth:`finish` writes the last ones.

        :returns: bytes that the page cache got of them.
        """
        cached = 0
        while view:
            piece = view[:SIZE - self._count]
            end = self._count + len(piece)
            self._buffer[self._count:end] = piece
            self._count = end
            view = view[len(piece):]
            if end == SIZE:
                self._spill(self.direct)
                cached += 0 if self.direct else SIZE
        return cached

    def finish(self):
        """Write what is left. It need not end where a block does."""
        self._spill(direct=False)

    def close(self):
        """Forget what is not written."""
        self._buffer.close()

    def _spill(self, direct):
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        with (memoryview(self._buffer) as whole,
              whole[:self._count] as filled):
            written = 0
            if direct:
                written = self._write_direct(flags, filled)
            if written < len(filled):
                fcntl.fcntl(self._descriptor, fcntl.F_SETFL,
                            flags & ~os.O_DIRECT)
            while written < len(filled):
                # Whoever has an error's traceback must not have the buffer.
                with filled[written:] as rest:
                    written += os.write(self._descriptor, rest)
        self._count = 0

    def _write_direct(self, flags, filled):
        """:returns: bytes written; less than all means: never again."""
        written = 0
        try:
            if not flags & os.O_DIRECT:
                fcntl.fcntl(self._descriptor, fcntl.F_SETFL,
                            flags | os.O_DIRECT)
            written = os.write(self._descriptor, filled)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                raise
        self.direct = written == len(filled)
        return written
