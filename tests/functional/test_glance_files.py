# SPDX-License-Identifier: Apache-2.0
"""A Paste file with Glance's factories, and a file with Glance's options."""
from oslo_utils import importutils
from oslo_utils import uuidutils
import testtools

from tests.compare import notifications
from tests.functional import application

_PASTE = '''
[composite:glance-api-trusted]
paste.composite_factory = glance.api:root_app_factory
/: api
/healthcheck: healthcheck

[composite:api]
paste.composite_factory = glance.api:pipeline_factory
default = cors http_proxy_to_wsgi versionnegotiation unauthenticated-context \
cache rootapp
trusted = cors http_proxy_to_wsgi versionnegotiation osprofiler context cache \
cachemanage gzip rootapp

[composite:rootapp]
paste.composite_factory = glance.api:root_app_factory
/: apiversions
/v2: apiv2app

[app:apiversions]
paste.app_factory = glance.api.versions:create_resource

[app:apiv2app]
paste.app_factory = glance.api.v2.router:API.factory

[app:healthcheck]
paste.app_factory = oslo_middleware:Healthcheck.app_factory
backends = disable_by_file
disable_by_file_path = /etc/glance/healthcheck_disable

[filter:versionnegotiation]
paste.filter_factory = glance.api.middleware.version_negotiation:\
VersionNegotiationFilter.factory

[filter:cache]
paste.filter_factory = glance.api.middleware.cache:CacheFilter.factory

[filter:cachemanage]
paste.filter_factory = glance.api.middleware.cache_manage:\
CacheManageFilter.factory

[filter:context]
paste.filter_factory = glance.api.middleware.context:ContextMiddleware.factory

[filter:unauthenticated-context]
paste.filter_factory = glance.api.middleware.context:\
UnauthenticatedContextMiddleware.factory

[filter:gzip]
paste.filter_factory = glance.api.middleware.gzip:GzipMiddleware.factory

[filter:osprofiler]
paste.filter_factory = osprofiler.web:WsgiMiddleware.factory

[filter:cors]
paste.filter_factory = oslo_middleware.cors:filter_factory
oslo_config_project = glance
oslo_config_program = glance-api

[filter:http_proxy_to_wsgi]
paste.filter_factory = oslo_middleware:HTTPProxyToWSGI.factory
'''


class GlancePasteTest(testtools.TestCase):

    def start(self, paste, flavor='trusted', started=True):
        """:returns: a service that reads ``paste``."""
        folder = self.useFixture(application.fixtures.TempDir()).path
        path = f'{folder}/glance-api-paste.ini'
        with open(path, 'w') as file:
            file.write(paste)
        return self.useFixture(application.Application(
            'eventlet', started=started, scrub_time=1,
            paste_deploy={'config_file': path, 'flavor': flavor}))

    def test_a_service_is_made_of_it(self):
        service = self.start(_PASTE)
        client = service.client
        image = client.create()
        self.assertEqual(204, client.upload(image['id'], b'data').status)
        self.assertEqual(b'data', client.download(image['id']).body)
        answer = client.get('/v2/images')
        self.assertIn('x-openstack-request-id', answer.headers)
        for path, status in (('/', 300), ('/versions', 200),
                             ('/healthcheck', 200), ('/v3', 300)):
            self.assertEqual(status, client.get(path).status, path)
        self.assertEqual(401, client.get('/v2/images', persona=None).status)
        self.assertEqual(415, client.patch(
            f'/v2/images/{image["id"]}', [],
            media_type='application/json').status)
        log = service.log_text()
        self.assertIn('GET /v2/images', log)
        self.assertEqual(1, log.count('without effect here'), log)
        self.assertIn('[DEFAULT] scrub_time', log)
        self.assertIn('the image cache', log)

    def test_a_factory_that_is_not_here_is_named(self):
        service = self.start(_PASTE.replace('GzipMiddleware', 'Other'),
                             started=False)
        self.assertEqual(1, service.run_server().wait())
        self.assertIn('[filter:gzip] glance.api.middleware.gzip:'
                      'Other.factory is not here', service.log_text())

    def test_a_flavor_with_the_image_cache_is_served_without(self):
        service = self.useFixture(application.Application(
            'wsgi', paste_deploy={'flavor': 'trusted+cachemanagement'}))
        self.assertEqual(200, service.client.get('/v2/images').status)


class ProfilerTest(testtools.TestCase):
    """The shipped pipeline with osprofiler, where that is installed."""

    def setUp(self):
        super().setUp()
        if not importutils.try_import('osprofiler'):
            self.skipTest('osprofiler is not installed')
        reason = notifications.unavailable()
        if reason:
            self.skipTest(reason)

    def test_who_knows_a_key_has_the_request_traced(self):
        utils = importutils.import_module('osprofiler._utils')
        packed, signature = utils.signed_pack(
            {'base_id': uuidutils.generate_uuid(),
             'parent_id': uuidutils.generate_uuid()}, 'the key')
        listener = notifications.Listener('profiler', 'openstack')
        self.addCleanup(listener.close)
        service = self.useFixture(application.Application(
            'eventlet', paste_deploy=application.SHIPPED_PASTE,
            transport_url=notifications.URL, profiler={
                'enabled': True, 'hmac_keys': 'the key',
                'connection_string': 'messaging://'}))
        for header, path in (('of another key', 'images'),
                             (signature, 'schemas/image')):
            self.assertEqual(200, service.client.get(
                f'/v2/{path}', headers={
                    'X-Trace-Info': packed, 'X-Trace-HMAC': header}).status)
        told = listener.take()['payload']
        self.assertEqual('wsgi-start', told['name'])
        self.assertEqual('/v2/schemas/image', told['info']['request']['path'])
