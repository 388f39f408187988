# SPDX-License-Identifier: Apache-2.0
"""No hostile URL leads to a connection, by whichever call it comes in."""
import types

import fixtures
import testtools

from glancelite import exception
from glancelite.data import threads
from glancelite.fetch import fetcher
from glancelite.tasks import import_sources
from tests.unit.fetch import hostile
from tests.unit.fetch import wire

_REFUSALS = (exception.InvalidLocation, exception.FetchRefused)


class HostileURLTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.wire = self.useFixture(wire.Wire())

    def _fetcher(self, **values):
        return fetcher.Fetcher(wire.options(**values),
                               wire.Resolver(otherwise='127.0.0.1'))

    def assert_refused(self, fetch, url):
        for call in (fetch.open, fetch.size, fetch.check):
            error = self.assertRaises(_REFUSALS, call, url)
            self.assertEqual(400, error.code)
            self.assertNotIn('127', str(error))
        self.assertEqual([], self.wire.seen, url)

    def test_the_table_is_long_enough_and_says_nothing_twice(self):
        self.assertGreaterEqual(len(hostile.URLS), 400)
        self.assertEqual(len(hostile.URLS), len(set(hostile.URLS)))

    def test_no_hostile_url_is_asked_for(self):
        fetch = self._fetcher()
        for url in hostile.URLS:
            self.assert_refused(fetch, url)

    def test_no_port_and_no_scheme_list_makes_an_address_less_forbidden(self):
        fetch = self._fetcher(
            import_filtering_opts__allowed_ports=[],
            import_filtering_opts__allowed_schemes=[])
        for url in hostile.URLS:
            if 'www.example.org:' not in url:
                self.assert_refused(fetch, url)

    def test_no_hostile_region_is_asked_for_an_image(self):
        """Whatever the catalogue says of where another region is."""
        service = types.SimpleNamespace(
            fetcher=self._fetcher(), threads=threads.NativeThreads,
            seal=types.SimpleNamespace(opened=lambda sealed: 'token'))
        source = import_sources.RegionSource(service)
        for url in hostile.URLS:
            work = types.SimpleNamespace(
                request=types.SimpleNamespace(uri=url, remote_id='x'),
                lease=types.SimpleNamespace(detail={}),
                task=types.SimpleNamespace(request_id='req-x'))
            for ask in (source.describe, source.open):
                self.assertRaises((*_REFUSALS, exception.RegionRefused),
                                  ask, work)
        self.assertEqual([], self.wire.seen)

    def test_no_redirect_leads_to_a_hostile_url(self):
        location = [None]
        source = self.useFixture(wire.Source(
            lambda request: wire.redirect(request, location[0])))
        self.wire.routes[(wire.SOURCE, 80)] = source.address
        fetch = fetcher.Fetcher(
            wire.options(fetch__max_redirects=1),
            wire.Resolver({'images.example': [[wire.SOURCE]]},
                          otherwise='127.0.0.1'))
        for location[0] in hostile.HEADERS:
            for call in (fetch.open, fetch.size):
                self.assertRaises(exception.FetchRefused, call,
                                  'http://images.example/')
        self.assertGreaterEqual(len(hostile.HEADERS), 390)
        self.assertEqual({(wire.SOURCE, 80)}, set(self.wire.seen))

    def test_naming_one_host_lets_in_no_other_spelling_of_it(self):
        fetch = self._fetcher(
            import_filtering_opts__allowed_hosts=['www.example.org',
                                                  '10.0.0.1'],
            import_filtering_opts__allowed_ports=[80, 443])
        for url in hostile.URLS:
            if not url.startswith(('http://www.example.org#',
                                   'http://www.example.org?')):
                self.assert_refused(fetch, url)
        for url in ('http://10.0.0.01/', 'http://10.1/',
                    'http://[::ffff:10.0.0.1]/', 'http://167772161/',
                    'http://10.0.0.1./', 'http://www.example.org./'):
            self.assert_refused(fetch, url)

    def test_a_name_with_one_forbidden_address_is_refused_for_it(self):
        for address in (*hostile.ADDRESSES, *hostile.IPV6, 'fe80::1%eth0',
                        '::ffff:10.0.0.1', '64:ff9b::a9fe:a9fe',
                        '2002:7f00:1::'):
            names = {'mixed.example': [[wire.SOURCE, address]],
                     'mixed6.example': [['2001:db8::1', address]]}
            fetch = fetcher.Fetcher(wire.options(), wire.Resolver(names))
            for name in names:
                self.assert_refused(fetch, f'http://{name}/')

    def test_a_name_without_an_address_is_refused_like_a_closed_port(self):
        fetch = fetcher.Fetcher(
            wire.options(), wire.Resolver({'empty.example': [[]]}))
        unknown = self.assertRaises(
            exception.FetchRefused, fetch.open, 'http://unknown.example/')
        empty = self.assertRaises(
            exception.FetchRefused, fetch.open, 'http://empty.example/')
        closed = self.assertRaises(
            exception.FetchRefused, fetch.open, f'http://{wire.SOURCE}/')
        forbidden = self.assertRaises(
            exception.FetchRefused, fetch.open, 'http://169.254.169.254/')
        self.assertEqual({str(closed)},
                         {str(unknown), str(empty), str(forbidden)})
        self.assertEqual([(wire.SOURCE, 80)], self.wire.seen)

    def test_other_addresses_may_be_asked(self):
        fetch = fetcher.Fetcher(wire.options(), wire.Resolver())
        for host in ('10.0.0.1', '172.16.0.1', '192.168.0.1', '100.64.0.1',
                     '8.8.8.8', '[2001:db8::1]', '[fd12:3456::1]',
                     '[64:ff9b::8.8.8.8]', '[2002:808:808::1]'):
            fetch.check(f'http://{host}/image.raw')
