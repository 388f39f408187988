# SPDX-License-Identifier: Apache-2.0
"""Image data through the door: whole, broken off, refused, two at once."""
import hashlib
import os
import subprocess
import threading

import testscenarios

from tests.functional import application
from tests.functional import client

load_tests = testscenarios.load_tests_apply_scenarios

MIB = 1024 * 1024

#: Three and a half blocks, none like another.
DATA = os.urandom(3 * MIB + MIB // 2)


def sha512(data):
    return hashlib.sha512(data).hexdigest()


class UploadTest(application.SharedTestCase):
    """Uploads that go well, and their downloads."""

    scenarios = application.SCENARIOS

    def assert_holds(self, image_id, data):
        image = self.client.show(image_id)
        self.assertEqual('active', image['status'])
        self.assertEqual(len(data), image['size'])
        self.assertEqual('sha512', image['os_hash_algo'])
        self.assertEqual(sha512(data), image['os_hash_value'])
        self.assertEqual(hashlib.md5(data).hexdigest(), image['checksum'])
        answer = self.client.download(image_id)
        self.assertEqual(200, answer.status)
        self.assertEqual(str(len(data)), answer.headers['Content-Length'])
        self.assertEqual(image['checksum'], answer.headers['Content-MD5'])
        self.assertEqual(sha512(data), sha512(answer.body))

    def test_bytes_of_announced_length_come_back_as_they_went(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], DATA)
        self.assertEqual((204, b''), (answer.status, answer.body))
        self.assert_holds(image['id'], DATA)

    def test_bytes_of_a_chunked_body_come_back_as_they_went(self):
        image = self.client.create()
        parts = [DATA[:10], DATA[10:2 * MIB], DATA[2 * MIB:]]
        self.assertEqual(204,
                         self.client.upload(image['id'], parts).status)
        self.assert_holds(image['id'], DATA)

    def test_sizes_around_the_block_size_come_back_as_they_went(self):
        for size in (1, MIB - 1, MIB, MIB + 1, 2 * MIB):
            image = self.client.create()
            self.client.upload(image['id'], DATA[:size])
            self.assert_holds(image['id'], DATA[:size])

    def test_an_empty_body_makes_an_active_image_of_no_bytes(self):
        image = self.client.create()
        self.assertEqual(204, self.client.upload(image['id'], b'').status)
        self.assertEqual(0, self.client.show(image['id'])['size'])
        self.assertEqual('active', self.client.show(image['id'])['status'])

    def test_a_file_bears_the_name_of_its_image_and_nothing_else(self):
        image = self.client.create()
        self.client.upload(image['id'], DATA)
        path = self.application.store / image['id']
        self.assertEqual(sha512(DATA), sha512(path.read_bytes()))
        self.assertEqual(
            [image['id']],
            [name for name in self.application.files()
             if image['id'] in name])

    def test_an_image_without_data_answers_204_to_a_download(self):
        image = self.client.create()
        answer = self.client.download(image['id'])
        self.assertEqual((204, b''), (answer.status, answer.body))

    def test_data_of_an_active_image_cannot_be_written_again(self):
        image = self.client.create()
        self.client.upload(image['id'], DATA)
        answer = self.client.upload(image['id'], b'other')
        self.assertEqual(409, answer.status)
        self.assertIn('Image status transition from active to saving is not '
                      'allowed', answer.json['message'])
        self.assert_holds(image['id'], DATA)

    def test_deleting_an_image_deletes_its_data(self):
        image = self.client.create()
        self.client.upload(image['id'], DATA)
        answer = self.client.request('DELETE', f'/v2/images/{image["id"]}')
        self.assertEqual((204, b''), (answer.status, answer.body))
        self.assertNotIn(image['id'], self.application.files())
        self.assertEqual(404, self.client.download(image['id']).status)

    def test_a_disk_tells_its_virtual_size(self):
        folder = self.application.folder / self.id().rpartition('.')[2]
        folder.mkdir()
        for disk_format in ('qcow2', 'vdi', 'vhdx', 'raw'):
            data = self.disk(folder / disk_format, disk_format, '7M')
            image = self.client.create(disk_format=disk_format)
            self.assertEqual(204,
                             self.client.upload(image['id'], data).status)
            shown = self.client.show(image['id'])
            self.assertEqual(7 * MIB, shown['virtual_size'], disk_format)

    def disk(self, path, disk_format, size):
        """:returns: the bytes of a disk that qemu-img makes."""
        try:
            subprocess.run(['qemu-img', 'create', '-q', '-f', disk_format,
                            path, size], check=True)
        except FileNotFoundError:
            self.skipTest('There is no qemu-img.')
        return path.read_bytes()


class RangeTest(application.SharedTestCase):
    """Parts of image data (RFC 9110, section 14)."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.image = self.client.create()
        self.client.upload(self.image['id'], DATA)

    def part(self, header, value):
        return self.client.download(self.image['id'], {header: value})

    def assert_part(self, answer, start, stop):
        self.assertEqual(206, answer.status)
        self.assertEqual(f'bytes {start}-{stop - 1}/{len(DATA)}',
                         answer.headers['Content-Range'])
        self.assertEqual(str(stop - start),
                         answer.headers['Content-Length'])
        self.assertTrue(DATA[start:stop] == answer.body)

    def test_a_range_gets_its_bytes_and_nothing_more(self):
        for start, stop in ((0, 1), (5, 20), (MIB - 3, 2 * MIB + 7),
                            (0, len(DATA))):
            self.assert_part(self.part('Range', f'bytes={start}-{stop - 1}'),
                             start, stop)

    def test_a_range_without_an_end_goes_to_the_end(self):
        self.assert_part(self.part('Range', f'bytes={MIB}-'),
                         MIB, len(DATA))

    def test_a_range_beyond_the_end_stops_there(self):
        self.assert_part(self.part('Range', f'bytes={MIB}-{10 * MIB}'),
                         MIB, len(DATA))

    def test_a_suffix_range_gets_the_last_bytes(self):
        self.assert_part(self.part('Range', 'bytes=-10'),
                         len(DATA) - 10, len(DATA))

    def test_a_range_that_starts_beyond_the_end_is_416(self):
        answer = self.part('Range', f'bytes={len(DATA)}-')
        self.assertEqual(416, answer.status)


class _FailureTestCase(application.SharedTestCase):

    scenarios = application.SCENARIOS

    def assert_untouched(self, image):
        shown = self.client.show(image['id'])
        self.assertEqual('queued', shown['status'])
        for name in ('size', 'checksum', 'os_hash_algo', 'os_hash_value',
                     'virtual_size'):
            self.assertIsNone(shown[name])
        self.assertEqual([], [name for name in self.application.files()
                              if image['id'] in name])
        self.assertEqual(204, self.client.upload(image['id'], DATA).status)
        self.assertEqual(sha512(DATA),
                         self.client.show(image['id'])['os_hash_value'])


class RefusedUploadTest(_FailureTestCase):
    """Uploads that are refused leave nothing, and the image queued."""

    def test_more_bytes_than_announced_are_refused(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], [DATA],
                                    {'x-openstack-image-size': '100'})
        self.assertEqual(400, answer.status)
        self.assert_untouched(image)

    def test_fewer_bytes_than_announced_are_refused(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], DATA, {
            'x-openstack-image-size': str(len(DATA) + 1)})
        self.assertEqual(400, answer.status)
        self.assert_untouched(image)

    def test_an_announced_size_that_is_no_number_is_refused(self):
        for size in ('-1', 'x', '1.5'):
            image = self.client.create()
            answer = self.client.upload(image['id'], DATA,
                                        {'x-openstack-image-size': size})
            self.assertEqual(400, answer.status)
            self.assert_untouched(image)

    def test_a_media_type_other_than_octets_is_415(self):
        for media_type in ('application/json', 'text/plain', ''):
            image = self.client.create()
            answer = self.client.upload(image['id'], b'{}',
                                        {'Content-Type': media_type})
            self.assertEqual(415, answer.status)
            self.assert_untouched(image)

    def test_data_of_another_format_is_415(self):
        image = self.client.create(disk_format='qcow2')
        answer = self.client.upload(image['id'], DATA)
        self.assertEqual(415, answer.status)
        self.assertIn('Image disk_format qcow2 does not match stream data',
                      answer.json['message'])
        self.client.patch(f'/v2/images/{image["id"]}', [
            {'op': 'replace', 'path': '/disk_format', 'value': 'raw'}])
        self.assert_untouched(image)

    def test_formats_must_be_set_before_data_comes(self):
        answer = self.client.request('POST', '/v2/images', json={})
        image = answer.json
        self.assertEqual(400, self.client.upload(image['id'], DATA).status)
        self.client.patch(f'/v2/images/{image["id"]}', [
            {'op': 'replace', 'path': '/disk_format', 'value': 'raw'},
            {'op': 'replace', 'path': '/container_format',
             'value': 'bare'}])
        self.assert_untouched(image)

    def test_another_project_cannot_upload(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], DATA, persona='bob')
        self.assertEqual(404, answer.status)
        self.assert_untouched(image)

    def test_a_reader_of_the_project_cannot_upload(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], DATA, persona='alan')
        self.assertEqual(403, answer.status)
        self.assert_untouched(image)


class InterruptedUploadTest(_FailureTestCase):
    """The client goes away in the middle."""

    def cut(self, image, blocks, **headers):
        return self.client.cut(
            'PUT', f'/v2/images/{image["id"]}/file', blocks,
            {'Content-Type': client.OCTET_STREAM, **headers})

    def test_half_a_body_of_known_length_leaves_the_image_queued(self):
        image = self.client.create()
        self.cut(image, [DATA[:len(DATA) // 2]],
                 **{'Content-Length': str(len(DATA))})
        self.assert_untouched(image)

    def test_half_a_chunked_body_leaves_the_image_queued(self):
        image = self.client.create()
        self.cut(image, [DATA[:MIB], DATA[MIB:2 * MIB + 7]])
        self.assert_untouched(image)

    def test_no_byte_of_an_announced_body_leaves_the_image_queued(self):
        image = self.client.create()
        self.cut(image, [], **{'Content-Length': str(len(DATA))})
        self.assert_untouched(image)


class SimultaneousUploadTest(_FailureTestCase):
    """What happens to an image while its data is on the way."""

    def begin(self, image):
        """Start an upload that stops in the middle."""
        body = client.HeldBody(DATA[:2 * MIB], DATA[2 * MIB:])
        self.addCleanup(body.release)
        answers = []
        thread = threading.Thread(
            target=lambda: answers.append(
                self.client.upload(image['id'], body)))
        thread.start()
        self.addCleanup(thread.join)
        application.eventually(
            lambda: self.client.show(image['id'])['status'] == 'saving',
            'The upload begins')

        def finish():
            body.release()
            thread.join()
            return answers.pop()
        return finish

    def test_the_second_of_two_uploads_gets_409_and_the_first_204(self):
        image = self.client.create()
        finish = self.begin(image)
        answer = self.client.upload(image['id'], b'other bytes')
        self.assertEqual(409, answer.status)
        self.assertIn('Image status transition from saving to saving is not '
                      'allowed', answer.json['message'])
        self.assertEqual(204, finish().status)
        self.assertEqual(sha512(DATA),
                         self.client.show(image['id'])['os_hash_value'])

    def test_of_many_uploads_at_once_exactly_one_wins(self):
        image = self.client.create()
        start = threading.Barrier(6)
        statuses, winners = [], []

        def upload(data):
            start.wait()
            status = self.client.upload(image['id'], data).status
            statuses.append(status)
            if status == 204:
                winners.append(data)
        threads = [threading.Thread(target=upload,
                                    args=(DATA + bytes([number]),))
                   for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([204] + 5 * [409], sorted(statuses))
        self.assertEqual(sha512(winners[0]),
                         self.client.show(image['id'])['os_hash_value'])
        self.assertEqual(sha512(winners[0]),
                         sha512(self.client.download(image['id']).body))

    def test_a_saving_image_has_no_data_to_download(self):
        image = self.client.create()
        finish = self.begin(image)
        self.assertEqual(204, self.client.download(image['id']).status)
        finish()
        self.assertEqual(200, self.client.download(image['id']).status)

    def test_properties_can_be_changed_while_data_is_on_the_way(self):
        image = self.client.create()
        finish = self.begin(image)
        answer = self.client.patch(f'/v2/images/{image["id"]}', [
            {'op': 'add', 'path': '/color', 'value': 'red'},
            {'op': 'replace', 'path': '/name', 'value': 'renamed'}])
        self.assertEqual(200, answer.status)
        self.assertEqual(204, finish().status)
        shown = self.client.show(image['id'])
        self.assertEqual(('active', 'red', 'renamed'),
                         (shown['status'], shown['color'], shown['name']))

    def test_deleting_the_image_ends_the_upload_with_410_and_no_data(self):
        image = self.client.create()
        finish = self.begin(image)
        answer = self.client.request('DELETE', f'/v2/images/{image["id"]}')
        self.assertEqual(204, answer.status)
        self.assertEqual(410, finish().status)
        self.assertEqual(404, self.client.get(
            f'/v2/images/{image["id"]}').status)
        self.assertEqual([], [name for name in self.application.files()
                              if image['id'] in name])
