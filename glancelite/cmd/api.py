# SPDX-License-Identifier: Apache-2.0
"""glancelite-api: the standalone server. With ``file_body.py``, the only user
of eventlet.

A parent process holds the listening socket; workers serve it and are
replaced when they die. SIGTERM and SIGINT end the service once running
requests are done; SIGHUP starts workers with the configuration read anew;
SIGUSR2 makes any of the processes report what it is doing.
"""
import warnings

# Nothing an operator who starts the server can do about.
warnings.filterwarnings('ignore', message=r'\s*Eventlet is deprecated')

import eventlet  # noqa: E402
from eventlet import greenio  # noqa: E402
from eventlet import patcher  # noqa: E402

# Everything that waits must be made to yield before it is imported.
eventlet.monkey_patch()

import contextlib  # noqa: E402
import errno  # noqa: E402
import functools  # noqa: E402
import gc  # noqa: E402
import ipaddress  # noqa: E402
import logging  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402

from eventlet import tpool  # noqa: E402
import eventlet.wsgi  # noqa: E402
from oslo_concurrency import processutils  # noqa: E402
from oslo_config import cfg  # noqa: E402
from oslo_log import log  # noqa: E402

from glancelite import deploy  # noqa: E402
from glancelite import exception  # noqa: E402
from glancelite import reports  # noqa: E402
from glancelite import service as service_module  # noqa: E402
from glancelite.api import interim  # noqa: E402
from glancelite.api import same_machine  # noqa: E402
from glancelite.cmd import file_body  # noqa: E402
from glancelite.cmd import framing  # noqa: E402

LOG = log.getLogger(__name__)

#: What the parent waits for.
_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD,
            reports.SIGNAL}

_NAME = 'glancelite-api'

#: Seconds between a worker's death and its successor's start.
_RESPAWN_DELAY = 1

#: Seconds between a worker's looks at whether it is to go on.
_WATCH_INTERVAL = 0.2


class EventletThreads:
    """Native threads beside the event loop, which never waits for them."""

    native = False
    _threading = patcher.original('threading')
    _queue = patcher.original('queue')
    Queue = _queue.Queue
    Full = _queue.Full
    Empty = _queue.Empty
    lock = threading.Lock
    subprocess = patcher.original('subprocess')

    @classmethod
    def start(cls, function, *args):
        """:returns: a started native thread running ``function``."""
        thread = cls._threading.Thread(
            target=function, args=args, daemon=True)
        thread.start()
        return thread

    @staticmethod
    def background(function, *args):
        """Run ``function`` beside the requests; its waits are green."""
        eventlet.spawn_n(function, *args)

    @staticmethod
    def wait(function, *args):
        """:returns: what the blocking call returns; others run meanwhile."""
        return tpool.execute(function, *args)


class Protocol(eventlet.wsgi.HttpProtocol):
    """HTTP on one connection.

    :cvar sockets: those of all connections of this process.
    :cvar stopping: whether the request at hand is a connection's last.
    """

    sockets = set()
    stopping = False

    def setup(self):
        super().setup()
        self.sockets.add(self.connection)

    def handle_one_request(self):
        super().handle_one_request()
        self.close_connection |= self.stopping

    def parse_request(self):
        """Read the head of a request.

        :returns: whether to go on with the request.
        """
        if not super().parse_request():
            return False
        if self.request_version == 'HTTP/1.0':
            # RFC 9110, section 10.1.1.
            del self.headers['Expect']
        refusal = framing.refusal(self.headers, self.request_version)
        if refusal:
            self.wfile.write(f'HTTP/1.1 {refusal}\r\nConnection: close\r\n'
                             'Content-Length: 0\r\n\r\n'.encode())
            self.close_connection = True
        return not refusal

    def handle_one_response(self):
        self.application = functools.partial(self._answer, self.application)
        super().handle_one_response()

    def _answer(self, application, environ, start_response):
        lengths = []

        def start(status, headers, *error):
            # The client may send its body or not, and nobody can tell that
            # from a request.
            self.close_connection |= (
                environ['eventlet.input'].should_send_hundred_continue)
            lengths[:] = [int(value) for name, value in headers
                          if name.lower() == 'content-length']
            return start_response(status, headers, *error)
        body = application(environ, start)
        if isinstance(body, file_body.FileBody) and lengths:
            body.send_to(self.connection, *lengths)
        return body

    def get_environ(self):
        environ = super().get_environ()
        environ[same_machine.SOCKET] = self.connection
        environ['wsgi.file_wrapper'] = file_body.FileBody
        body = environ['eventlet.input']
        if body.chunked_input:
            body.rfile = framing.ChunkLines(body.rfile)
        if self.request_version == 'HTTP/1.1':
            environ[interim.SEND] = self._send_interim
        return environ

    def _send_interim(self, status, headers):
        lines = [f'HTTP/1.1 {status}',
                 *(f'{name}: {value}' for name, value in headers.items())]
        # A client that is gone is noticed where its body is read.
        with contextlib.suppress(OSError):
            self.wfile.write('\r\n'.join([*lines, '', '']).encode())
            self.wfile.flush()

    def finish(self):
        self.sockets.discard(self.connection)
        super().finish()


class Connections(eventlet.GreenPool):
    """A green thread for each connection.

    The server, when it stops, cuts connections that are idle. One that was
    just accepted is not: its request is on the way.
    """

    def spawn(self, function, connection):
        connection[2] = eventlet.wsgi.STATE_REQUEST
        return super().spawn(function, connection)


class Worker:
    """One process that serves requests on ``listener``.

    :param conf: a loaded ``ConfigOpts``.
    """

    def __init__(self, conf, listener):
        self._conf = conf
        self._listener = listener
        self._pool = Connections(conf.server_concurrency)
        self._stopping = False

    def run(self):
        """Serve until told to stop, or until the parent is gone."""
        parent = os.getppid()
        signal.signal(signal.SIGTERM, self._stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        reports.on_signal(self._conf, _NAME)
        reports.on_touch(self._conf, _NAME)
        service = service_module.start(self._conf, EventletThreads())
        application = deploy.application_of(service)
        serving = eventlet.spawn(
            eventlet.wsgi.server, self._listener, application,
            environ={'wsgi.input_terminated': True},
            custom_pool=self._pool, protocol=Protocol, log=LOG,
            log_output=False, debug=False,
            keepalive=self._conf.http_keepalive,
            url_length_limit=self._conf.max_header_line,
            socket_timeout=self._conf.client_socket_timeout or None)
        while not (self._stopping or serving.dead
                   or os.getppid() != parent):
            eventlet.sleep(_WATCH_INTERVAL)
        Protocol.stopping = True
        serving.kill()
        self._drain()
        service.stop()

    def _stop(self, *args):
        self._stopping = True

    def _drain(self):
        """Let transfers end; those that do not in time undo themselves."""
        with eventlet.Timeout(self._conf.graceful_shutdown_timeout, False):
            self._pool.waitall()
        # Killed, a request would still wait for the rest of its body.
        for connection in list(Protocol.sockets):
            greenio.shutdown_safe(connection)
        self._pool.waitall()


class Server:
    """The parent process: the socket, and workers on it.

    :param arguments: command line arguments.
    """

    def __init__(self, arguments):
        self._arguments = arguments
        self._conf = deploy.load_conf(arguments)
        self._workers = set()

    def run(self):
        """Serve until SIGTERM or SIGINT.

        :raises ConfigurationError: the configuration cannot be served.
        """
        _require_loopback(self._conf)
        eventlet.wsgi.MAX_HEADER_LINE = self._conf.max_header_line
        _check(self._conf)
        listener = _listen(self._conf)
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        # A worker that looked for garbage in what is loaded would copy it.
        gc.freeze()
        self._start_workers(listener)
        LOG.info('Serving on %s:%d', self._conf.bind_host,
                 self._conf.bind_port)
        while True:
            received = signal.sigwait(_SIGNALS)
            if received in (signal.SIGTERM, signal.SIGINT):
                break
            if received == signal.SIGHUP:
                self._restart_workers(listener)
            elif received == reports.SIGNAL:
                reports.write(self._conf, _NAME)
            else:
                self._replace_dead(listener)
        self._stop(self._workers)
        while self._workers:
            self._workers.discard(os.wait()[0])

    def _start_workers(self, listener):
        count = self._conf.workers or processutils.get_worker_count()
        for _ in range(count):
            self._start_worker(listener)

    def _start_worker(self, listener):
        pid = os.fork()
        if pid:
            self._workers.add(pid)
            return
        code = 1
        try:
            _part_from_parent()
            Worker(self._conf, listener).run()
            code = 0
        except Exception:
            LOG.exception('A worker ended')
        finally:
            os._exit(code)

    def _restart_workers(self, listener):
        """Read the configuration anew; the old workers finish their work."""
        try:
            conf = deploy.load_conf(self._arguments)
            _check(conf)
        except (exception.ConfigurationError, cfg.Error) as error:
            LOG.error('The configuration is kept as it was: %s', error)
            return
        LOG.info('Starting workers with the configuration read anew')
        self._conf = conf
        former, self._workers = self._workers, set()
        self._start_workers(listener)
        self._stop(former)

    def _replace_dead(self, listener):
        while pid := _reap():
            if pid in self._workers:
                LOG.error('Worker %d died and is replaced', pid)
                self._workers.discard(pid)
                time.sleep(_RESPAWN_DELAY)
                self._start_worker(listener)

    @staticmethod
    def _stop(workers):
        for pid in workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)


def _part_from_parent():
    """Replace what a forked process would share with others."""
    # The event loop was copied, but all copies would wait on one epoll
    # instance, and get each other's events.
    eventlet.hubs.use_hub()
    # With eventlet, oslo.log locks by a pipe: a worker killed while it logs
    # would keep all others from logging.
    for handler in logging.getLogger().handlers:
        handler.createLock()


def _check(conf):
    """Find here, once, what every worker would stumble over.

    :raises ConfigurationError: the configuration cannot be served.
    """
    service = service_module.start(conf, EventletThreads(),
                                   background=False)
    deploy.application_of(service)
    service.stop()


def _reap():
    """:returns: the pid of a child that has ended, or 0."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return 0


def _require_loopback(conf):
    """:raises ConfigurationError: open to other hosts without a password."""
    if deploy.authenticates(conf) or conf.noauth.allow_remote:
        return
    for *_, address in _addresses(conf):
        if not ipaddress.ip_address(address[0].split('%')[0]).is_loopback:
            raise exception.ConfigurationError(
                f'bind_host {conf.bind_host} is reached by other hosts, and '
                'this pipeline authenticates nobody: set [paste_deploy] '
                'flavor, or [noauth] allow_remote')


def _addresses(conf):
    try:
        return socket.getaddrinfo(
            conf.bind_host, conf.bind_port, type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise exception.ConfigurationError(
            f'bind_host {conf.bind_host}: {error.strerror}') from None


def _listen(conf):
    family, _, _, _, address = _addresses(conf)[0]
    try:
        return eventlet.listen(address, family=family, backlog=conf.backlog,
                               reuse_port=False)
    except OSError as error:
        reason = ('the port is in use' if error.errno == errno.EADDRINUSE
                  else error.strerror)
        raise exception.ConfigurationError(
            f'Cannot listen on {conf.bind_host}:{conf.bind_port}: {reason}'
        ) from None


def main():
    """Console command. :returns: the exit code."""
    try:
        Server(sys.argv[1:]).run()
    except (exception.ConfigurationError, cfg.Error) as error:
        print(f'glancelite-api: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
