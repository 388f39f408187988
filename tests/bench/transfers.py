# SPDX-License-Identifier: Apache-2.0
"""Image data sent and received by a client that takes little itself."""
import concurrent.futures
import contextlib
import http.client
import socket
import time

from tests.bench import wire

MIB = 1 << 20

#: Bytes of a chunk.
_CHUNK = MIB
_CALLER = ('project-data', 'member,reader')

#: A list as services are asked for it, and how many of them at once reach
#: each worker.
LISTED = 1000
_LIST = f'/v2/images?limit={LISTED}'
_LISTS = 8


class Images:
    """The images of one service, made for transfers.

    :param port: of the service, on the loopback address.
    :param source: path of a file whose bytes are sent.
    """

    def __init__(self, port, source):
        self._port = port
        self._source = source
        self._client = wire.Client(port)

    def close(self):
        """Let go of the connection for small requests."""
        self._client.close()

    def make(self):
        """:returns: the path of a new image's data."""
        answer = self._client.ask('POST', '/v2/images', _CALLER, {
            'name': 'data', 'disk_format': 'raw', 'container_format': 'bare'})
        return answer.document['file']

    def list(self):
        """Have each worker make a list of ``LISTED`` images, of 15 properties
        and two tags.

        One that has moved nothing but data is not what is in service.
        """
        answer = self._client.ask('GET', _LIST, _CALLER)
        for number in range(answer.images, LISTED):
            self._client.ask('POST', '/v2/images', _CALLER, {
                'tags': [f'tag {number}', 'tagged'],
                **{f'property-{each}': f'value {number} of {each}'
                   for each in range(15)}})
        at_once(_LISTS, self._one_list, range(_LISTS))

    def _one_list(self, _number):
        with contextlib.closing(wire.Client(self._port)) as client:
            client.ask('GET', _LIST, _CALLER)

    def remove(self, path):
        """Delete the image whose data ``path`` is."""
        self._client.ask('DELETE', path.removesuffix('/file'), _CALLER)

    def upload(self, path, size, chunked):
        """Send ``size`` bytes.

        :raises Unexpected: they are not accepted.
        """
        head = _head('PUT', path, self._port) + (
            'Content-Type: application/octet-stream\r\n')
        head += ('Transfer-Encoding: chunked\r\n\r\n' if chunked
                 else f'Content-Length: {size}\r\n\r\n')
        with _connected(self._port) as connection:
            connection.sendall(head.encode())
            with open(self._source, 'rb') as file:
                if chunked:
                    _send_chunks(connection, file, size)
                else:
                    connection.sendfile(file, 0, size)
            response = http.client.HTTPResponse(connection)
            response.begin()
            if response.status != 204:
                raise wire.Unexpected(f'PUT: {response.status} '
                                      f'{response.read(300)}')

    def download(self, path, size):
        """Receive ``size`` bytes and throw them away."""
        receive(self._port, path, size)


def receive(port, path, size):
    """Receive ``size`` bytes of ``path`` and throw them away.

    :raises Unexpected: there are not that many.
    """
    with _connected(port) as connection:
        connection.sendall((_head('GET', path, port) + '\r\n').encode())
        buffer = memoryview(bytearray(MIB))
        count = connection.recv_into(buffer)
        head, _, rest = bytes(buffer[:count]).partition(b'\r\n\r\n')
        if b' 200 ' not in head.partition(b'\r\n')[0]:
            raise wire.Unexpected(f'GET: {head}')
        received = len(rest)
        while received < size:
            count = connection.recv_into(buffer)
            if not count:
                raise wire.Unexpected(f'GET: {received} bytes of {size}')
            received += count


def at_once(count, function, *arguments):
    """:returns: the seconds until ``count`` calls at once have ended.

    :param arguments: lists, of one argument for each call.
    """
    with concurrent.futures.ThreadPoolExecutor(count) as pool:
        began = time.perf_counter()
        for _each in pool.map(function, *arguments):
            pass
        return time.perf_counter() - began


def _head(method, path, port):
    project, roles = _CALLER
    return (f'{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n'
            f'X-Identity-Status: Confirmed\r\nX-User-Id: user\r\n'
            f'X-Project-Id: {project}\r\nX-Roles: {roles}\r\n')


def _connected(port):
    return contextlib.closing(
        socket.create_connection(('127.0.0.1', port), wire.TIMEOUT))


def _send_chunks(connection, file, size):
    while size:
        block = file.read(min(_CHUNK, size))
        size -= len(block)
        connection.sendall(b'%x\r\n%b\r\n' % (len(block), block))
    connection.sendall(b'0\r\n\r\n')
