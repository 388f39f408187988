# SPDX-License-Identifier: Apache-2.0
"""A client that takes little itself: one request after the other."""
import json
import socket
import time

#: Seconds after which a request counts as hung.
TIMEOUT = 300

#: Who asks: (project, roles).
ADMIN = ('project-admin', 'admin,member,reader')


class Unexpected(Exception):
    """An answer that a measurement cannot go on with."""


class Answer:
    """An answer.

    :ivar seconds: from the first byte sent to the last one received.
    """

    def __init__(self, status, body, seconds):
        self.status = status
        self.body = body
        self.seconds = seconds

    @property
    def document(self):
        """:returns: the body as JSON."""
        return json.loads(self.body)

    @property
    def images(self):
        """:returns: how many images a list has, None if it is none."""
        found = self.document.get('images') if self.body else None
        return None if found is None else len(found)


class Client:
    """Talks to one service, on a connection as long as it is kept.

    :param port: of the loopback address.
    :param token: sent with every request; Keystone then says who asks.
    """

    def __init__(self, port, token=None):
        self.port = port
        self._socket = None
        self._identified = [f'X-Auth-Token: {token}'] if token else []

    def ask(self, method, path, caller, document=None, media_type=None):
        """:returns: the :class:`Answer`.

        :param caller: (project, roles).
        :raises Unexpected: the status is not one of success.
        """
        body = b'' if document is None else json.dumps(document).encode()
        request = self._request(method, path, caller, body,
                                media_type or 'application/json')
        began = time.perf_counter()
        try:
            status, content = self._exchange(request)
        except ConnectionError:
            # A kept connection that the server has closed meanwhile.
            self.close()
            began = time.perf_counter()
            status, content = self._exchange(request)
        seconds = time.perf_counter() - began
        if not 200 <= status < 300:
            raise Unexpected(f'{method} {path}: {status} '
                             f'{content[:300].decode(errors="replace")}')
        return Answer(status, content, seconds)

    def close(self):
        """Let go of the connection."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _request(self, method, path, caller, body, media_type):
        project, roles = caller
        lines = [f'{method} {path} HTTP/1.1', f'Host: 127.0.0.1:{self.port}',
                 'Accept: application/json', 'X-Identity-Status: Confirmed',
                 f'X-User-Id: user-of-{project}', f'X-Project-Id: {project}',
                 f'X-Roles: {roles}', *self._identified]
        if body:
            lines += [f'Content-Type: {media_type}',
                      f'Content-Length: {len(body)}']
        return '\r\n'.join([*lines, '', '']).encode() + body

    def _exchange(self, request):
        if self._socket is None:
            self._socket = socket.create_connection(
                ('127.0.0.1', self.port), TIMEOUT)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        received = b''
        while b'\r\n\r\n' not in received:
            received += self._receive()
        head, _, rest = received.partition(b'\r\n\r\n')
        status, *fields = head.decode('latin-1').split('\r\n')
        status = int(status.split()[1])
        fields = {name.lower(): value.strip() for name, _, value in
                  (line.partition(':') for line in fields)}
        body = self._body(rest, fields, status)
        if fields.get('connection', '').lower() == 'close':
            self.close()
        return status, body

    def _body(self, rest, fields, status):
        length = fields.get('content-length')
        if length is None and status != 204:
            raise Unexpected('an answer without Content-Length')
        pieces, missing = [rest], int(length or 0) - len(rest)
        while missing > 0:
            pieces.append(self._receive())
            missing -= len(pieces[-1])
        return b''.join(pieces)

    def _receive(self):
        block = self._socket.recv(1 << 18)
        if not block:
            raise ConnectionResetError('the server has closed')
        return block
