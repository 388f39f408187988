# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back; the service stays."""
import sqlite3

import fixtures
import sqlalchemy
import testscenarios
import testtools

from glancelite.db import engine
from tests import databases
from tests.functional import application
from tests.functional import database_servers
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


class RestartTest(testtools.TestCase):
    """A service, and a database server that is killed."""

    scenarios = [(each.__name__, {'kind': each})
                 for each in (database_servers.MysqlServer,
                              database_servers.PostgresqlServer)]

    def setUp(self):
        super().setUp()
        if reason := self.kind.missing():
            self.skipTest(reason)

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
