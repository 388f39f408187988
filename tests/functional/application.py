# SPDX-License-Identifier: Apache-2.0
"""The real application, started for a test from a configuration file.

In mode ``wsgi`` it is called in the test's own process, under native
threads; in mode ``eventlet`` glancelite-api runs as a process of its own
(see :mod:`tests.nursery`), or the server of :mod:`tests.servers.kinds` that
``GLANCELITE_TEST_SERVER`` names. ``GLANCELITE_TEST_DATABASE`` (sqlite, mysql
or postgresql) chooses the database.
"""
import atexit
import functools
import logging
import os
import pathlib
import resource
import signal
import socket
import subprocess
import tempfile
import time

import fixtures
import sqlalchemy
import testtools
from testtools import content
from testtools import content_type

from glancelite import deploy
from glancelite import service as service_module
from glancelite.db import api as db_api
from glancelite.db import migration
from tests import databases
from tests.functional import client
from tests.servers import kinds

MODES = ('wsgi', 'eventlet')

#: The server that the tests were asked to run under, or None.
SERVER = os.environ.get('GLANCELITE_TEST_SERVER')

#: For testscenarios: each test in every mode, or under that server.
SCENARIOS = ([(SERVER, {'mode': 'eventlet'})] if SERVER else
             [(mode, {'mode': mode}) for mode in MODES])

#: The mode of tests without scenarios: the quickest, or under that server.
MODE = 'eventlet' if SERVER else 'wsgi'

#: Seconds for what takes a moment; beyond them a test fails.
PATIENCE = 60

ETC = pathlib.Path(__file__).parent / 'etc'
ROOT = pathlib.Path(__file__).parents[2]

#: Options: two stores of files and one of the web, and what imports want.
THREE_STORES = {
    'enabled_backends': 'fast:file, cheap:file, web:http',
    'enabled_import_methods': '[glance-direct,web-download,copy-image]',
    'show_multiple_locations': True,
    'glance_store': {'default_backend': 'fast',
                     'filesystem_store_datadir': None},
    'fast': {'filesystem_store_datadir': '{folder}/fast'},
    'cheap': {'filesystem_store_datadir': '{folder}/cheap'},
    'os_glance_staging_store': {
        'filesystem_store_datadir': '{folder}/staging'},
    'os_glance_tasks_store': {'filesystem_store_datadir': '{folder}/tasks'},
    # The web servers of tests.
    'import_filtering_opts': {'allowed_hosts': '[127.0.0.1]',
                              'allowed_ports': '[]'},
}

#: [paste_deploy] of the pipelines that the package ships, without a flavor.
SHIPPED_PASTE = {'flavor': None, 'config_file': None}


def eventually(condition, what, patience=PATIENCE):
    """:returns: the first true value of ``condition()``.

    For what another process does in its own time; it fails when the time
    is up.
    """
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'{what}: not within {patience} s')
        time.sleep(0.01)


class Application(fixtures.Fixture):
    """A service of its own: database, stores, configuration, client.

    :param mode: one of ``MODES``.
    :param backend: 'sqlite', 'mysql' or 'postgresql'; by default what
        ``GLANCELITE_TEST_DATABASE`` says.
    :param database: a fixture of tests.databases, when the test wants one
        of its own making.
    :param port: a :class:`Port` to serve on, in mode eventlet.
    :param limits: resource limits (soft) of the server process, by name.
    :param started: False leaves starting the server process to the test.
    :param server: a :class:`kinds.Server` for mode eventlet.
    :param options: options by name; a dict is a group. None leaves an
        option out; ``{folder}`` in a value is :attr:`folder`.
    :ivar folder: everything the service writes, as a path.
    :ivar store: the directory of image files, as a path.
    :ivar client: talks to the service.
    """

    def __init__(self, mode, backend=None, database=None, port=None,
                 limits=None, started=True, server=None, **options):
        super().__init__()
        self._mode = mode
        self._given = database or _database_of(
            backend or os.environ.get('GLANCELITE_TEST_DATABASE') or 'sqlite')
        self._server = server or kinds.SERVERS.get(
            # What has loaded already could be quicker than its limits.
            SERVER or limits and 'eventlet', kinds.Forked())
        self._port = port
        self._limits = limits or {}
        self._started = started
        self._options = options
        self._logger = None
        self.process = None
        self.client = None

    def _setUp(self):
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.store = self.folder / 'images'
        self.log = self.folder / 'log'
        self.database = self._database()
        if self._mode == 'eventlet' and not self._port:
            self._port = self.useFixture(Port())
        self.configuration = self.folder / 'glancelite-api.conf'
        self.configure()
        self._migrate()
        self.addDetail('log', content.Content(
            content_type.UTF8_TEXT, self._log_blocks))
        if self._mode == 'wsgi':
            self._load()
        else:
            self.addCleanup(self.stop)
            if self._started:
                self.start()

    def configure(self, **options):
        """Write the configuration file, with ``options`` added."""
        self._options = merged(self._options, options)
        options = merged(self._defaults(), self._options)
        self.configuration.write_text(
            as_text(options).replace('{folder}', str(self.folder)))

    def start(self):
        """Start the server process and wait until it listens."""
        self.process = self.run_server()
        # After a second start the callers are still the same.
        self.client = self.client or client.HttpClient(
            self._port.number, logged=self._server.answers_for_others and (
                self._until_logged))
        eventually(self._listens, 'The server listens')

    def stop(self, number=signal.SIGTERM):
        """Stop the server process.

        :returns: its exit code.
        """
        if self.process is None:
            return None
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()

    def run_server(self):
        """:returns: the started server, as a ``Popen``."""
        environment = {
            **os.environ, **self._server.environment,
            'PYTHONPATH': str(ROOT),
            'OS_GLANCELITE_CONFIG_FILES': str(self.configuration)}
        with open(self.log, 'ab') as log:
            process = self._server.start(
                self, env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        for name, value in self._limits.items():
            number = getattr(resource, name)
            hard = resource.prlimit(process.pid, number)[1]
            resource.prlimit(process.pid, number, (value, hard))
        return process

    @property
    def address(self):
        """:returns: host and port of the server process."""
        return f'127.0.0.1:{self._port.number}'

    @property
    def keeps_back(self):
        """:returns: bytes of a cut body that its server may hold."""
        return self._server.keeps_back if self._mode == 'eventlet' else 0

    def files(self):
        """:returns: sorted names of all files in the store."""
        return sorted(path.name for path in self.store.iterdir())

    def log_text(self):
        """:returns: what the service has logged so far."""
        if self._logger:
            return self._logger.output
        return self.log.read_text() if self.log.exists() else ''

    def workers(self):
        """:returns: pids of the worker processes."""
        pid = self.process.pid
        children = pathlib.Path(f'/proc/{pid}/task/{pid}/children')
        return [int(word) for word in children.read_text().split()]

    def _defaults(self):
        return {
            'bind_host': '127.0.0.1',
            'bind_port': self._port and self._port.number,
            'database': {'connection': self.database, **self._pool()},
            'glance_store': {'filesystem_store_datadir': self.store},
            'paste_deploy': {'flavor': 'trusted',
                             'config_file': ETC / 'trusted-paste.ini'},
        }

    def _pool(self):
        """:returns: options for a server that has a hundred connections for
            many services: one that rests keeps one.
        """
        if self.database.startswith('sqlite:'):
            return {}
        return {'max_pool_size': 1}

    def _database(self):
        """:returns: the URL of the database, made if it has to be."""
        if self._given.url is None:
            self.useFixture(self._given)
        return self._given.url

    def _migrate(self):
        """Make the schema, as the service itself does in SQLite."""
        if self.database.startswith('sqlite:'):
            path = pathlib.Path(sqlalchemy.make_url(self.database).database)
            if not path.exists():
                path.write_bytes(_sqlite_tables())
            return
        database = db_api.Database(self.load_conf())
        self.addCleanup(database.dispose)
        migration.sync(database)

    def load_conf(self):
        """:returns: the configuration, read anew from its file."""
        return _load_conf(self.configuration)

    def _load(self):
        self.addCleanup(_restore_log, list(logging.root.handlers))
        service = service_module.start(self.load_conf())
        self.addCleanup(service.stop)
        self.application = deploy.application_of(service)
        self._logger = self.useFixture(fixtures.FakeLogger())
        self.client = client.WsgiClient(self.application)

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f'The server ended: {self.log_text()}')
        try:
            self.client.connect().close()
        except ConnectionRefusedError:
            return False
        return True

    def _until_logged(self, text):
        eventually(lambda: text in self.log_text(), 'The request is logged')

    def _log_blocks(self):
        return [self.log_text()[-4000:].encode()]


class Port(fixtures.Fixture):
    """A free port of the loopback address, kept from others.

    The socket is bound and does not listen, so another one may be bound
    beside it.

    :ivar number: the port.
    """

    def _setUp(self):
        holder = socket.socket()
        self.addCleanup(holder.close)
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(('127.0.0.1', 0))
        self.number = holder.getsockname()[1]


def loaded(test, conf):
    """:returns: the WSGI application of ``conf``, until ``test`` ends.

    Longer it must not live: it would do what others find in its database.

    :raises ConfigurationError: the configuration cannot be served.
    """
    service = service_module.start(conf)
    test.addCleanup(service.stop)
    return deploy.application_of(service)


def _database_of(backend):
    kind = databases.Database if backend == 'sqlite' else databases.Emptied
    return kind(backend)


@functools.cache
def _sqlite_tables():
    """:returns: the file of an SQLite database without rows, as bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'sqlite')
        own = pathlib.Path(folder, 'conf')
        own.write_text(f'[database]\nconnection = sqlite:///{path}\n')
        database = db_api.Database(_load_conf(own))
        migration.sync(database)
        database.dispose()
        return path.read_bytes()


def _load_conf(path):
    """:returns: the configuration in a file; the log stays where it was."""
    handlers = list(logging.root.handlers)
    try:
        return deploy.load_conf(files=[str(path)])
    finally:
        _restore_log(handlers)


def _restore_log(handlers):
    logging.root.handlers[:] = handlers


#: What :func:`kept` keeps by key, the one used last at the end.
_kept = {}

#: More than one class wants, and few enough for their connections, which
#: would otherwise add up to more than a database server allows.
_MOST_KEPT = 6


def kept(key, make):
    """:returns: what ``make`` has returned for this key, for many tests.

    It lives until others have been wanted instead, or as long as this
    process; then it is cleaned up.

    :param make: returns a fixture, which is set up here.
    """
    found = _kept.pop(key, None)
    if found is None:
        while len(_kept) >= _MOST_KEPT:
            _kept.pop(next(iter(_kept))).cleanUp()
        found = make()
        found.setUp()
    _kept[key] = found
    return found


def shared(mode, backend=None, **options):
    """:returns: an application with these options, for many tests.

    Tests keep apart by their personas' projects.
    """
    return kept((mode, backend, repr(options)),
                lambda: Application(mode, backend, **options))


@atexit.register
def _end_kept():
    while _kept:
        _kept.popitem()[1].cleanUp()


class SharedTestCase(testtools.TestCase):
    """A test against a shared application, in projects of its own.

    The test class says ``scenarios = application.SCENARIOS``, its module
    ``load_tests = testscenarios.load_tests_apply_scenarios``.

    :cvar options: options of the application.
    :cvar backend: the database, where a test is about it; it is skipped
        where there is no such server.
    """

    mode = MODE
    backend = None
    options = {}

    def setUp(self):
        super().setUp()
        if self.backend and (reason := databases.unavailable(self.backend)):
            self.skipTest(reason)
        self.application = shared(self.mode, self.backend, **self.options)
        self.client = self.application.client.renewed()
        self.addOnException(self._add_log)

    def _add_log(self, exc_info):
        self.addDetail('log', content.text_content(
            self.application.log_text()[-4000:]))


def merged(options, more):
    """:returns: options by name, with ``more`` of them, in groups too."""
    result = dict(options)
    for name, value in more.items():
        if isinstance(value, dict):
            value = merged(result.get(name, {}), value)
        result[name] = value
    return result


def as_text(options):
    """:returns: the text of a configuration file, of options by name.

    One whose value is a list is said as often.
    """
    lines = ['[DEFAULT]']
    groups = []
    for name, value in options.items():
        if isinstance(value, dict):
            groups.append((name, value))
        else:
            lines += _lines(name, value)
    for group, values in groups:
        lines.append(f'[{group}]')
        for name, value in values.items():
            lines += _lines(name, value)
    return '\n'.join([*lines, ''])


def _lines(name, value):
    values = value if isinstance(value, list) else [value]
    return [f'{name} = {each}' for each in values if each is not None]
