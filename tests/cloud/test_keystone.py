# SPDX-License-Identifier: Apache-2.0
"""Who may do what, as a real Keystone says it."""
import testtools
from testtools import content

from tests.cloud import service as service_module
from tests.cloud import shared

#: Whatever a client says of itself.
_FORGED = {'X-Identity-Status': 'Confirmed', 'X-Roles': 'admin',
           'X-User-Id': 'root', 'X-Project-Id': 'root',
           'X-Service-Roles': 'admin,service', 'X-Is-Admin-Project': 'True',
           'X-Service-Identity-Status': 'Confirmed'}

_IMAGE = {'disk_format': 'raw', 'container_format': 'bare'}


class KeystoneTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.keystone = shared.keystone()
        self.service = shared.service()
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.service.log_text()[-8000:])))

    def ask(self, method, path, token=None, service_token=None, headers=(),
            **more):
        """:returns: the answer to a request with these tokens."""
        tokens = {'X-Auth-Token': token, 'X-Service-Token': service_token}
        return self.service.client.request(
            method, path, persona=None, headers={
                **dict(headers),
                **{name: value for name, value in tokens.items() if value}},
            **more)

    def create(self, token, **more):
        """:returns: the status of an attempt to create an image."""
        return self.ask('POST', '/v2/images', token, json=_IMAGE,
                        **more).status

    def lists(self, token, **more):
        """:returns: the status of an attempt to list images."""
        return self.ask('GET', '/v2/images', token, **more).status

    def test_the_roles_of_the_token_decide(self):
        self.assertEqual(201, self.create(self.keystone.token('demo')))
        reader = self.keystone.token('watcher')
        self.assertEqual((403, 200),
                         (self.create(reader), self.lists(reader)))

    def test_an_image_belongs_to_the_project_of_the_token(self):
        image = self.ask('POST', '/v2/images', self.keystone.token('demo'),
                         json=_IMAGE).json
        project = self.keystone.admin.find_project('demo').id
        self.assertEqual(project, image['owner'])
        path = f'/v2/images/{image["id"]}'
        for user, status in (('watcher', 200), ('alt_demo', 404)):
            self.assertEqual(status, self.ask(
                'GET', path, self.keystone.token(user)).status)
        self.assertEqual(200, self.ask(
            'GET', path, self.keystone.token('admin', 'admin')).status)

    def test_no_token_is_told_where_to_get_one(self):
        answer = self.ask('GET', '/v2/images')
        self.assertEqual(401, answer.status)
        self.assertEqual(f'Keystone uri="{self.keystone.url}"',
                         answer.headers['WWW-Authenticate'])

    def test_versions_and_health_need_no_token(self):
        self.assertEqual(300, self.ask('GET', '/').status)
        self.assertEqual(200, self.ask('GET', '/versions').status)
        self.assertEqual(200, self.ask('GET', '/healthcheck').status)

    def test_a_token_that_is_none_is_refused(self):
        self.assertEqual(401, self.lists('nonsense'))
        self.assertEqual(401, self.ask('GET', '/v2/images', 'x' * 5000).status)

    def test_a_revoked_token_is_refused(self):
        token = self.keystone.token('demo')
        self.assertEqual(200, self.lists(token))
        self.keystone.revoke(token)
        self.assertEqual(401, self.lists(token))

    def test_what_a_client_says_of_itself_is_not_believed(self):
        self.assertEqual(401, self.create(None, headers=_FORGED))
        reader = self.keystone.token('watcher')
        self.assertEqual(403, self.create(reader, headers=_FORGED))
        self.assertEqual(401, self.create('nonsense', headers=_FORGED))

    def test_the_roles_of_a_service_never_become_the_users(self):
        reader = self.keystone.token('watcher')
        # Of a user with the roles admin and service.
        service = self.keystone.token('nova')
        self.assertEqual(403, self.create(reader, service_token=service))
        self.assertEqual(200, self.lists(reader, service_token=service))
        self.assertEqual(401, self.lists(None, service_token=service))

    def test_a_service_may_go_on_with_a_token_that_ran_out(self):
        token = shared.expired_token('demo')
        self.assertEqual(401, self.lists(token))
        self.assertEqual(200, self.lists(
            token, service_token=self.keystone.token('nova')))
        # Whoever is no service may not.
        self.assertEqual(401, self.lists(
            token, service_token=self.keystone.token('alt_demo')))

    def test_a_token_of_no_project_owns_nothing(self):
        for scope in ({'system_scope': 'all'},
                      {'domain_id': 'default'}):
            token = self.keystone.token('admin', **scope)
            self.assertEqual((403, 403),
                             (self.create(token), self.lists(token)), scope)

    def test_a_token_without_scope_is_refused(self):
        token = self.keystone.token('demo', unscoped=True)
        self.assertIn(self.create(token), (401, 403))


class EndpointTest(testtools.TestCase):

    def test_links_lead_where_the_catalogue_does(self):
        keystone = shared.keystone()
        service = self.useFixture(service_module.CloudService(
            keystone, public_endpoint='https://cloud.example.net/image'))
        answer = service.client.get('/', persona=None)
        links = {link['href'] for version in answer.json['versions']
                 for link in version['links']}
        self.assertEqual({'https://cloud.example.net/image/v2/'}, links)


class TokenCacheTest(testtools.TestCase):

    def test_tokens_are_kept_in_memcached(self):
        memcached = self.useFixture(service_module.Memcached())
        keystone = shared.keystone()
        service = self.useFixture(service_module.CloudService(
            keystone, keystone_authtoken=keystone.authtoken(
                memcached_servers=memcached.address,
                memcache_security_strategy='ENCRYPT',
                memcache_secret_key='a secret of the service')))
        token = keystone.token('demo')
        for _ in range(2):
            answer = service.client.get('/v2/images', persona=None,
                                        headers={'X-Auth-Token': token})
            self.assertEqual(200, answer.status)
        statistics = memcached.statistics()
        self.assertEqual(('1', '1'), (statistics['total_items'],
                                      statistics['get_hits']))
        keystone.revoke(token)
        # What operators get for it: revocation takes token_cache_time.
        self.assertEqual(200, service.client.get(
            '/v2/images', persona=None,
            headers={'X-Auth-Token': token}).status)
