# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back; the service stays."""
import pathlib
import shutil
import subprocess

import fixtures
import sqlalchemy
import testscenarios
import testtools

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
    """A MariaDB of a test's own.

    :ivar url: of its database.
    """

    def _setUp(self):
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self._port = self.useFixture(application.Port()).number
        subprocess.run(
            ['mariadb-install-db', '--no-defaults', '--skip-test-db',
             '--auth-root-authentication-method=normal', '--user=root',
             f'--datadir={self._folder}/data'],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.kill)
        self.start()
        self.url = f'mysql+pymysql://root@127.0.0.1:{self._port}/mysql'

    def start(self):
        """Start the server, and wait until it answers."""
        self._process = subprocess.Popen(
            ['mariadbd', '--no-defaults', '--user=root',
             f'--datadir={self._folder}/data', '--bind-address=127.0.0.1',
             f'--port={self._port}', f'--socket={self._folder}/socket',
             '--innodb-buffer-pool-size=16M', '--skip-name-resolve'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        application.eventually(self._answers, 'MariaDB starts')

    def kill(self):
        """End the server as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _answers(self):
        return subprocess.run(
            ['mariadb-admin', '--no-defaults', '-u', 'root', 'ping',
             f'--socket={self._folder}/socket'],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL).returncode == 0


@testtools.skipUnless(shutil.which('mariadbd')
                      and shutil.which('mariadb-install-db'),
                      'There is no MariaDB to start.')
class RestartTest(testtools.TestCase):
    """A service, and a database server that is killed."""

    def test_a_server_that_is_killed_is_used_again(self):
        server = self.useFixture(Server())
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
