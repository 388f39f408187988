# SPDX-License-Identifier: Apache-2.0
"""Ranges, conditions, digests and stores of image data, through the door."""
import base64
import hashlib
import os
import re

import hypothesis
from hypothesis import strategies
import testscenarios
import testtools

from tests.functional import application
from tests.functional import client

load_tests = testscenarios.load_tests_apply_scenarios

DATA = b'0123456789' * 30
MODES_OF_GET = ('GET', 'HEAD')


def coded(algorithm, data=DATA):
    digest = hashlib.new(algorithm, data).digest()
    return f':{base64.b64encode(digest).decode()}:'


class ReadTestCase(application.SharedTestCase):
    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.image = self.client.create(name='für alle.img')
        self.path = f'/v2/images/{self.image["id"]}/file'
        self.client.upload(self.image['id'], DATA)

    def read(self, method='GET', path=None, **headers):
        return self.client.request(
            method, path or self.path,
            headers={name.replace('_', '-'): value
                     for name, value in headers.items()})


class WholeTest(ReadTestCase):
    def test_get_and_head_tell_the_same_of_the_data(self):
        got, head = self.read(), self.read('HEAD')
        self.assertEqual((200, DATA), (got.status, got.body))
        self.assertEqual((200, b''), (head.status, head.body))
        sha512 = hashlib.sha512(DATA).hexdigest()
        for name, value in {
                'Content-Type': 'application/octet-stream',
                'Content-Length': '300',
                'Accept-Ranges': 'bytes',
                'ETag': f'"sha512-{sha512}"',
                'Repr-Digest': f'sha-512={coded("sha512")}',
                'Content-MD5': hashlib.md5(DATA).hexdigest(),
                'Cache-Control': 'private, no-cache',
                'Content-Disposition':
                    'attachment; filename="f_r alle.img"; '
                    "filename*=UTF-8''f%C3%BCr%20alle.img"}.items():
            self.assertEqual(value, got.headers[name])
            self.assertEqual(value, head.headers[name])
        self.assertIn('GMT', got.headers['Last-Modified'])

    def test_an_empty_image_is_data_too(self):
        image = self.client.create()
        self.client.upload(image['id'], b'')
        path = f'/v2/images/{image["id"]}/file'
        for range_header in (None, 'bytes=-5'):
            answer = self.read(path=path, Range=range_header or 'none=1')
            self.assertEqual((200, b'', '0'), (
                answer.status, answer.body,
                answer.headers['Content-Length']))
        answer = self.read(path=path, Range='bytes=0-')
        self.assertEqual((416, 'bytes */0'), (
            answer.status, answer.headers['Content-Range']))

    def test_an_image_without_data_has_nothing_to_read(self):
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/file'
        for method in MODES_OF_GET:
            answer = self.read(method, path, Range='bytes=0-4')
            self.assertEqual((204, b''), (answer.status, answer.body))
            self.assertEqual(412, self.read(
                method, path, If_Match='*').status)

    def test_head_is_authorized_as_get_is(self):
        for persona, status in (('alan', 403), ('bob', 404), ('nemo', 404)):
            for method in MODES_OF_GET:
                self.assertEqual(status, self.client.request(
                    method, self.path, persona=persona,
                    headers={'If-None-Match': '*'}).status)

    def test_allow_lists_head(self):
        for path in (self.path, f'/v2/images/{self.image["id"]}'):
            answer = self.read('LOCK', path)
            self.assertEqual(405, answer.status)
            self.assertIn('GET, HEAD', answer.headers['Allow'])

    def test_a_body_is_not_expected(self):
        answer = self.client.request('GET', self.path, body=b'{}')
        self.assertEqual(400, answer.status)
        self.assertIn('A body is not expected', answer.json['message'])


class PartTest(ReadTestCase):
    def test_a_range_is_answered_with_what_it_promises(self):
        for header, first, last in (
                ('bytes=0-9', 0, 9), ('bytes=10-', 10, 299),
                ('bytes=-5', 295, 299), ('bytes=-400', 0, 299),
                ('bytes=295-400', 295, 299), ('bytes=0-299', 0, 299)):
            answer = self.read(Range=header)
            self.assertEqual(
                (206, f'bytes {first}-{last}/300', DATA[first:last + 1]),
                (answer.status, answer.headers['Content-Range'],
                 answer.body))
            self.assertNotIn('Content-MD5', answer.headers)
            self.assertEqual(f'sha-512={coded("sha512")}',
                             answer.headers['Repr-Digest'])

    def test_a_range_that_is_not_there_is_416_with_the_size(self):
        for header, words in (
                ('bytes=300-', 'Invalid start position in Range header. '
                               'Start position MUST be in the inclusive '
                               'range [0, 299].'),
                ('bytes=-0', 'Invalid Range header.'),
                ('bytes=5-3', 'Invalid Range header.')):
            answer = self.read(Range=header)
            self.assertEqual((416, 'bytes */300'), (
                answer.status, answer.headers['Content-Range']))
            self.assertIn('The Range requested is not available.<br /><br />'
                          f'\n{words}', answer.json['message'])

    def test_several_ranges_are_refused_as_clients_know_it(self):
        answer = self.read(Range='bytes=0-4,10-14')
        self.assertEqual(400, answer.status)
        self.assertIn('Requests with multiple ranges are not supported',
                      answer.json['message'])

    def test_an_unknown_unit_and_a_head_make_no_range(self):
        self.assertEqual(200, self.read(Range='bits=0-5').status)
        answer = self.read('HEAD', Range='bytes=0-5')
        self.assertEqual((200, '300'), (
            answer.status, answer.headers['Content-Length']))

    def test_a_content_range_asks_as_well(self):
        answer = self.read(Content_Range='bytes 5-9/*')
        self.assertEqual((206, 'bytes 5-9/300', b'56789'), (
            answer.status, answer.headers['Content-Range'], answer.body))
        answer = self.read(Content_Range='bytes 290-310/*')
        self.assertEqual(416, answer.status)
        self.assertIn('Invalid stop position in Content-Range header. The '
                      'stop position MUST be in the inclusive range '
                      '[0, 299].', answer.json['message'])

    def test_if_range_decides_between_part_and_whole(self):
        shown = self.read('HEAD').headers
        for value, status in (
                (shown['ETag'], 206), (shown['Last-Modified'], 206),
                ('"other"', 200), ('W/' + shown['ETag'], 200),
                ('Tue, 24 Nov 2015 00:00:00 GMT', 200)):
            answer = self.read(Range='bytes=0-4', If_Range=value)
            self.assertEqual(status, answer.status, value)
        answer = self.read(Range='bytes=900-', If_Range='"other"')
        self.assertEqual((200, DATA), (answer.status, answer.body))


class ConditionTest(ReadTestCase):
    def test_conditions_are_answered_alike_by_get_and_head(self):
        shown = self.read('HEAD').headers
        tag, modified = shown['ETag'], shown['Last-Modified']
        old = 'Tue, 24 Nov 2015 00:00:00 GMT'
        for headers, status in (
                ({'If_None_Match': tag}, 304),
                ({'If_None_Match': '*'}, 304),
                ({'If_None_Match': f'"x","y", W/{tag}'}, 304),
                ({'If_None_Match': '"x"'}, 200),
                ({'If_None_Match': '"x"', 'If_Modified_Since': modified},
                 200),
                ({'If_Modified_Since': modified}, 304),
                ({'If_Modified_Since': old}, 200),
                ({'If_Match': tag}, 200), ({'If_Match': '*'}, 200),
                ({'If_Match': '"x"'}, 412), ({'If_Match': f'W/{tag}'}, 412),
                ({'If_Unmodified_Since': modified}, 200),
                ({'If_Unmodified_Since': old}, 412),
                ({'If_Match': tag, 'If_None_Match': tag}, 304)):
            for method in MODES_OF_GET:
                answer = self.read(method, **headers)
                self.assertEqual(status, answer.status, headers)
        answer = self.read(If_None_Match=tag, Range='bytes=900-')
        self.assertEqual((304, b'', tag), (
            answer.status, answer.body, answer.headers['ETag']))
        self.assertNotIn('Content-Length', answer.headers)

    def test_a_refused_head_has_the_headers_of_the_refused_get(self):
        unknown = '/v2/images/unknown'
        for path, persona, headers, status in (
                (self.path, 'alice', {'If-Match': '"x"'}, 412),
                (f'{unknown}/file', 'alice', {}, 404),
                (unknown, 'alice', {'Accept': 'text/html'}, 404),
                (unknown, None, {}, 401), ('/v2/unknown', 'alice', {}, 404),
                ('/v2/images', 'alice', {}, 405)):
            got, head = (self.client.request(
                'LOCK' if status == 405 and method == 'GET' else method,
                path, persona=persona, headers=headers)
                for method in MODES_OF_GET)
            self.assertEqual((status, status, b''), (
                got.status, head.status, head.body))
            for name in ('Content-Type', 'Content-Length'):
                self.assertEqual(got.headers[name], head.headers[name])
            self.assertEqual(str(len(got.body)), head.headers[
                'Content-Length'])

    def test_the_record_has_a_tag_of_what_its_reader_sees(self):
        path = f'/v2/images/{self.image["id"]}'
        got, head = self.read(path=path), self.read('HEAD', path)
        self.assertEqual((200, b''), (head.status, head.body))
        for name in ('ETag', 'Content-Length', 'Content-Type'):
            self.assertEqual(got.headers[name], head.headers[name])
        tag = got.headers['ETag']
        for method in MODES_OF_GET:
            answer = self.read(method, path, If_None_Match=tag)
            self.assertEqual((304, b'', tag), (
                answer.status, answer.body, answer.headers['ETag']))
        self.assertEqual(412, self.read(path=path, If_Match='"x"').status)
        self.client.patch(path, [
            {'op': 'add', 'path': '/colour', 'value': 'red'}])
        changed = self.read(path=path, If_None_Match=tag)
        self.assertEqual((200, 'red'), (changed.status,
                                        changed.json['colour']))
        self.assertNotEqual(tag, changed.headers['ETag'])


class DigestTest(application.SharedTestCase):
    scenarios = application.SCENARIOS

    def upload(self, status, body=DATA, image=None, **headers):
        """:returns: the answer, and the image afterwards."""
        image = image or self.client.create()
        answer = self.client.upload(
            image['id'], body, {name.replace('_', '-'): value
                                for name, value in headers.items()})
        self.assertEqual(status, answer.status, answer.body)
        shown = self.client.show(image['id'])
        self.assertEqual('active' if status == 204 else 'queued',
                         shown['status'])
        if status != 204:
            self.assertNotIn(image['id'], ' '.join(self.application.files()))
        return answer

    def test_what_the_data_is_can_be_announced(self):
        for field in (f'sha-512={coded("sha512")}',
                      f'sha-256={coded("sha256")}, md5={coded("md5")}',
                      f'sha-256={coded("sha256")}, unknown="x"', 'crc32c=1'):
            for name in ('Content_Digest', 'Repr_Digest'):
                self.upload(204, **{name: field})

    def test_other_data_than_announced_is_refused_and_can_come_again(self):
        for algorithm, name in digests():
            image = self.client.create()
            field = f'{name}={coded(algorithm, b"other")}'
            for body in (DATA, [DATA[:100], DATA[100:]]):
                answer = self.upload(400, body, image, Content_Digest=field)
                self.assertIn(f'The {algorithm} digest of the received data '
                              'is not the one announced.',
                              answer.json['message'])
            self.upload(204, image=image)

    def test_one_wrong_digest_is_enough(self):
        self.upload(400, Content_Digest=f'sha-512={coded("sha512")}',
                    Repr_Digest=f'sha-256={coded("sha256", b"x")}')

    def test_a_malformed_field_is_refused(self):
        for field in ('x y', 'sha-256=abc', 'sha-512=:AAAA:',
                      f'sha-512={coded("sha512")},'):
            answer = self.upload(400, Content_Digest=field)
            self.assertIn('Content-Digest', answer.json['message'])

    def test_a_part_is_not_taken_for_the_whole(self):
        image = self.client.create()
        answer = self.upload(400, image=image,
                             Content_Range='bytes 0-299/600')
        self.assertIn('Content-Range', answer.json['message'])
        self.upload(204, image=image)

    def test_another_size_than_announced_is_refused(self):
        for size, words in (
                ('299', 'Size exceeds: expected 299 bytes, got 300 bytes'),
                ('301', 'Size mismatch: expected 301 bytes, got 300 bytes'),
                ('-1', 'Size exceeds: expected -1 bytes, got 300 bytes')):
            for body in (DATA, [DATA]):
                answer = self.upload(400, body, x_openstack_image_size=size)
                self.assertIn(words, answer.json['message'])
        for size in ('abc', '', '6.0', '1_000', '+300', '300\xb2'):
            answer = self.upload(400, x_openstack_image_size=size)
            self.assertIn('Invalid or missing image size',
                          answer.json['message'])

    def test_the_size_announced_and_none_announced_are_taken(self):
        for size in ('300', '0', '0300'):
            self.upload(204, x_openstack_image_size=size)
            self.upload(204, [DATA], x_openstack_image_size=size)


def digests():
    """:returns: (hashlib name, name in fields) of checked algorithms."""
    return (('sha512', 'sha-512'), ('sha256', 'sha-256'), ('md5', 'md5'))


class OtherSizeTest(ReadTestCase):
    """Somebody has changed how long the file of an image is."""

    def resize(self, size):
        os.truncate(self.application.store / self.image['id'], size)

    def test_what_is_too_short_is_missing(self):
        for size in (len(DATA) - 1, 0):
            self.resize(size)
            for method in MODES_OF_GET:
                for headers in ({}, {'Range': 'bytes=0-9'}):
                    self.assertEqual(
                        404, self.read(method, **headers).status)

    def test_of_what_is_too_long_the_image_alone_is_sent(self):
        self.resize(len(DATA) + 10)
        answer = self.read()
        self.assertEqual((200, DATA), (answer.status, answer.body))
        answer = self.read(Range='bytes=-10')
        self.assertEqual((206, DATA[-10:]), (answer.status, answer.body))
        self.assertEqual('bytes 290-299/300', answer.headers['Content-Range'])
        self.assertEqual('300', self.read('HEAD').headers['Content-Length'])


class PreferTest(testtools.TestCase):
    def setUp(self):
        super().setUp()
        folder = self.useFixture(application.fixtures.TempDir()).path
        self.application = self.useFixture(application.Application(
            'wsgi', enabled_backends='fast:file,cheap:file',
            glance_store={'default_backend': 'fast'},
            fast={'filesystem_store_datadir': f'{folder}/fast'},
            cheap={'filesystem_store_datadir': f'{folder}/cheap'}))
        self.client = self.application.client
        self.image = self.client.create()
        self.path = f'/v2/images/{self.image["id"]}/file'
        self.client.upload(self.image['id'], DATA)

    def read(self, query, path=None, **more):
        return self.client.get(f'{path or self.path}?{query}', **more)

    def test_a_store_that_has_no_copy_is_passed_over(self):
        for query in ('prefer=cheap', 'prefer=fast', 'prefer=cheap,fast',
                      'prefer=', 'prefer=,', 'prefer=fast,,cheap',
                      'prefer=%20fast,%20cheap', 'other=1'):
            answer = self.read(query)
            self.assertEqual((200, DATA), (answer.status, answer.body))

    def test_an_unknown_store_is_refused(self):
        queued = self.client.create()
        for query in ('prefer=nope', 'prefer=fast,nope',
                      'prefer=fast&prefer=nope'):
            for path in (None, f'/v2/images/{queued["id"]}/file'):
                answer = self.read(query, path)
                self.assertEqual(400, answer.status)
                self.assertIn("Store 'nope' is not configured.",
                              answer.json['message'])

    def test_no_image_goes_before_no_store(self):
        self.assertEqual(404, self.read(
            'prefer=nope', '/v2/images/nope/file').status)

    def test_who_may_not_choose_a_store_may_still_read(self):
        policy = self.application.folder / 'policy.yaml'
        policy.write_text('download_from_store: "!"\n')
        self.application.configure(oslo_policy={'policy_file': policy})
        other = self.application.load_conf()
        answers = client.WsgiClient(application.loaded(self, other))
        answers.personas = self.client.personas
        self.assertEqual(200, answers.get(self.path).status)
        answer = answers.get(f'{self.path}?prefer=fast')
        self.assertEqual(403, answer.status)
        self.assertIn('download_from_store', answer.json['message'])

    def test_an_upload_to_an_unknown_store_reads_nothing(self):
        image = self.client.create()

        def body():
            raise AssertionError('the body was read')
            yield

        answer = self.client.upload(image['id'], body(), {
            'x-image-meta-store': 'nope', 'Expect': '100-continue'})
        self.assertEqual(400, answer.status)


class SingleStoreTest(application.SharedTestCase):
    def test_there_is_no_store_to_choose(self):
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/file'
        answer = self.client.get(f'{path}?prefer=fast')
        self.assertEqual(400, answer.status)
        self.assertIn('Store selection for download is not available when '
                      'multiple backends are not enabled.',
                      answer.json['message'])
        self.assertEqual(204, self.client.get(f'{path}?prefer=').status)


class PropertyTest(application.SharedTestCase):
    """Whatever a Range header says, the answer keeps its promise."""

    def setUp(self):
        super().setUp()
        self.image = self.client.create()
        self.client.upload(self.image['id'], DATA)

    @hypothesis.settings(deadline=None, max_examples=300)
    @hypothesis.given(
        strategies.sampled_from(('Range', 'Content-Range')),
        strategies.one_of(
            strategies.text(strategies.characters(
                min_codepoint=32, max_codepoint=255,
                exclude_characters='\x7f')),
            strategies.text('bytes=0123456789-,/* ', max_size=20),
            strategies.builds(
                '{}{}{}-{}{}'.format,
                strategies.sampled_from(('bytes=', 'bytes ', 'bytes= ')),
                strategies.sampled_from(('', ' ')),
                strategies.one_of(strategies.just(''),
                                  strategies.integers(-5, 400)),
                strategies.one_of(strategies.just(''),
                                  strategies.integers(-5, 400)),
                strategies.sampled_from(('', '/*', '/300', ',', ',1-2')))))
    def test_the_body_is_what_content_range_promises(self, name, header):
        answer = self.client.download(self.image['id'], {name: header})
        self.assertIn(answer.status, (200, 206, 400, 416))
        if answer.status == 200:
            self.assertEqual(DATA, answer.body)
        elif answer.status == 206:
            first, last = map(int, re.fullmatch(
                r'bytes (\d+)-(\d+)/300',
                answer.headers['Content-Range']).groups())
            self.assertEqual(DATA[first:last + 1], answer.body)
            self.assertEqual(str(len(answer.body)),
                             answer.headers['Content-Length'])
        elif answer.status == 416:
            self.assertEqual('bytes */300',
                             answer.headers['Content-Range'])
