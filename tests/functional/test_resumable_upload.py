# SPDX-License-Identifier: Apache-2.0
"""Uploads in parts, as draft-ietf-httpbis-resumable-upload has them."""
import hashlib
import os

import testscenarios

from tests.functional import application
from tests.functional import client
from tests.functional import uploading

load_tests = testscenarios.load_tests_apply_scenarios

MIB = 1024 * 1024
DATA = os.urandom(3 * MIB + 17)


class _UploadTestCase(application.SharedTestCase):

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.image = self.client.create()

    def begin(self, body=b'', **more):
        """:returns: the answer to a creation."""
        return uploading.begin(self.client, self.image['id'], body, **more)

    def upload(self, body=b'', **more):
        """:returns: an :class:`uploading.Upload` that was begun."""
        return uploading.Upload(self.client, self.begin(body, **more))

    def show(self):
        return self.client.show(self.image['id'])

    def files(self):
        return [name for name in self.application.files()
                if self.image['id'] in name]

    def assert_holds(self, data):
        image = self.show()
        self.assertEqual(
            ('active', len(data), hashlib.sha512(data).hexdigest(),
             hashlib.md5(data, usedforsecurity=False).hexdigest()),
            (image['status'], image['size'], image['os_hash_value'],
             image['checksum']))
        answer = self.client.download(self.image['id'])
        self.assertTrue(data == answer.body)
        self.assertEqual([self.image['id']], self.files())

    def assert_untouched(self):
        image = self.show()
        self.assertEqual(('queued', None, None, None),
                         (image['status'], image['size'], image['checksum'],
                          image['os_hash_value']))
        self.assertEqual([], self.files())
        self.assertEqual(
            204, self.client.upload(self.image['id'], b'later').status)

    def assert_problem(self, answer, status, name):
        self.assertEqual(status, answer.status)
        self.assertEqual('application/problem+json',
                         answer.headers['Content-Type'])
        self.assertEqual(uploading.PROBLEMS + name, answer.json['type'])
        self.assertEqual(status, answer.json['status'])


class CreationTest(_UploadTestCase):
    """The draft, "Upload Creation"."""

    def test_an_empty_creation_tells_where_to_go_on(self):
        answer = self.begin()
        self.assertEqual((201, b''), (answer.status, answer.body))
        self.assertIn(f'/v2/images/{self.image["id"]}/uploads/',
                      answer.headers['Location'])
        self.assertEqual('?0', answer.headers['Upload-Complete'])
        self.assertEqual('0', answer.headers['Upload-Offset'])
        self.assertEqual({'max-size': 1024 ** 4, 'max-age': 86400},
                         uploading.limits(answer))
        self.assertEqual('saving', self.show()['status'])

    def test_a_creation_may_bring_the_first_part(self):
        answer = self.begin(DATA[:MIB], length=len(DATA))
        self.assertEqual((201, str(MIB)), (
            answer.status, answer.headers['Upload-Offset']))

    def test_post_creates_as_well_and_nothing_else(self):
        upload = self.upload(b'abc', method='POST')
        self.assertEqual(3, upload.offset())
        answer = self.client.request(
            'POST', f'/v2/images/{self.image["id"]}/file', body=b'abc')
        self.assertEqual(405, answer.status)

    def test_an_image_without_formats_gets_no_upload(self):
        self.image = self.client.request('POST', '/v2/images', json={}).json
        self.assertEqual(400, self.begin().status)
        self.assertEqual('queued', self.show()['status'])

    def test_only_octets_begin_an_upload(self):
        answer = self.begin(headers={'Content-Type': 'text/plain'})
        self.assertEqual(415, answer.status)
        self.assert_untouched()

    def test_those_who_may_not_upload_may_not_begin(self):
        self.assertEqual(404, self.begin(persona='bob').status)
        self.assertEqual(403, self.begin(persona='alan').status)
        self.assert_untouched()

    def test_a_second_creation_is_409_and_told_where_the_first_is(self):
        upload = self.upload(b'abc')
        answer = self.begin(b'xyz')
        self.assertEqual(409, answer.status)
        self.assertTrue(answer.headers['Location'].endswith(upload.path))
        answer = self.client.upload(self.image['id'], b'xyz')
        self.assertEqual(409, answer.status)
        self.assertEqual(3, upload.offset())

    def test_a_length_beyond_the_largest_image_is_413_with_the_limit(self):
        answer = self.begin(length=2 * 1024 ** 4)
        self.assertEqual(413, answer.status)
        self.assertEqual(1024 ** 4, uploading.limits(answer)['max-size'])
        self.assertEqual('?1', answer.headers['Upload-Complete'])
        self.assert_untouched()

    def test_more_than_the_announced_length_ends_the_upload(self):
        answer = self.begin(DATA[:100], length=99)
        self.assert_problem(answer, 400, 'inconsistent-upload-length')
        self.assert_untouched()

    def test_fields_of_another_type_are_ignored(self):
        for value in ('true', '1', '?2', '"?0"', '?0, ?0', ''):
            image = self.client.create()
            answer = uploading.begin(self.client, image['id'], b'abc',
                                     complete=value)
            self.assertEqual(204, answer.status, value)
            self.assertEqual('active',
                             self.client.show(image['id'])['status'])

    def test_parameters_of_fields_are_ignored(self):
        upload = self.upload(b'abc', complete='?0;a=1;b="x, y"',
                             length='10;unit=byte')
        self.assertEqual('10', upload.head().headers['Upload-Length'])

    def test_a_length_of_another_type_is_ignored(self):
        for value in ('-1', '1.5', 'x', '?1', '1234567890123456'):
            self.image = self.client.create()
            upload = self.upload(length=value)
            self.assertNotIn('Upload-Length', upload.head().headers)

    def test_all_in_one_request_is_a_plain_upload(self):
        # Nobody could be told in time where to go on.
        answer = self.begin(DATA, complete='?1')
        self.assertEqual(204, answer.status)
        self.assertNotIn('Location', answer.headers)
        self.assert_holds(DATA)

    def test_all_in_one_request_that_is_cut_off_leaves_nothing(self):
        self.client.cut('PUT', f'/v2/images/{self.image["id"]}/file',
                        [DATA[:MIB]],
                        {'Content-Type': client.OCTET_STREAM,
                         'Upload-Complete': '?1',
                         'Content-Length': str(len(DATA))})
        self.assert_untouched()

    def test_a_creation_that_is_cut_off_can_be_gone_on_with(self):
        self.client.cut('PUT', f'/v2/images/{self.image["id"]}/file',
                        [DATA[:MIB]],
                        {'Content-Type': client.OCTET_STREAM,
                         'Upload-Complete': '?0',
                         'Content-Length': str(len(DATA))})
        answer = self.begin()
        self.assertEqual(409, answer.status)
        answer.status = 201
        upload = uploading.Upload(self.client, answer)
        self.assertEqual(MIB, upload.offset())
        upload.append(MIB, DATA[MIB:], '?1')
        self.assert_holds(DATA)


class RetrievalTest(_UploadTestCase):
    """The draft, "Offset Retrieval"."""

    def test_head_tells_how_far_the_upload_is(self):
        upload = self.upload(DATA[:MIB], length=len(DATA))
        answer = upload.head()
        self.assertEqual(204, answer.status)
        self.assertEqual(
            (str(MIB), '?0', str(len(DATA)), 'no-store'),
            tuple(answer.headers[name] for name in (
                'Upload-Offset', 'Upload-Complete', 'Upload-Length',
                'Cache-Control')))
        self.assertEqual(1024 ** 4, uploading.limits(answer)['max-size'])
        self.assertTrue(0 < uploading.limits(answer)['max-age'] <= 86400)

    def test_get_tells_the_same(self):
        upload = self.upload(DATA[:MIB])
        answer = upload.request('GET')
        self.assertEqual((204, str(MIB), b''), (
            answer.status, answer.headers['Upload-Offset'], answer.body))

    def test_a_length_that_nobody_told_is_left_out(self):
        self.assertNotIn('Upload-Length', self.upload().head().headers)

    def test_a_completed_upload_says_so_with_the_digest(self):
        upload = self.upload()
        upload.append(0, DATA, '?1')
        answer = upload.head()
        self.assertEqual((204, '?1', str(len(DATA)), str(len(DATA))), (
            answer.status, *(answer.headers[name] for name in (
                'Upload-Complete', 'Upload-Offset', 'Upload-Length'))))
        self.assertEqual(uploading.repr_digest(DATA),
                         answer.headers['Repr-Digest'])

    def test_unknown_uploads_are_404(self):
        upload = self.upload()
        other = self.client.create()
        known = upload.path
        for path in (f'/v2/images/{self.image["id"]}/uploads/unknown',
                     f'/v2/images/{self.image["id"]}/uploads/%F0%9F%98%80',
                     f'/v2/images/{self.image["id"]}/uploads/%00',
                     f'/v2/images/{self.image["id"]}/uploads/{other["id"]}',
                     known.replace(self.image['id'], other['id'])):
            upload.path = path
            self.assertEqual(404, upload.head().status)
            self.assertEqual(404, upload.append(0, b'abc').status)
            self.assertEqual(404, upload.request('DELETE').status)
        upload.path = known
        self.assertEqual(0, upload.offset())

    def test_those_who_may_not_upload_learn_nothing(self):
        upload = self.upload(b'abc')
        for persona, status in (('bob', 404), ('alan', 403)):
            self.assertEqual(status, upload.head(persona=persona).status)
            self.assertEqual(status, upload.append(
                3, b'def', persona=persona).status)
            self.assertEqual(status, upload.request(
                'DELETE', persona=persona).status)
        self.assertEqual(3, upload.offset())

    def test_options_tell_limits_before_there_is_an_upload(self):
        upload = self.upload()
        for path in (f'/v2/images/{self.image["id"]}/file', upload.path):
            answer = self.client.request('OPTIONS', path)
            self.assertEqual(200, answer.status)
            self.assertEqual(uploading.PARTIAL,
                             answer.headers['Accept-Patch'])
            self.assertEqual({'max-size': 1024 ** 4, 'max-age': 86400},
                             uploading.limits(answer))
            # As the answer to a method there is not.
            self.assertEqual(
                self.client.request('LOCK', path).headers['Allow'],
                answer.headers['Allow'])


class AppendTest(_UploadTestCase):
    """The draft, "Upload Append"."""

    def test_parts_become_an_image(self):
        upload = self.upload(DATA[:10], length=len(DATA))
        answer = upload.append(10, DATA[10:2 * MIB])
        self.assertEqual((204, '?0', str(2 * MIB)), (
            answer.status, answer.headers['Upload-Complete'],
            answer.headers['Upload-Offset']))
        answer = upload.append(2 * MIB, DATA[2 * MIB:], '?1')
        self.assertEqual((204, '?1'), (
            answer.status, answer.headers['Upload-Complete']))
        self.assertEqual(uploading.repr_digest(DATA),
                         answer.headers['Repr-Digest'])
        self.assert_holds(DATA)

    def test_chunked_parts_become_an_image(self):
        upload = self.upload(iter([DATA[:10], DATA[10:MIB]]))
        upload.append(MIB, iter([DATA[MIB:2 * MIB], DATA[2 * MIB:]]), '?1')
        self.assert_holds(DATA)

    def test_an_empty_last_part_completes_the_upload(self):
        upload = self.upload(DATA)
        answer = upload.append(len(DATA), b'', '?1')
        self.assertEqual((204, '?1'), (
            answer.status, answer.headers['Upload-Complete']))
        self.assert_holds(DATA)

    def test_an_upload_of_nothing_is_an_image_of_nothing(self):
        upload = self.upload()
        self.assertEqual(204, upload.append(0, b'', '?1').status)
        self.assert_holds(b'')

    def test_another_offset_is_409_with_the_right_one(self):
        upload = self.upload(DATA[:MIB])
        for offset in (0, MIB - 1, MIB + 1, len(DATA)):
            answer = upload.append(offset, DATA[offset:], '?1')
            self.assert_problem(answer, 409, 'mismatching-upload-offset')
            self.assertEqual(str(MIB), answer.headers['Upload-Offset'])
            self.assertEqual((MIB, offset), (
                answer.json['expected-offset'],
                answer.json['provided-offset']))
        upload.append(MIB, DATA[MIB:], '?1')
        self.assert_holds(DATA)

    def test_a_part_needs_its_header_fields(self):
        upload = self.upload()
        for name in ('Upload-Offset', 'Upload-Complete'):
            for value in ('', 'x', '-1', '1.0'):
                answer = upload.append(0, b'abc', headers={name: value})
                self.assertEqual(400, answer.status)
                self.assertIn(name, answer.json['message'])
        self.assertEqual(0, upload.offset())

    def test_a_part_of_another_media_type_is_415(self):
        upload = self.upload()
        answer = upload.append(0, b'abc', headers={
            'Content-Type': client.OCTET_STREAM})
        self.assertEqual(415, answer.status)
        self.assertEqual(uploading.PARTIAL, answer.headers['Accept-Patch'])
        self.assertEqual(0, upload.offset())

    def test_a_length_that_differs_from_before_is_refused(self):
        upload = self.upload(DATA[:10], length=20)
        for body, complete, length in ((b'x', '?0', 21), (b'x', '?1', 20),
                                       (b'x', '?1', None)):
            answer = upload.append(
                10, body, complete,
                {} if length is None else {'Upload-Length': str(length)})
            self.assert_problem(answer, 400, 'inconsistent-upload-length')
        self.assertEqual(10, upload.offset())
        upload.append(10, DATA[10:20], '?1', {'Upload-Length': '20'})
        self.assert_holds(DATA[:20])

    def test_lengths_that_contradict_each_other_are_not_remembered(self):
        upload = self.upload(DATA[:10])
        answer = upload.append(10, b'xyz', '?1', {'Upload-Length': '20'})
        self.assert_problem(answer, 400, 'inconsistent-upload-length')
        self.assertNotIn('Upload-Length', upload.head().headers)
        upload.append(10, DATA[10:15], '?1')
        self.assert_holds(DATA[:15])

    def test_a_length_may_be_told_later(self):
        upload = self.upload(DATA[:10])
        upload.append(10, DATA[10:20], headers={'Upload-Length': '30'})
        self.assertEqual('30', upload.head().headers['Upload-Length'])
        answer = upload.append(20, DATA[20:30], headers={
            'Upload-Length': '29'})
        self.assert_problem(answer, 400, 'inconsistent-upload-length')

    def test_more_than_the_length_ends_the_upload(self):
        upload = self.upload(DATA[:10], length=20)
        answer = upload.append(10, DATA[10:21])
        self.assert_problem(answer, 400, 'inconsistent-upload-length')
        self.assertEqual('?1', answer.headers['Upload-Complete'])
        self.assertEqual(404, upload.head().status)
        self.assert_untouched()

    def test_completing_too_early_is_refused_and_can_be_made_good(self):
        upload = self.upload(DATA[:10], length=30)
        answer = upload.append(10, iter([DATA[10:20]]), '?1')
        self.assert_problem(answer, 400, 'inconsistent-upload-length')
        self.assertEqual(20, upload.offset())
        upload.append(20, DATA[20:30], '?1')
        self.assert_holds(DATA[:30])

    def test_nothing_follows_on_a_completed_upload(self):
        upload = self.upload()
        upload.append(0, DATA, '?1')
        for body, complete in ((b'more', '?0'), (b'', '?1')):
            answer = upload.append(len(DATA), body, complete)
            self.assert_problem(answer, 400, 'completed-upload')
        self.assert_holds(DATA)

    def test_what_came_before_a_cut_counts(self):
        upload = self.upload(length=len(DATA))
        upload.cut(0, [DATA[:1000]],
                   headers={'Content-Length': str(len(DATA))})
        first = self.reached(upload, 1000)
        upload.cut(first, [DATA[first:2 * MIB]], '?1',
                   {'Content-Length': str(len(DATA) - first)})
        second = self.reached(upload, 2 * MIB)
        upload.append(second, DATA[second:], '?1')
        self.assert_holds(DATA)

    def reached(self, upload, sent):
        """:returns: how far an upload is, of which so much was sent."""
        offset = upload.offset()
        least = sent - self.application.keeps_back
        self.assertTrue(least <= offset <= sent, offset)
        return offset

    def test_what_came_of_a_chunked_part_before_a_cut_may_count(self):
        upload = self.upload()
        upload.cut(0, [DATA[:MIB], DATA[MIB:2 * MIB]])
        offset = upload.offset()
        self.assertTrue(MIB <= offset <= 2 * MIB, offset)
        upload.append(offset, DATA[offset:], '?1')
        self.assert_holds(DATA)

    def test_a_cut_last_part_does_not_complete(self):
        upload = self.upload()
        upload.cut(0, [DATA[:MIB]], '?1',
                   {'Content-Length': str(len(DATA))})
        self.assertEqual('saving', self.show()['status'])
        self.assertEqual(MIB, upload.offset())

    def test_properties_can_be_changed_between_parts(self):
        upload = self.upload(DATA[:MIB])
        answer = self.client.patch(f'/v2/images/{self.image["id"]}', [
            {'op': 'add', 'path': '/color', 'value': 'red'}])
        self.assertEqual(200, answer.status)
        upload.append(MIB, DATA[MIB:], '?1')
        self.assertEqual('red', self.show()['color'])
        self.assert_holds(DATA)


class DigestTest(_UploadTestCase):
    """The draft, "Integrity Digests"."""

    def test_a_digest_told_at_the_beginning_is_checked_at_the_end(self):
        for algorithm in ('sha-512', 'sha-256', 'md5'):
            self.image = self.client.create()
            upload = self.upload(DATA[:MIB], headers={
                'Repr-Digest': uploading.repr_digest(DATA, algorithm)})
            answer = upload.append(MIB, DATA[MIB:], '?1')
            self.assertEqual(204, answer.status)
            self.assert_holds(DATA)

    def test_a_digest_told_at_the_end_is_checked(self):
        for algorithm in ('sha-512', 'sha-256'):
            self.image = self.client.create()
            upload = self.upload(DATA)
            answer = upload.append(len(DATA), b'', '?1', {
                'Repr-Digest': uploading.repr_digest(DATA, algorithm)})
            self.assertEqual(204, answer.status)
            self.assert_holds(DATA)

    def test_another_digest_ends_the_upload_and_leaves_nothing(self):
        wrong = {'Repr-Digest': uploading.repr_digest(b'other')}
        for first, last in ((wrong, {}), ({}, wrong)):
            self.image = self.client.create()
            upload = self.upload(DATA[:MIB], headers=first)
            answer = upload.append(MIB, DATA[MIB:], '?1', last)
            self.assertEqual(400, answer.status)
            self.assertEqual('?1', answer.headers['Upload-Complete'])
            self.assertIn('digest', answer.json['message'])
            self.assertEqual(404, upload.head().status)
            self.assert_untouched()

    def test_a_part_whose_digest_is_right_is_taken(self):
        upload = self.upload(DATA[:MIB], headers={
            'Content-Digest': uploading.repr_digest(DATA[:MIB])})
        answer = upload.append(MIB, DATA[MIB:], '?1', {
            'Content-Digest': uploading.repr_digest(DATA[MIB:], 'sha-256')})
        self.assertEqual(204, answer.status)
        self.assert_holds(DATA)

    def test_a_part_with_another_digest_is_not_taken_and_can_be_sent_again(
            self):
        upload = self.upload(DATA[:MIB])
        wrong = {'Content-Digest': uploading.repr_digest(b'other')}
        for complete in ('?0', '?1'):
            answer = upload.append(MIB, DATA[MIB:], complete, wrong)
            self.assertEqual(400, answer.status)
            self.assertNotIn('Upload-Complete', answer.headers)
            self.assertEqual(MIB, upload.offset())
        upload.append(MIB, DATA[MIB:], '?1')
        self.assert_holds(DATA)

    def test_a_first_part_with_another_digest_leaves_nothing(self):
        answer = self.begin(DATA[:MIB], headers={
            'Content-Digest': uploading.repr_digest(b'other')})
        self.assertEqual(400, answer.status)
        self.assert_untouched()

    def test_a_field_that_is_no_digest_is_refused(self):
        answer = self.begin(headers={'Repr-Digest': 'sha-512=1234'})
        self.assertEqual(400, answer.status)
        self.assert_untouched()


class CancellationTest(_UploadTestCase):
    """The draft, "Upload Cancellation"; and other ways to an end."""

    def test_a_cancelled_upload_leaves_nothing(self):
        upload = self.upload(DATA[:MIB])
        self.assertEqual(204, upload.request('DELETE').status)
        self.assertEqual(404, upload.head().status)
        self.assertEqual(404, upload.append(MIB, b'abc').status)
        self.assertEqual(404, upload.request('DELETE').status)
        self.assert_untouched()

    def test_after_a_cancellation_another_upload_may_begin(self):
        self.upload(DATA[:MIB]).request('DELETE')
        upload = self.upload(b'other ')
        upload.append(6, b'bytes', '?1')
        self.assert_holds(b'other bytes')

    def test_cancelling_a_completed_upload_leaves_the_image(self):
        upload = self.upload()
        upload.append(0, DATA, '?1')
        self.assertEqual(204, upload.request('DELETE').status)
        self.assertEqual(404, upload.head().status)
        self.assert_holds(DATA)

    def test_deleting_the_image_ends_its_upload(self):
        upload = self.upload(DATA[:MIB])
        answer = self.client.request('DELETE',
                                     f'/v2/images/{self.image["id"]}')
        self.assertEqual(204, answer.status)
        self.assertEqual(404, upload.head().status)
        self.assertEqual([], self.files())

    def test_data_of_another_format_ends_the_upload(self):
        self.image = self.client.create(disk_format='qcow2')
        upload = self.upload()
        answer = upload.append(0, DATA, '?1')
        self.assertEqual(415, answer.status)
        self.assertEqual('?1', answer.headers['Upload-Complete'])
        self.assertEqual(404, upload.head().status)
        self.assertEqual([], self.files())
        self.assertEqual('queued', self.show()['status'])


class ConcurrencyTest(_UploadTestCase):
    """The draft, "Concurrency"."""

    def hang(self, upload, *arguments):
        """As ``upload.hang``; the part has begun when this returns."""
        finish = upload.hang(self, *arguments)
        application.eventually(
            lambda: any(name.rpartition('.')[0].startswith('.glancelite')
                        for name in self.files()), 'The part begins')
        return finish

    def test_asking_for_the_offset_ends_a_part_that_hangs(self):
        upload = self.upload()
        finish = self.hang(upload, 0, DATA[:2 * MIB], b'late', '?1')
        offset = upload.offset()
        answer = upload.append(offset, DATA[offset:], '?1')
        self.assertEqual(204, answer.status)
        self.assertEqual(409, finish().status)
        self.assert_holds(DATA)

    def test_a_new_part_ends_one_that_hangs(self):
        upload = self.upload()
        finish = self.hang(upload, 0, DATA[:MIB], DATA[MIB:], '?1')
        answer = upload.append(0, DATA[:1000])
        self.assertEqual(204, answer.status)
        self.assertEqual(409, finish().status)
        self.assertEqual(1000, upload.offset())
        upload.append(1000, DATA[1000:], '?1')
        self.assert_holds(DATA)

    def test_cancelling_ends_a_part_that_hangs(self):
        upload = self.upload()
        finish = self.hang(upload, 0, DATA[:2 * MIB], DATA[2 * MIB:], '?1')
        self.assertEqual(204, upload.request('DELETE').status)
        self.assertEqual(409, finish().status)
        self.assert_untouched()

    def test_deleting_the_image_ends_a_part_with_410(self):
        upload = self.upload()
        finish = self.hang(upload, 0, DATA[:2 * MIB], DATA[2 * MIB:], '?1')
        answer = self.client.request('DELETE',
                                     f'/v2/images/{self.image["id"]}')
        self.assertEqual(204, answer.status)
        self.assertEqual(410, finish().status)
        self.assertEqual([], self.files())

    def test_of_many_parts_at_once_the_bytes_of_one_are_taken(self):
        upload = self.upload(b'begin ')
        parts = [bytes([65 + number]) * 50000 for number in range(6)]
        statuses = uploading.at_once([
            lambda part=part: upload.append(6, part).status
            for part in parts])
        self.assertEqual(1, statuses.count(204), statuses)
        self.assertEqual({204, 409}, set(statuses))
        offset = upload.offset()
        upload.append(offset, b'', '?1')
        data = self.client.download(self.image['id']).body
        self.assertIn(data, [b'begin ' + part for part in parts])


class PlainUploadTest(_UploadTestCase):
    """Whoever sends no fields of the draft notices nothing of it."""

    def test_a_plain_upload_is_what_it_was(self):
        answer = self.client.upload(self.image['id'], DATA)
        self.assertEqual((204, b''), (answer.status, answer.body))
        self.assertEqual([], [name for name in answer.headers
                              if name.lower().startswith('upload-')])
        self.assert_holds(DATA)

    def test_a_cut_plain_upload_leaves_nothing(self):
        self.client.cut('PUT', f'/v2/images/{self.image["id"]}/file',
                        [DATA[:MIB]],
                        {'Content-Type': client.OCTET_STREAM,
                         'Content-Length': str(len(DATA))})
        self.assert_untouched()
