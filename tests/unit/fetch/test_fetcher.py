# SPDX-License-Identifier: Apache-2.0
"""The fetcher against servers that behave, and against some that do not."""
import pathlib
import subprocess
import sys
import time

import fixtures
import testtools

from glancelite import exception
from glancelite.fetch import fetcher
from tests.unit.fetch import wire

DATA = bytes(range(256)) * 40
HOST = 'images.example.org'
URL = f'http://{HOST}/image.raw'
NAMES = {HOST: [[wire.SOURCE]]}

_CERTIFICATES = pathlib.Path(__file__).parent / 'certificates'


def _serve(request):
    """Answer with DATA, or the part of it that is asked for."""
    start, stop = 0, len(DATA)
    asked = request.headers.get('Range')
    if asked is None or request.path == '/whole':
        return wire.send(request, DATA)
    first, last = asked.removeprefix('bytes=').split('-')
    start = int(first)
    stop = int(last) + 1 if last else stop
    wire.send(request, DATA[start:stop], 206,
              Content_Range=f'bytes {start}-{stop - 1}/{len(DATA)}')


class FetcherTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.logger = self.useFixture(fixtures.FakeLogger())
        self.wire = self.useFixture(wire.Wire())

    def source(self, handle, port=80, certificate=None):
        source = self.useFixture(wire.Source(handle, certificate))
        self.wire.routes[(wire.SOURCE, port)] = source.address
        return source

    def fetcher(self, names=None, **values):
        self.resolver = wire.Resolver(names or NAMES)
        return fetcher.Fetcher(wire.options(**values), self.resolver)

    def read(self, stream, block_size=1000):
        with stream:
            return b''.join(iter(lambda: stream.read(block_size), b''))

    def assert_refused(self, function, *args):
        error = self.assertRaises(exception.FetchRefused, function, *args)
        self.assertEqual('The data cannot be read from the given URL.',
                         str(error))


class ReadingTest(FetcherTestCase):

    def test_the_data_and_its_size_are_read(self):
        self.source(_serve)
        fetch = self.fetcher()
        stream = fetch.open(URL)
        self.assertEqual(len(DATA), stream.size)
        self.assertEqual(DATA, self.read(stream))
        self.assertEqual(len(DATA), fetch.size(URL))

    def test_a_part_is_asked_for_by_range(self):
        source = self.source(_serve)
        fetch = self.fetcher()
        stream = fetch.open(URL, 100, 50)
        self.assertEqual(len(DATA), stream.size)
        self.assertEqual(DATA[100:150], self.read(stream, 7))
        self.assertEqual(DATA[9000:], self.read(fetch.open(URL, 9000)))
        self.assertEqual('bytes=9000-', source.requests[-1][2]['Range'])

    def test_a_server_that_knows_no_ranges_is_read_up_to_the_part(self):
        self.source(_serve)
        stream = self.fetcher().open(f'http://{HOST}/whole', 9000, 20)
        self.assertEqual(DATA[9000:9020], self.read(stream))

    def test_another_range_than_asked_for_is_refused(self):
        def serve(request):
            wire.send(request, DATA[1:11], 206,
                      Content_Range=f'bytes 1-10/{len(DATA)}')
        self.source(serve)
        self.assert_refused(self.fetcher().open, URL, 5)

    def test_data_without_an_announced_size_has_none(self):
        def serve(request):
            request.send_response(200)
            request.end_headers()
            if request.command == 'GET':
                request.wfile.write(DATA)
            request.close_connection = True
        self.source(serve)
        fetch = self.fetcher()
        self.assertIsNone(fetch.size(URL))
        self.assertEqual(DATA, self.read(fetch.open(URL)))

    def test_chunked_data_is_read(self):
        def serve(request):
            request.send_response(200)
            request.send_header('Transfer-Encoding', 'chunked')
            request.end_headers()
            if request.command == 'GET':
                request.wfile.write(b'a\r\n0123456789\r\n0\r\n\r\n')
        self.source(serve)
        fetch = self.fetcher()
        self.assertEqual(b'0123456789', self.read(fetch.open(URL)))
        self.assertIsNone(fetch.size(URL))

    def test_a_server_without_head_tells_its_size_by_get(self):
        def serve(request):
            if request.command == 'HEAD':
                return wire.send(request, b'', 403)
            wire.send(request, DATA)
        self.source(serve)
        self.assertEqual(len(DATA), self.fetcher().size(URL))

    def test_the_request_names_the_host_and_nothing_of_ours(self):
        source = self.source(_serve)
        self.read(self.fetcher().open(f'http://{HOST}/a?b=c%20d#e'))
        self.assertEqual([('GET', '/a?b=c%20d', {
            'Host': HOST, 'Accept-Encoding': 'identity',
            'User-Agent': 'glancelite', 'Connection': 'close'})],
            source.requests)

    def test_proxies_of_the_environment_are_not_used(self):
        for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy'):
            self.useFixture(fixtures.EnvironmentVariable(
                name, 'http://127.0.0.1:3128'))
        self.source(_serve)
        self.read(self.fetcher().open(URL))
        self.assertEqual([(wire.SOURCE, 80)], self.wire.seen)

    def test_the_next_address_is_tried_when_one_does_not_answer(self):
        self.source(_serve)
        fetch = self.fetcher({HOST: [['10.0.0.1', '2001:db8::1',
                                      wire.SOURCE]]})
        self.assertEqual(DATA, self.read(fetch.open(URL)))
        self.assertEqual([('10.0.0.1', 80), ('2001:db8::1', 80),
                          (wire.SOURCE, 80)], self.wire.seen)


class RefusalTest(FetcherTestCase):

    def test_every_failure_reads_the_same(self):
        answers = {
            'missing': lambda request: wire.send(request, b'', 404),
            'forbidden': lambda request: wire.send(request, b'', 403),
            'failing': lambda request: wire.send(request, b'', 500),
            'unmodified': lambda request: wire.send(request, b'', 304),
            'partial': lambda request: wire.send(request, b'x', 206),
            'garbage': lambda request: request.wfile.write(b'SSH-2.0-x\r\n'),
            'silent': lambda request: setattr(
                request, 'close_connection', True),
        }
        self.source(lambda request: answers[request.path[1:]](request))
        fetch = self.fetcher()
        for path in answers:
            self.assert_refused(fetch.open, f'http://{HOST}/{path}')
            self.assert_refused(fetch.size, f'http://{HOST}/{path}')
        self.wire.routes.clear()
        self.assert_refused(fetch.open, URL)
        self.assert_refused(fetch.open, 'http://unknown.example/')

    def test_the_operator_reads_why(self):
        self.source(lambda request: wire.send(request, b'', 404))
        self.assert_refused(self.fetcher().open, f'{URL}?signature=secret')
        self.assertIn(f'Fetching from {HOST} failed: status 404',
                      self.logger.output)
        self.assertNotIn('secret', self.logger.output)

    def test_data_that_ends_early_is_refused(self):
        def serve(request):
            request.send_response(200)
            request.send_header('Content-Length', '100')
            request.end_headers()
            request.wfile.write(b'x' * 99)
            request.close_connection = True
        self.source(serve)
        stream = self.fetcher().open(URL)
        self.addCleanup(stream.close)
        self.assertEqual(b'x' * 99, stream.read(200))
        self.assert_refused(stream.read, 200)

    def test_more_than_the_cap_is_too_large_announced_or_not(self):
        def serve(request):
            if request.path == '/announced':
                return wire.send(request, DATA)
            request.send_response(200)
            request.end_headers()
            request.wfile.write(DATA)
            request.close_connection = True
        self.source(serve)
        fetch = self.fetcher(image_size_cap=5000)
        url = f'http://{HOST}/announced'
        self.assertRaises(exception.ImageTooLarge, fetch.size, url)
        self.assertRaises(exception.ImageTooLarge, fetch.open, url)
        self.assertRaises(exception.ImageTooLarge, self.read,
                          fetch.open(URL))

    def test_a_server_that_does_not_answer_is_left(self):
        source = self.source(lambda request: source.stopping.wait())
        started = time.monotonic()
        self.assert_refused(self.fetcher(fetch__read_timeout=1).open, URL)
        self.assertLess(time.monotonic() - started, 10)

    def test_a_server_that_trickles_its_head_is_left(self):
        def serve(request):
            while not source.stopping.wait(0.1):
                request.wfile.write(b'X')
        source = self.source(serve)
        started = time.monotonic()
        self.assert_refused(self.fetcher(fetch__read_timeout=1).open, URL)
        self.assertLess(time.monotonic() - started, 10)

    def test_a_server_that_trickles_its_data_is_left(self):
        def serve(request):
            request.send_response(200)
            request.send_header('Content-Length', '1000000')
            request.end_headers()
            while not source.stopping.wait(0.1):
                request.wfile.write(b'X')
        source = self.source(serve)
        stream = self.fetcher(fetch__total_timeout=1).open(URL)
        self.assert_refused(self.read, stream, 1000)


class RedirectTest(FetcherTestCase):

    def test_a_redirect_is_followed_and_its_name_resolved(self):
        names = {**NAMES, 'mirror.example': [['10.0.0.2']]}
        first = self.source(lambda request: wire.redirect(
            request, 'http://mirror.example/b'))
        second = self.useFixture(wire.Source(_serve))
        self.wire.routes[('10.0.0.2', 80)] = second.address
        fetch = self.fetcher(names)
        self.assertEqual(DATA, self.read(fetch.open(URL)))
        self.assertEqual(DATA[5:], self.read(fetch.open(URL, 5)))
        self.assertEqual(len(DATA), fetch.size(URL))
        self.assertEqual([HOST, 'mirror.example'] * 3, self.resolver.asked)
        self.assertEqual('mirror.example', second.requests[0][2]['Host'])
        self.assertEqual(3, len(first.requests))

    def test_a_relative_redirect_is_followed(self):
        def serve(request):
            if request.path == '/image.raw':
                return wire.redirect(request, 'other', 308)
            _serve(request)
        source = self.source(serve)
        self.read(self.fetcher().open(URL))
        self.assertEqual('/other', source.requests[1][1])

    def test_no_redirect_leads_to_what_a_url_may_not_name(self):
        targets = (
            'http://127.0.0.1/', 'http://localhost/', 'http://2130706433/',
            'http://0x7f.1/', 'http://[::1]/', 'http://[::ffff:7f00:1]/',
            'http://169.254.169.254/latest/meta-data/', 'http://0/',
            'http://metadata.example/', 'http://a@127.0.0.1/', '//[::1]/',
            '//127.0.0.1/', 'http://images.example.org:22/', 'file:///x',
            'ftp://images.example.org/', 'http://[::1', 'gopher://x/',
            'HTTP://127.0.0.1/', 'http://loopback.example/', '\\\\x\\',
            'http://127.0.0.1\\@images.example.org/', 'http://')
        location = [None]
        self.source(lambda request: wire.redirect(request, location[0]))
        fetch = self.fetcher({
            **NAMES, 'loopback.example': [['127.0.0.1']],
            'localhost': [['127.0.0.1']],
            'metadata.example': [['fd00:ec2::254']]}, fetch__max_redirects=1)
        for location[0] in targets:
            self.assert_refused(fetch.open, URL)
            self.assert_refused(fetch.size, URL)
        self.assertEqual({(wire.SOURCE, 80)}, set(self.wire.seen))

    def test_redirects_end(self):
        source = self.source(lambda request: wire.redirect(request, URL))
        self.assert_refused(self.fetcher(fetch__max_redirects=3).open, URL)
        self.assertEqual(4, len(source.requests))
        self.assert_refused(self.fetcher(fetch__max_redirects=0).open, URL)
        self.assertEqual(5, len(source.requests))


class RebindingTest(FetcherTestCase):
    """A name whose address changes from one question to the next."""

    def test_the_address_that_was_checked_is_the_one_connected_to(self):
        self.source(_serve)
        fetch = self.fetcher({HOST: [[wire.SOURCE], ['127.0.0.1']]})
        self.assertEqual(DATA, self.read(fetch.open(URL)))
        self.assertEqual([HOST], self.resolver.asked)
        self.assertEqual([(wire.SOURCE, 80)], self.wire.seen)

    def test_what_was_allowed_when_checked_is_checked_when_read(self):
        self.source(_serve)
        fetch = self.fetcher({HOST: [[wire.SOURCE], ['127.0.0.1']]})
        fetch.check(URL)
        self.assert_refused(fetch.open, URL)
        self.assertEqual([], self.wire.seen)

    def test_a_redirect_to_the_same_name_is_checked_again(self):
        self.source(lambda request: wire.redirect(request, '/again'))
        fetch = self.fetcher({HOST: [[wire.SOURCE], ['169.254.169.254']]})
        self.assert_refused(fetch.open, URL)
        self.assertEqual([(wire.SOURCE, 80)], self.wire.seen)


class FilterTest(FetcherTestCase):
    """The operator's lists, as Glance's guide describes them."""

    def _allows(self, url, **values):
        fetch = self.fetcher({'mirror.example': [['10.1.1.1']],
                              'evil.example': [['10.66.0.1']]},
                             **{f'import_filtering_opts__{name}': value
                                for name, value in values.items()})
        try:
            fetch.check(url)
        except (exception.InvalidLocation, exception.FetchRefused):
            return False
        return True

    def test_a_host_that_is_named_may_be_anywhere(self):
        named = {'allowed_hosts': ['127.0.0.1', '[::1]', '2130706433',
                                   'Mirror.Example']}
        for host in ('127.0.0.1', '[::1]', '2130706433', 'mirror.example',
                     'MIRROR.example'):
            self.assertTrue(self._allows(f'http://{host}/', **named))
        for host in ('127.0.0.2', 'evil.example', '127.1', '10.0.0.1',
                     '[0::1]'):
            self.assertFalse(self._allows(f'http://{host}/', **named))

    def test_a_list_of_allowed_hosts_makes_the_other_list_void(self):
        lists = {'allowed_hosts': ['mirror.example'],
                 'disallowed_hosts': ['mirror.example', '10.0.0.0/8']}
        self.assertTrue(self._allows('http://mirror.example/', **lists))

    def test_disallowed_hosts_hold_for_names_addresses_and_networks(self):
        for entry in ('evil.example', 'EVIL.example', '10.66.0.1',
                      '10.66.0.0/16', '10.66.0.7/16'):
            self.assertFalse(self._allows('http://evil.example/',
                                          disallowed_hosts=[entry]))
            self.assertTrue(self._allows('http://mirror.example/',
                                         disallowed_hosts=[entry]))
        self.assertFalse(self._allows(
            'http://[64:ff9b::]/', disallowed_hosts=['64:ff9b::/96']))

    def test_ports_are_asked_only_when_a_url_names_one(self):
        host = 'http://mirror.example'
        self.assertTrue(self._allows(host, allowed_ports=[443]))
        self.assertFalse(self._allows(f'{host}:80', allowed_ports=[443]))
        self.assertTrue(self._allows(f'{host}:8080', allowed_ports=[]))
        self.assertFalse(self._allows(f'{host}:22', allowed_ports=[],
                                      disallowed_ports=[22]))
        self.assertTrue(self._allows(f'{host}:22', allowed_ports=[22],
                                     disallowed_ports=[22]))

    def test_schemes_are_asked(self):
        host = 'http://mirror.example'
        self.assertFalse(self._allows(host, allowed_schemes=['https']))
        self.assertFalse(self._allows(host, allowed_schemes=[],
                                      disallowed_schemes=['http']))
        self.assertFalse(self._allows('ftp://mirror.example/',
                                      allowed_schemes=['ftp']))

    def test_a_network_that_is_none_stops_the_start(self):
        self.assertRaises(
            exception.ConfigurationError, self._allows, 'http://x/',
            disallowed_hosts=['10.0.0.0/33'])

    def test_lists_are_read_with_brackets_and_without(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = folder / 'glance-image-import.conf'
        path.write_text(
            '[import_filtering_opts]\nallowed_hosts = [127.0.0.1, [::1]]\n'
            'allowed_ports = []\ndisallowed_ports = 22, 25\n'
            'disallowed_hosts = [a.example]\n')
        conf = wire.options()
        conf(['--config-file', str(path)])
        lists = conf.import_filtering_opts
        self.assertEqual(
            (['127.0.0.1', '[::1]'], [], [22, 25], ['a.example'],
             ['http', 'https']),
            (lists.allowed_hosts, lists.allowed_ports, lists.disallowed_ports,
             lists.disallowed_hosts, lists.allowed_schemes))


class TLSTest(FetcherTestCase):

    def setUp(self):
        super().setUp()
        self.tls_source = self.source(
            _serve, 443, str(_CERTIFICATES / 'images.example.org.pem'))
        self.ca = {'fetch__ca_file': str(_CERTIFICATES / 'ca.pem')}

    def test_the_certificate_is_verified_for_the_name(self):
        fetch = self.fetcher(**self.ca)
        self.assertEqual(DATA, self.read(fetch.open(f'https://{HOST}/x')))
        self.assertEqual(len(DATA), fetch.size(f'https://{HOST}/x'))
        self.assertEqual([(wire.SOURCE, 443)] * 2, self.wire.seen)

    def test_a_certificate_of_another_name_is_refused(self):
        fetch = self.fetcher({'other.example': [[wire.SOURCE]]}, **self.ca)
        self.assert_refused(fetch.open, 'https://other.example/x')
        self.assert_refused(fetch.open, f'https://{wire.SOURCE}/x')
        self.assertEqual([], self.tls_source.requests)

    def test_an_unknown_authority_is_refused(self):
        self.assert_refused(self.fetcher().open, f'https://{HOST}/x')
        self.assertEqual([], self.tls_source.requests)

    def test_a_ca_file_that_is_none_stops_the_start(self):
        self.assertRaises(exception.ConfigurationError, self.fetcher,
                          fetch__ca_file='/nonexistent/ca.pem')


class EventletTest(testtools.TestCase):

    def test_it_works_where_eventlet_has_replaced_the_sockets(self):
        source = self.useFixture(wire.Source(_serve))
        url = f'http://127.0.0.1:{source.address[1]}/image.raw'
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-m',
             'tests.unit.fetch.under_eventlet', url, str(len(DATA))],
            capture_output=True, text=True, timeout=60,
            cwd=pathlib.Path(__file__).parents[3])
        self.assertEqual((0, 'done\n'), (done.returncode, done.stdout),
                         done.stderr)
