# SPDX-License-Identifier: Apache-2.0
"""A resolver that answers from a table, and a wire that is listened to."""
import contextlib
import http.server
import ipaddress
import socket
import ssl
import threading

import fixtures
import sqlalchemy

from glancelite import conf as conf_package

#: Where nothing is: the address of a host that users may name.
SOURCE = '10.11.12.13'


class Resolver:
    """Stands for ``socket.getaddrinfo``: no name is asked for outside.

    :param names: lists of addresses by name; each question takes the first
        list of several.
    :param otherwise: the address of every other name.
    :ivar asked: the names asked for.
    """

    def __init__(self, names=None, otherwise=None):
        self._names = {name: list(answers)
                       for name, answers in (names or {}).items()}
        self._otherwise = otherwise
        self.asked = []

    def __call__(self, host, port, family=0, kind=0):
        self.asked.append(host)
        return [self._found(address, port) for address in self._answer(host)]

    def _answer(self, host):
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(host)
            return [host]
        with contextlib.suppress(OSError):
            # What the system takes for a number, such as 0x7f.1.
            return [socket.inet_ntoa(socket.inet_aton(host))]
        answers = self._names.get(host)
        if answers:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        if self._otherwise:
            return [self._otherwise]
        raise socket.gaierror(socket.EAI_NONAME, 'not known')

    @staticmethod
    def _found(address, port):
        if ':' in address:
            return (socket.AF_INET6, socket.SOCK_STREAM, 6, '',
                    (address, port, 0, 0))
        return socket.AF_INET, socket.SOCK_STREAM, 6, '', (address, port)


class Wire(fixtures.Fixture):
    """Sees every connection that this process opens, and lets none out.

    :param database: URL of a database (of SQLAlchemy), whose server is
        reached as ever and unseen.
    :ivar seen: the addresses asked for, as (host, port).
    :ivar routes: addresses as (host, port), and where they really lead; what
        is not in it is refused as a closed port would be.
    """

    def __init__(self, database=None):
        super().__init__()
        url = sqlalchemy.make_url(database) if database else None
        self._database = url and (url.host, url.port)
        self.seen = []
        self.routes = {}

    def _setUp(self):
        connect = socket.socket.connect

        def watched(connection, address):
            if address[:2] == self._database:
                return connect(connection, address)
            self.seen.append(address[:2])
            if address[:2] not in self.routes:
                raise ConnectionRefusedError(111, 'Connection refused')
            return connect(connection, self.routes[address[:2]])

        def forbidden(*args):
            raise AssertionError('a way round the watched one')

        for name, stand_in in (('connect', watched),
                               ('connect_ex', forbidden),
                               ('sendto', forbidden)):
            self.useFixture(fixtures.MonkeyPatch(
                f'socket.socket.{name}', stand_in))


class Source(fixtures.Fixture):
    """A web server of one handler function.

    :param handle: called with the request handler.
    :param certificate: PEM file of key and certificate; None speaks HTTP.
    :ivar address: where it listens.
    :ivar requests: (method, path, headers) of all requests.
    """

    def __init__(self, handle, certificate=None):
        super().__init__()
        self._handle = handle
        self._certificate = certificate
        self.requests = []
        self.stopping = threading.Event()

    def _setUp(self):
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def answer(self):
                source.requests.append(
                    (self.command, self.path, dict(self.headers)))
                with contextlib.suppress(ConnectionError):
                    source._handle(self)

            do_GET = do_HEAD = answer

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        server.daemon_threads = True
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True,
                do_handshake_on_connect=False)
            server.handle_error = lambda *args: None
        self.address = server.server_address
        thread = threading.Thread(target=server.serve_forever, args=(0.02,),
                                  daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.addCleanup(self.stopping.set)


def options(**values):
    """:returns: a ``ConfigOpts``; of ``group__name`` and default options."""
    conf = conf_package.new()
    conf([], default_config_files=[], default_config_dirs=[])
    for name, value in values.items():
        group, _, option = name.rpartition('__')
        conf.set_override(option, value, group or None)
    return conf


def send(request, body, status=200, **headers):
    """Answer ``request`` with ``body`` and its length."""
    request.send_response(status)
    request.send_header('Content-Length', str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace('_', '-'), value)
    request.end_headers()
    if request.command != 'HEAD':
        request.wfile.write(body)


def redirect(request, location, status=302):
    """Answer ``request`` with a redirect."""
    send(request, b'', status, Location=location)
