# SPDX-License-Identifier: Apache-2.0
"""One request and its answer, over a socket or straight into a WSGI app."""
import dataclasses
import http.client
import io
import sys
import time
import urllib.parse

SECONDS_TO_ANSWER = 60


@dataclasses.dataclass
class Request:
    """What is sent; ``body`` is bytes, or None for a request without one."""

    method: str
    path: str
    headers: dict
    body: bytes | None = None
    chunked: bool = False


@dataclasses.dataclass
class Answer:
    """What came back; status 0 means that the connection was just closed."""

    status: int
    headers: list
    body: bytes


class Socket:
    """Sends requests to a URL, one connection each.

    :param url: where the service listens, such as http://127.0.0.1:9292.
    """

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.address = (parts.hostname, parts.port or 80)
        self.host = f'{parts.hostname}:{parts.port or 80}'

    def send(self, request):
        """Return the ``Answer`` to ``request``."""
        connection = http.client.HTTPConnection(
            *self.address, timeout=SECONDS_TO_ANSWER)
        try:
            self._write(connection, request)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        except (http.client.HTTPException, ConnectionError) as error:
            return Answer(0, [], type(error).__name__.encode())
        finally:
            connection.close()

    @staticmethod
    def _write(connection, request):
        connection.putrequest(
            request.method, request.path, skip_accept_encoding=True,
            skip_host='Host' in request.headers)
        for name, value in request.headers.items():
            connection.putheader(name, value.encode('utf-8'))
        body = request.body
        if request.chunked:
            connection.putheader('Transfer-Encoding', 'chunked')
            chunk = b'%x\r\n%s\r\n' % (len(body), body) if body else b''
            body = chunk + b'0\r\n\r\n'
        elif body is not None and 'Content-Length' not in request.headers:
            connection.putheader('Content-Length', str(len(body)))
        connection.endheaders()
        if body:
            connection.send(body)


class Application:
    """Calls a WSGI application in this process.

    :param application: the WSGI callable.
    """

    host = '127.0.0.1:9292'

    def __init__(self, application):
        self._application = application

    def _environ(self, request):
        path, _, query = request.path.partition('?')
        address, port = self.host.split(':')
        environ = {
            'REQUEST_METHOD': request.method, 'SCRIPT_NAME': '',
            'PATH_INFO': urllib.parse.unquote(path, 'latin-1'),
            'QUERY_STRING': query, 'SERVER_NAME': address,
            'SERVER_PORT': port, 'SERVER_PROTOCOL': 'HTTP/1.1',
            'REMOTE_ADDR': '127.0.0.1', 'HTTP_HOST': self.host,
            'wsgi.version': (1, 0), 'wsgi.url_scheme': 'http',
            'wsgi.input': io.BytesIO(request.body or b''),
            'wsgi.errors': sys.stderr, 'wsgi.multithread': True,
            'wsgi.multiprocess': False, 'wsgi.run_once': False,
        }
        if request.chunked:
            environ['HTTP_TRANSFER_ENCODING'] = 'chunked'
            environ['wsgi.input_terminated'] = True
        elif request.body is not None:
            environ['CONTENT_LENGTH'] = str(len(request.body))
        for name, value in request.headers.items():
            key = name.upper().replace('-', '_')
            if key not in ('CONTENT_TYPE', 'CONTENT_LENGTH'):
                key = f'HTTP_{key}'
            environ[key] = value.encode('utf-8').decode('latin-1')
        return environ

    def send(self, request):
        """Return the ``Answer`` to ``request``."""
        started = []

        def start_response(status, headers, exc_info=None):
            started[:] = [status, headers]

        parts = self._application(self._environ(request), start_response)
        try:
            body = b''.join(parts)
        finally:
            if hasattr(parts, 'close'):
                parts.close()
        status, headers = started
        return Answer(int(status.split()[0]), headers, body)


def wait(seconds):
    """Let ``seconds`` pass before a request is sent again."""
    time.sleep(seconds)
