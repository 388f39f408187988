# SPDX-License-Identifier: Apache-2.0
"""``wsgi.file_wrapper`` of the standalone server: files leave by sendfile.

The kernel then moves the data, where the event loop would have copied each
block to the socket. The file is read in native threads, for it may lie on a
slow disk; the loop waits for the client.
"""
import os

from eventlet import hubs
from eventlet import tpool

from glancelite import exception


class FileBody:
    """A body that is a file, from where it stands (PEP 3333).

    :param block_size: bytes read at once.
    """

    def __init__(self, file, block_size):
        self._file = file
        self._block_size = block_size
        self._connection = None

    def send_to(self, connection, length):
        """Let whoever iterates over it get the first block alone, and send
        the others when he asks for the next.

        That is the server, who sends its headers with the first.

        :param connection: a ``GreenSocket``.
        :param length: bytes of the body.
        """
        self._connection = connection
        self._length = length

    def __iter__(self):
        if self._connection is None:
            while block := self._read(self._block_size):
                yield block
        else:
            block = self._read(min(self._block_size, self._length))
            yield block
            self._send(self._file.tell(), self._length - len(block))

    def close(self):
        """Close the file."""
        self._file.close()

    def _read(self, size):
        return tpool.execute(self._file.read, size)

    def _send(self, offset, length):
        """:raises DataMissing: the file ends early, so that the server cuts
        the connection rather than pretend the data is whole.
        """
        while length:
            sent = tpool.execute(_sendfile, self._connection.fileno(),
                                 self._file.fileno(), offset, length)
            if sent is None:
                hubs.trampoline(self._connection, write=True,
                                timeout=self._connection.gettimeout(),
                                timeout_exc=TimeoutError)
            elif sent:
                offset += sent
                length -= sent
            else:
                raise exception.DataMissing(image_id='')


def _sendfile(connection, file, offset, length):
    """:returns: bytes that the socket took; None if it has no room."""
    try:
        return os.sendfile(connection, file, offset, length)
    except BlockingIOError:
        return None
