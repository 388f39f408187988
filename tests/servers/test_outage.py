# SPDX-License-Identifier: Apache-2.0
"""The database goes away and comes back, under each server."""
import sqlalchemy
import testscenarios
import testtools
from testtools import content

from tests import databases
from tests.functional import relay
from tests.servers import kinds
from tests.servers import servers

load_tests = testscenarios.load_tests_apply_scenarios

_BACKENDS = ('mysql', 'postgresql')


class OutageTest(testtools.TestCase):
    """A service whose way to the database can be cut."""

    scenarios = [(name, {'name': name}) for name in kinds.SERVERS]

    def setUp(self):
        super().setUp()
        backend = next((each for each in _BACKENDS
                        if not databases.unavailable(each)), None)
        if backend is None:
            self.skipTest('there is no database server')
        if reason := kinds.SERVERS[self.name].missing():
            self.skipTest(reason)
        database = self.useFixture(databases.Database(backend))
        url = sqlalchemy.make_url(database.url)
        self.relay = self.useFixture(relay.Relay(url.host, url.port))
        database.url = url.set(host='127.0.0.1', port=self.relay.port
                               ).render_as_string(hide_password=False)
        self.service = self.useFixture(servers.Served(
            self.name, database=database))
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.service.log_text()[-8000:])))
        self.client = self.service.client

    def test_an_outage_is_503_until_it_ends(self):
        image_id = self.client.create()['id']
        self.relay.stop()
        # More than there are processes: each has its own connections.
        for _each in range(6):
            for answer in (
                    self.client.get(f'/v2/images/{image_id}'),
                    self.client.request('POST', '/v2/images', json={}),
                    self.client.upload(image_id, b'data')):
                self.assertEqual(503, answer.status)
                self.assertIn('Retry-After', answer.headers)
                self.assertIn('X-Openstack-Request-Id', answer.headers)
        self.relay.start()
        for _each in range(6):
            self.assertEqual(200, self.client.get('/v2/images').status)
            self.assertEqual(201, self.client.request(
                'POST', '/v2/images', json={}).status)
        self.assertEqual(204, self.client.upload(image_id, b'data').status)
