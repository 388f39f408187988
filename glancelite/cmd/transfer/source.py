# SPDX-License-Identifier: Apache-2.0
"""The file that is uploaded, and its digest."""
import base64
from concurrent import futures
import hashlib
import os

_BLOCK_SIZE = 1024 * 1024


class SourceError(Exception):
    """The file cannot be read, or is not what it was any more."""


class Source:
    """A file, read in parts; its digest grows with what was read.

    :param path: of the file.
    :raises SourceError: it cannot be read.
    :ivar size: bytes.
    :ivar identity: changes when the file does.
    """

    def __init__(self, path):
        self.path = os.path.realpath(path)
        try:
            # A pipe would block here until somebody writes.
            if not os.path.isfile(self.path):
                raise SourceError(f'{path} is not a file')
            self._file = open(self.path, 'rb')
        except OSError as error:
            raise SourceError(f'{path}: {error.strerror}') from None
        status = os.fstat(self._file.fileno())
        self.size = status.st_size
        self.identity = [status.st_size, status.st_mtime_ns]
        self._digest = hashlib.sha512()
        self._digested = 0
        self._worker = futures.ThreadPoolExecutor(1)

    def close(self):
        """Let go of the file."""
        self._worker.shutdown()
        self._file.close()

    def part(self, start, stop, progress):
        """:returns: the bytes from ``start`` to ``stop``, as a body.

        :param progress: called with the offset that is reached.
        """
        return _Part(self, start, stop, progress)

    def blocks(self, start, stop):
        """Yield what is there; the digest learns it on the way.

        :raises SourceError: there is less, or it cannot be read.
        """
        pending = None
        for block in self._read(start, stop):
            if pending:
                pending.result()
            pending = self._worker.submit(self._learn, start, block)
            start += len(block)
            yield block
        if pending:
            pending.result()

    def _read(self, start, stop):
        while start < stop:
            try:
                block = os.pread(self._file.fileno(),
                                 min(_BLOCK_SIZE, stop - start), start)
            except OSError as error:
                raise SourceError(
                    f'{self.path}: {error.strerror}') from None
            if not block:
                raise SourceError(f'{self.path} has become shorter')
            yield block
            start += len(block)

    def _learn(self, start, block):
        """Take a block into the digest, if it is the next one."""
        known = self._digested - start
        if 0 <= known < len(block):
            self._digest.update(memoryview(block)[known:])
            self._digested = start + len(block)

    def sha512(self):
        """:returns: the digest of the whole file, in hex.

        What was not read yet is read now.
        """
        for _ in self.blocks(self._digested, self.size):
            pass
        return self._digest.hexdigest()

    def repr_digest(self):
        """:returns: the digest as the header Repr-Digest has it."""
        encoded = base64.b64encode(bytes.fromhex(self.sha512())).decode()
        return f'sha-512=:{encoded}:'

    def digest(self, algorithm):
        """:returns: a digest in hex, None where Python does not know it."""
        if algorithm == 'sha512':
            return self.sha512()
        try:
            digest = hashlib.new(algorithm, usedforsecurity=False)
        except ValueError:
            return None
        for block in self._read(0, self.size):
            digest.update(block)
        return digest.hexdigest()

    def require_unchanged(self):
        """:raises SourceError: the file was changed since it was opened."""
        status = os.stat(self.path)
        if self.identity != [status.st_size, status.st_mtime_ns]:
            raise SourceError(f'{self.path} was changed during the upload')


class _Part:
    """A body of known length that can be sent again from its beginning."""

    def __init__(self, source, start, stop, progress):
        self._source = source
        self._start = start
        self._stop = stop
        self._progress = progress

    def __len__(self):
        return self._stop - self._start

    def __iter__(self):
        offset = self._start
        for block in self._source.blocks(self._start, self._stop):
            yield block
            offset += len(block)
            self._progress(offset)
