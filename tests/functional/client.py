# SPDX-License-Identifier: Apache-2.0
"""Requests to the application under test, and the personas who send them.

Both clients have the same interface, so a test need not know whether the
application runs in its own process or in another one.
"""
import contextlib
import copy
import dataclasses
import http.client
import json as json_module
import socket
import threading
import uuid

import webob
from webob import headers as webob_headers

PATCH_V20 = 'application/openstack-images-v2.0-json-patch'
PATCH_V21 = 'application/openstack-images-v2.1-json-patch'
OCTET_STREAM = 'application/octet-stream'

#: Seconds after which a request counts as hung.
TIMEOUT = 60

#: persona: (project, roles)
_PERSONAS = {
    'admin': ('admin', 'admin,member,reader'),
    'alice': ('a', 'member,reader'),
    'alan': ('a', 'reader'),
    'nemo': ('a', ''),
    'bob': ('b', 'member,reader'),
    'svc': ('service', 'service'),
}


class Personas:
    """Callers in projects that nobody else has.

    admin, alice (member of project a), alan (reader of a), nemo (no role in
    a), bob (member of b), svc (a service).
    """

    def __init__(self):
        self._suffix = uuid.uuid4().hex[:12]

    def project(self, persona):
        """:returns: the id of the persona's project."""
        return f'project-{_PERSONAS[persona][0]}-{self._suffix}'

    def headers(self, persona):
        """:returns: identity headers; none for the persona None."""
        if persona is None:
            return {}
        return {'X-Identity-Status': 'Confirmed',
                'X-User-Id': f'{persona}-{self._suffix}',
                'X-Project-Id': self.project(persona),
                'X-Roles': _PERSONAS[persona][1]}


@dataclasses.dataclass
class Answer:
    """A response, read to its end."""

    status: int
    headers: webob_headers.ResponseHeaders
    body: bytes

    @property
    def json(self):
        """:returns: the body, which has to be JSON."""
        return json_module.loads(self.body)


class Client:
    """What both clients have in common."""

    def __init__(self):
        self.personas = Personas()

    def renewed(self):
        """:returns: a like client, whose personas nobody else is."""
        other = copy.copy(self)
        other.personas = Personas()
        return other

    def request(self, method, path, json=None, body=None, headers=None,
                persona='alice'):
        """:returns: the :class:`Answer` to a request.

        :param json: a document to send as JSON.
        :param body: bytes, or an iterable of them. An iterable is sent
            chunked unless ``headers`` has Content-Length.
        :param persona: who asks; None sends no identity.
        """
        every = {'Accept': 'application/json',
                 **self.personas.headers(persona)}
        if json is not None:
            body = json_module.dumps(json).encode()
            every['Content-Type'] = 'application/json'
        every.update(headers or {})
        return self._send(method, path, body, every)

    def cut(self, method, path, blocks, headers=None, persona='alice'):
        """Send ``blocks`` of a longer body, and go away.

        Returns when the application is done with the request.

        :returns: the :class:`Answer`, if there still was one, or None.
        """
        return self._cut(method, path, blocks,
                         {**self.personas.headers(persona), **headers})

    def get(self, path, **more):
        return self.request('GET', path, **more)

    def patch(self, path, changes, media_type=PATCH_V21, headers=None,
              **more):
        """:returns: the answer to a PATCH with ``changes``."""
        return self.request(
            'PATCH', path, json=changes,
            headers={'Content-Type': media_type, **(headers or {})}, **more)

    def create(self, persona='alice', **properties):
        """:returns: a new image, queued, ready for any bytes."""
        answer = self.request('POST', '/v2/images', persona=persona, json={
            'disk_format': 'raw', 'container_format': 'bare', **properties})
        if answer.status != 201:
            raise AssertionError(f'{answer.status} {answer.body}')
        return answer.json

    def show(self, image_id, persona='alice'):
        """:returns: an image that is there."""
        answer = self.get(f'/v2/images/{image_id}', persona=persona)
        if answer.status != 200:
            raise AssertionError(f'{answer.status} {answer.body}')
        return answer.json

    def upload(self, image_id, body, headers=None, persona='alice'):
        """:returns: the answer to a PUT of image data."""
        return self.request(
            'PUT', f'/v2/images/{image_id}/file', body=body, persona=persona,
            headers={'Content-Type': OCTET_STREAM, **(headers or {})})

    def download(self, image_id, headers=None, persona='alice'):
        """:returns: the answer to a GET of image data."""
        return self.get(f'/v2/images/{image_id}/file', headers=headers,
                        persona=persona)

    @contextlib.contextmanager
    def begin_download(self, image_id, persona='alice'):
        """Begin to download, and yield a function that reads it all."""
        with self._begin('GET', f'/v2/images/{image_id}/file',
                         self.personas.headers(persona)) as read:
            first = read(1)
            yield lambda: first + b''.join(
                iter(lambda: read(1024 * 1024), b''))

    def names(self, query='', persona='alice'):
        """:returns: names of the images on one page of a list."""
        answer = self.get(f'/v2/images?{query}', persona=persona)
        if answer.status != 200:
            raise AssertionError(f'{answer.status} {answer.body}')
        return [image['name'] for image in answer.json['images']]


class WsgiClient(Client):
    """Calls an application in this process, in the calling thread."""

    def __init__(self, application):
        super().__init__()
        self._application = application

    def _send(self, method, path, body, headers):
        request = webob.Request.blank(path, method=method, headers=headers)
        if isinstance(body, bytes):
            request.body = body
        elif body is not None:
            self._stream(request, _Input(body))
        return self._answer(request)

    def _cut(self, method, path, blocks, headers):
        request = webob.Request.blank(path, method=method, headers=headers)
        # A server tells the end of a body of known length by an early end,
        # and of any other by an error.
        self._stream(request, _Input(blocks, broken='Content-Length'
                                     not in headers))
        return self._answer(request)

    @contextlib.contextmanager
    def _begin(self, method, path, headers):
        request = webob.Request.blank(path, method=method, headers=headers)
        blocks = request.get_response(self._application).app_iter
        try:
            yield _Input(blocks).read
        finally:
            getattr(blocks, 'close', lambda: None)()

    @staticmethod
    def _stream(request, stream):
        request.environ['wsgi.input'] = stream
        if 'Content-Length' not in request.headers:
            request.headers['Transfer-Encoding'] = 'chunked'
            request.environ['wsgi.input_terminated'] = True

    def _answer(self, request):
        response = request.get_response(self._application)
        return Answer(response.status_int, response.headers, response.body)


class _Input:
    """``wsgi.input`` over an iterable of bytes."""

    def __init__(self, blocks, broken=False):
        self._blocks = iter(blocks)
        self._broken = broken
        self._rest = b''

    def read(self, size=-1):
        parts, left = [], size
        while left:
            if not self._rest:
                self._rest = next(self._blocks, b'')
                if not self._rest:
                    break
            part = self._rest[:left] if left > 0 else self._rest
            self._rest = self._rest[len(part):]
            parts.append(part)
            left -= len(part) if left > 0 else 0
        if self._broken and left:
            raise OSError('the client is gone')
        return b''.join(parts)


class HttpClient(Client):
    """Talks to a server over TCP, one connection a request.

    :param logged: returns once a text is in the service's log; for servers
        that answer who went away before the application is done.
    """

    def __init__(self, port, host='127.0.0.1', logged=None):
        super().__init__()
        self.address = host, port
        self._logged = logged

    def _send(self, method, path, body, headers):
        connection = http.client.HTTPConnection(*self.address,
                                                timeout=TIMEOUT)
        if body is None and method in ('POST', 'PUT', 'PATCH'):
            headers = {'Content-Length': '0', **headers}
        try:
            connection.connect()
            try:
                connection.request(
                    method, path, body=body, headers=headers,
                    encode_chunked='Content-Length' not in headers)
            except (BrokenPipeError, ConnectionResetError):
                # The server answered before it had read everything.
                pass
            return _read(connection.getresponse())
        finally:
            connection.close()

    def _cut(self, method, path, blocks, headers):
        chunked = 'Content-Length' not in headers
        if chunked:
            headers = {**headers, 'Transfer-Encoding': 'chunked'}
        name = f'req-{uuid.uuid4()}'
        headers = {'X-Openstack-Request-Id': name, **headers}
        with self.connect() as connection:
            connection.sendall(head(method, path, headers))
            for block in blocks:
                connection.sendall(chunk(block) if chunked else block)
            connection.shutdown(socket.SHUT_WR)
            response = http.client.HTTPResponse(connection, method=method)
            try:
                response.begin()
                answer = _read(response)
            except (http.client.HTTPException, ConnectionError):
                answer = None
        if self._logged:
            # The last that a request does.
            self._logged(f' s [{name}]')
        return answer

    @contextlib.contextmanager
    def _begin(self, method, path, headers):
        connection = http.client.HTTPConnection(*self.address,
                                                timeout=TIMEOUT)
        try:
            connection.request(method, path, headers=headers)
            yield connection.getresponse().read
        finally:
            connection.close()

    def connect(self):
        """:returns: a connected socket."""
        return socket.create_connection(self.address, TIMEOUT)


def head(method, path, headers):
    """:returns: request line and headers, as sent."""
    lines = [f'{method} {path} HTTP/1.1', 'Host: localhost',
             *(f'{name}: {value}' for name, value in headers.items())]
    return '\r\n'.join([*lines, '', '']).encode()


def chunk(block):
    """:returns: ``block`` in chunked encoding; an empty one ends a body."""
    return b'%x\r\n%s\r\n' % (len(block), block)


def _read(response):
    return Answer(response.status,
                  webob_headers.ResponseHeaders(response.getheaders()),
                  response.read())


class HeldBody:
    """A body that stops after its first block until it is released.

    :ivar begun: an event: the first block is on its way.
    """

    def __init__(self, first, *rest):
        self._blocks = first, rest
        self.begun = threading.Event()
        self._released = threading.Event()

    def __iter__(self):
        first, rest = self._blocks
        yield first
        self.begun.set()
        if not self._released.wait(TIMEOUT):
            raise AssertionError('nobody released the body')
        yield from rest

    def release(self):
        """Let the rest follow."""
        self._released.set()
