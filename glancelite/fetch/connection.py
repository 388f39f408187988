# SPDX-License-Identifier: Apache-2.0
"""A connection on which every wait is bounded, and one exchange over it."""
import http.client
import io
import re
import time

_REDIRECTS = (301, 302, 303, 307, 308)

_CONTENT_RANGE = re.compile(r'bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)')


class Channel:
    """A connection on which every wait is bounded, and their sum too.

    It looks to http.client like a socket.

    :param deadline: moment of the monotonic clock.
    """

    def __init__(self, connection, read_timeout, deadline):
        self._connection = connection
        self._read_timeout = read_timeout
        self.deadline = deadline

    def sendall(self, data):
        """As of a socket."""
        self._connection.settimeout(self._patience())
        self._connection.sendall(data)

    def receive_into(self, buffer):
        """:returns: how many bytes came into ``buffer``."""
        self._connection.settimeout(self._patience())
        return self._connection.recv_into(buffer)

    def makefile(self, mode):
        """As of a socket; for reading alone."""
        return io.BufferedReader(_Receiver(self), 65536)

    def close(self):
        """http.client closes when it has read the head; we have not."""

    def really_close(self):
        """Close the connection."""
        self._connection.close()

    def _patience(self):
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError('it takes too long')
        return min(left, self._read_timeout)


class _Receiver(io.RawIOBase):
    def __init__(self, channel):
        self._channel = channel

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._channel.receive_into(buffer)


class Answer:
    """The head of a response, and its body still to be read.

    :param fields: further header fields of the request.
    :param total_timeout: seconds from the head to the end of the body.
    :ivar status: the HTTP status code.
    :ivar location: where a redirect leads, or None.
    :ivar length: bytes of the body, or None when it is not told.
    """

    def __init__(self, channel, method, target, fields, total_timeout):
        self._channel = channel
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = channel
        connection.putrequest(method, target.path, skip_host=True,
                              skip_accept_encoding=True)
        fields = {'Host': target.authority, 'Accept-Encoding': 'identity',
                  'User-Agent': 'glancelite', 'Connection': 'close', **fields}
        for name, value in fields.items():
            connection.putheader(name, value)
        connection.endheaders()
        self._response = connection.getresponse()
        channel.deadline = time.monotonic() + total_timeout
        self.status = self._response.status
        self.location = None
        if self.status in _REDIRECTS:
            self.location = self._response.headers.get('Location', '')
        length = self._response.headers.get('Content-Length', '')
        chunked = self._response.headers.get('Transfer-Encoding')
        self.length = (int(length) if re.fullmatch('[0-9]{1,18}', length)
                       and not chunked else None)

    def content_range(self):
        """:returns: (first byte, size of the whole or None), or None."""
        found = _CONTENT_RANGE.fullmatch(
            self._response.headers.get('Content-Range', ''))
        if self.status != 206 or not found:
            return None
        size = found[3]
        return int(found[1]), None if size == '*' else int(size)

    def read(self, size):
        """:returns: the next bytes of the body; empty at its end."""
        return self._response.read(size)

    def close(self):
        """Close the connection."""
        self._response.close()
        self._channel.really_close()
