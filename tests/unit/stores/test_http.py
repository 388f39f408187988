# SPDX-License-Identifier: Apache-2.0
"""Stores on the web, and what of them is configured."""
import types

import fixtures
import testtools

from glancelite import exception
from glancelite.conf import stores as store_options
from glancelite.fetch import fetcher
from glancelite.stores import http
from glancelite.stores import registry
from tests.contract import read_only_driver
from tests.unit.fetch import wire


class HttpTestCase(testtools.TestCase):

    def make_driver(self):
        self.useFixture(fixtures.FakeLogger())
        self.offers = {}
        self.source = self.useFixture(wire.Source(self._serve))
        fetch = fetcher.Fetcher(wire.options(
            import_filtering_opts__allowed_hosts=['127.0.0.1'],
            import_filtering_opts__allowed_ports=[]))
        return http.HttpDriver('web', types.SimpleNamespace(
            store_description='The web', weight=3), fetch)

    def _serve(self, request):
        data = self.offers.get(request.path)
        if data is None:
            return wire.send(request, b'', 404)
        if request.path.startswith('/unsized'):
            request.send_response(200)
            request.end_headers()
            request.close_connection = True
            return request.command == 'GET' and request.wfile.write(data)
        first = request.headers.get('Range', '=0-').split('=')[1][:-1]
        if first == '0':
            return wire.send(request, data)
        wire.send(request, data[int(first):], 206, Content_Range=(
            f'bytes {first}-{len(data) - 1}/{len(data)}'))

    def offer(self, data, path='/data'):
        self.offers[path] = data
        return self.nothing(path)

    def nothing(self, path='/nothing'):
        return f'http://127.0.0.1:{self.source.address[1]}{path}'


class HttpContractTest(read_only_driver.ReadOnlyDriverContract,
                       HttpTestCase):
    """A store on the web keeps the contract."""


class HttpDriverTest(HttpTestCase):

    def setUp(self):
        super().setUp()
        self.driver = self.make_driver()

    def test_what_users_may_not_name_is_not_admitted(self):
        self.driver.admit(self.nothing())
        for url in ('http://localhost/', 'http://10.0.0.1/', 'http://'):
            self.assertRaises(exception.InvalidLocation, self.driver.admit,
                              url)

    def test_what_may_not_be_fetched_any_more_is_unavailable(self):
        for call in (self.driver.open, self.driver.size):
            self.assertRaises(exception.StoreUnavailable, call,
                              'http://169.254.169.254/')

    def test_a_size_that_is_not_told_is_not_known(self):
        url = self.offer(b'data', '/unsized')
        self.assertRaises(exception.SizeUnknown, self.driver.size, url)
        with self.driver.open(url) as file:
            self.assertEqual(b'data', file.read(10))

    def test_it_says_what_glance_says_of_it(self):
        self.assertEqual(
            ('http', False, 'The web', 3, {}),
            (self.driver.kind, self.driver.writable,
             self.driver.description, self.driver.weight,
             self.driver.properties()))


class ConfiguredTest(testtools.TestCase):
    """Which stores there are by the options."""

    def stores(self, **options):
        folder = self.useFixture(fixtures.TempDir()).path
        conf = wire.options(**options)
        store_options.register_backends(conf)
        for group in ('glance_store', *(conf.enabled_backends or ())):
            conf.set_override('filesystem_store_datadir', folder, group)
        return registry.Stores(conf, fetcher=object())

    def test_the_web_is_beside_the_files_by_default(self):
        stores = self.stores()
        self.assertFalse(stores.multiple)
        self.assertEqual(['file', 'http'], [each.kind for each in stores])
        self.assertEqual('file', stores.default.kind)
        self.assertEqual('http', stores.owning('https://x/').kind)
        self.assertIsNone(stores.owning('rbd://x/'))
        self.assertIsNone(stores.owning('http:/x'))

    def test_it_may_be_left_out(self):
        self.assertIsNone(self.stores(
            glance_store__stores=['file']).owning('http://x/'))

    def test_nobody_uploads_into_it(self):
        stores = self.stores(enabled_backends={'fast': 'file',
                                               'web': 'http'},
                             glance_store__default_backend='fast')
        self.assertRaises(exception.StoreReadOnly, stores.writable, 'web')
