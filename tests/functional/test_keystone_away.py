# SPDX-License-Identifier: Apache-2.0
"""Keystone is away, or hangs: nothing is said of tokens then."""
import socket

import testtools

from tests.functional import application


class AwayTest(testtools.TestCase):

    def start(self, port, **options):
        """:returns: a client of a service whose Keystone is at ``port``."""
        url = f'http://127.0.0.1:{port}/v3'
        return self.useFixture(application.Application(
            'wsgi', paste_deploy=application.SHIPPED_PASTE | {
                'flavor': 'keystone'},
            keystone_authtoken={
                'www_authenticate_uri': url, 'auth_url': url,
                'auth_type': 'password', 'username': 'glance',
                'password': 'secret', 'project_name': 'service',
                'user_domain_id': 'default', 'project_domain_id': 'default',
                'http_request_max_retries': 0, 'http_connect_timeout': 1},
            **options)).client

    def ask(self, client, **tokens):
        headers = {f'X-{name}-Token': token for name, token in tokens.items()}
        return client.request('GET', '/v2/images', headers=headers,
                              persona=None)

    def assert_unavailable(self, client):
        for tokens in ({'Auth': 'any'}, {'Auth': 'any', 'Service': 'other'}):
            answer = self.ask(client, **tokens)
            self.assertEqual(503, answer.status)
            self.assertIn('Keystone', answer.body.decode())
            self.assertIn('Retry-After', answer.headers)
            self.assertIn('X-Openstack-Request-Id', answer.headers)
        self.assertEqual(401, self.ask(client).status)

    def test_a_keystone_that_refuses_is_503(self):
        port = self.useFixture(application.Port()).number
        self.assert_unavailable(self.start(port))

    def test_a_keystone_that_hangs_is_503(self):
        listener = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(listener.close)
        self.assert_unavailable(self.start(listener.getsockname()[1]))

    def test_who_has_a_token_is_not_taken_for_nobody(self):
        port = self.useFixture(application.Port()).number
        client = self.start(port, allow_anonymous_access=True)
        self.assertEqual(503, self.ask(client, Auth='any').status)
        # A reader, to whom the rules of policy grant nothing by default.
        self.assertEqual(403, self.ask(client).status)
