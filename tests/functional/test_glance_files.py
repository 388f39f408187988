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
            image_cache_dir='{folder}/cache',
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
        # Its pipeline names the filter of the image cache.
        application.eventually(
            lambda: client.get('/v2/cache', persona='admin').json[
                'cached_images'], 'It is cached')

    def test_a_factory_that_is_not_here_is_named(self):
        service = self.start(_PASTE.replace('GzipMiddleware', 'Other'),
                             started=False)
        self.assertEqual(1, service.run_server().wait())
        self.assertIn('[filter:gzip] glance.api.middleware.gzip:'
                      'Other.factory is not here', service.log_text())


class ProfilerTest(testtools.TestCase):
    """The shipped pipeline with osprofiler, where that is installed."""

    def setUp(self):
        super().setUp()
        if not importutils.try_import('osprofiler'):
            self.skipTest('osprofiler is not installed')
        reason = notifications.unavailable()
        if reason:
            self.skipTest(reason)

        self.listener = notifications.Listener('profiler', 'openstack')
        self.addCleanup(self.listener.close)

    def start(self, **profiler):
        """:returns: the client of a service that traces, with ``profiler``."""
        return self.useFixture(application.Application(
            'eventlet', paste_deploy=application.SHIPPED_PASTE,
            transport_url=notifications.URL, profiler={
                'enabled': True, 'hmac_keys': 'the key',
                'connection_string': 'messaging://', **profiler})).client

    def signed(self, key):
        """:returns: headers of who wants a trace, and knows ``key``."""
        utils = importutils.import_module('osprofiler._utils')
        packed, signature = utils.signed_pack(
            {'base_id': uuidutils.generate_uuid(),
             'parent_id': uuidutils.generate_uuid()}, key)
        return {'X-Trace-Info': packed, 'X-Trace-HMAC': signature}

    def spans(self):
        """:returns: what is told of the next request that is traced."""
        told = [self.listener.take()['payload']]
        while told[-1]['name'] != 'wsgi-stop':
            told.append(self.listener.take()['payload'])
        return told

    def test_who_knows_a_key_has_the_request_traced(self):
        client = self.start()
        for key, path in (('another key', 'images'), ('the key', 'images/1'),
                          ('the key', 'schemas/image')):
            client.get(f'/v2/{path}', headers=self.signed(key))
        for path in ('images/1', 'schemas/image'):
            began, ended = self.spans()
            self.assertEqual(['wsgi-start', 'wsgi-stop'],
                             [began['name'], ended['name']])
            self.assertEqual(f'/v2/{path}', began['info']['request']['path'])

    def test_statements_are_spans_of_the_request_where_that_is_wanted(self):
        client = self.start(trace_sqlalchemy=True)
        created = client.request(
            'POST', '/v2/images', headers=self.signed('the key'),
            json={'name': 'traced', 'where': 'http://user:sesame@host/'})
        self.assertEqual(201, created.status)
        client.show(created.json['id'])
        client.get('/v2/images', headers=self.signed('the key'))
        for first_word, text in (('INSERT', 'traced'), ('SELECT', 'LIMIT')):
            began, *statements, ended = self.spans()
            self.assertEqual(began['trace_id'], ended['trace_id'])
            starts, stops = statements[::2], statements[1::2]
            self.assertEqual([each['trace_id'] for each in starts],
                             [each['trace_id'] for each in stops])
            self.assertEqual(
                {('db-start', began['trace_id'], began['base_id'])},
                {(each['name'], each['parent_id'], each['base_id'])
                 for each in starts})
            self.assertEqual({'db-stop'}, {each['name'] for each in stops})
            told = [each['info']['db'] for each in starts]
            self.assertIn(text, str(
                [each for each in told
                 if each['statement'].startswith(first_word)]))
            self.assertNotIn('sesame', str(told))
