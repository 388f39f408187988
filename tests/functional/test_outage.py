# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back; the service stays."""
import glob
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess

import fixtures
import sqlalchemy
import testscenarios
import testtools

from glancelite.db import engine
from tests import databases
from tests.functional import application
from tests.functional import relay

load_tests = testscenarios.load_tests_apply_scenarios

_DATA = b'kept'


class OutageTest(testtools.TestCase):
    """A service whose way to the database can be cut."""

    scenarios = [(backend, {'backend': backend})
                 for backend in ('mysql', 'postgresql')]

    def setUp(self):
        super().setUp()
        if reason := databases.unavailable(self.backend):
            self.skipTest(reason)
        database = self.useFixture(databases.Database(self.backend))
        url = sqlalchemy.make_url(database.url)
        self.relay = self.useFixture(relay.Relay(url.host, url.port))
        database.url = url.set(host='127.0.0.1', port=self.relay.port
                               ).render_as_string(hide_password=False)
        self.application = self.useFixture(application.Application(
            'wsgi', database=database))
        self.client = self.application.client

    def answers(self):
        """:returns: the codes of requests that read and write."""
        image_id = self.image_id
        return [answer.status for answer in (
            self.client.get(f'/v2/images/{image_id}'),
            self.client.get('/v2/images'),
            self.client.request('POST', '/v2/images', json={}),
            self.client.request('PUT', f'/v2/images/{image_id}/tags/new'))]

    def test_a_cut_is_not_noticed_and_an_outage_is_503_until_it_ends(self):
        self.image_id = self.client.create()['id']
        self.client.upload(self.image_id, _DATA)
        for _each in range(3):
            self.relay.cut()
            self.assertEqual([200, 200, 201, 204], self.answers())
        self.relay.stop()
        self.assertEqual([503, 503, 503, 503], self.answers())
        refused = self.client.get('/v2/images')
        self.assertIn('Retry-After', refused.headers)
        self.relay.start()
        self.assertEqual([200, 200, 201, 204], self.answers())
        self.assertEqual(_DATA, self.client.get(
            f'/v2/images/{self.image_id}/file').body)


class Server(fixtures.Fixture):
    """A database server of a test's own.

    :ivar url: of its database.
    """

    def _setUp(self):
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self._port = self.useFixture(application.Port()).number
        self._install()
        self.addCleanup(self.kill)
        self.start()

    def start(self):
        """Start the server, and wait until it answers."""
        self._process = self._popen()
        application.eventually(self._answers, 'The server starts')

    def kill(self):
        """End the server as a power cut would."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _run(self, *command, check=True):
        return subprocess.run(command, check=check, **self._manner())

    def _manner(self):
        return {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL,
                'cwd': self._folder}


class MysqlServer(Server):
    """A MariaDB."""

    programs = ('mariadbd', 'mariadb-install-db', 'mariadb-admin')

    @property
    def url(self):
        return f'mysql+pymysql://root@127.0.0.1:{self._port}/mysql'

    def _install(self):
        self._run('mariadb-install-db', '--no-defaults', '--skip-test-db',
                  '--auth-root-authentication-method=normal', '--user=root',
                  f'--datadir={self._folder}/data')

    def _popen(self):
        return subprocess.Popen(
            ['mariadbd', '--no-defaults', '--user=root',
             f'--datadir={self._folder}/data', '--bind-address=127.0.0.1',
             f'--port={self._port}', f'--socket={self._folder}/socket',
             '--innodb-buffer-pool-size=16M', '--skip-name-resolve'],
            start_new_session=True, **self._manner())

    def _answers(self):
        return self._run(
            'mariadb-admin', '--no-defaults', '-u', 'root', 'ping',
            f'--socket={self._folder}/socket', check=False).returncode == 0


def _postgresql(program):
    """:returns: the path of a program that Debian keeps out of the path."""
    found = shutil.which(program) or glob.glob(
        f'/usr/lib/postgresql/*/bin/{program}')
    return found if isinstance(found, str) else ''.join(found[-1:])


class PostgresqlServer(Server):
    """A PostgreSQL, which does not run as root."""

    programs = tuple(map(_postgresql, ('initdb', 'postgres', 'pg_isready')))

    @property
    def url(self):
        return f'postgresql+psycopg2://postgres@127.0.0.1:{self._port}/postgres'

    def _install(self):
        if self._account():
            shutil.chown(self._folder, 'postgres')
        initdb, _postgres, _ready = self.programs
        self._run(initdb, '--no-sync', '--auth=trust', '-U', 'postgres',
                  '--encoding=UTF8', '-D', f'{self._folder}/data')

    def _popen(self):
        return subprocess.Popen(
            [self.programs[1], '-D', f'{self._folder}/data', '-p',
             str(self._port), '-h', '127.0.0.1', '-k', str(self._folder)],
            start_new_session=True, **self._manner())

    def _answers(self):
        return self._run(self.programs[2], '-h', '127.0.0.1', '-p',
                         str(self._port), check=False).returncode == 0

    def _account(self):
        return {'user': 'postgres', 'group': 'postgres',
                'extra_groups': []} if os.geteuid() == 0 else {}

    def _manner(self):
        return {**super()._manner(), **self._account()}


class RestartTest(testtools.TestCase):
    """A service, and a database server that is killed."""

    scenarios = [(each.__name__, {'kind': each})
                 for each in (MysqlServer, PostgresqlServer)]

    def setUp(self):
        super().setUp()
        if missing := [name for name in self.kind.programs
                       if not shutil.which(name)]:
            self.skipTest(f'There is no {" or ".join(missing)} to start.')

    def test_a_server_that_is_killed_is_used_again(self):
        server = self.useFixture(self.kind())
        started = self.useFixture(application.Application(
            'wsgi', database=server))
        client = started.client
        image_id = client.create(name='before')['id']
        server.kill()
        answer = client.get(f'/v2/images/{image_id}')
        self.assertEqual(503, answer.status)
        self.assertIn('Retry-After', answer.headers)
        server.start()
        self.assertEqual('before', client.show(image_id)['name'])
        client.upload(image_id, _DATA)
        self.assertEqual('active', client.show(image_id)['status'])


class LockedFileTest(testtools.TestCase):
    """A service on SQLite, and another process that keeps the file."""

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(
            engine, '_SQLITE_BUSY_SECONDS', 0))
        self.application = self.useFixture(application.Application(
            'wsgi', backend='sqlite'))
        self.client = self.application.client

    def test_a_file_that_stays_locked_is_503_until_it_is_let_go(self):
        image_id = self.client.create(name='before')['id']
        url = sqlalchemy.make_url(self.application.database)
        other = sqlite3.connect(url.database, isolation_level=None)
        self.addCleanup(other.close)
        other.execute('BEGIN EXCLUSIVE')
        refused = self.client.request('POST', '/v2/images', json={})
        self.assertEqual(503, refused.status)
        self.assertIn('Retry-After', refused.headers)
        self.assertEqual('before', self.client.show(image_id)['name'])
        other.execute('COMMIT')
        self.assertEqual(201, self.client.request(
            'POST', '/v2/images', json={}).status)
