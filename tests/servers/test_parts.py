# SPDX-License-Identifier: Apache-2.0
"""Uploads in parts under every server."""
import testscenarios

from tests.functional import uploading
from tests.servers import test_image_data as image_data

MIB = 1024 * 1024
SIZE = 24 * MIB
DATA = b''.join(image_data.blocks(SIZE, MIB))

load_tests = testscenarios.load_tests_apply_scenarios


class PartsTest(image_data.ServerTestCase):

    def test_an_upload_in_parts_survives_a_cut(self):
        image = self.client.create()
        upload = uploading.Upload(self.client, uploading.begin(
            self.client, image['id'], DATA[:MIB], length=SIZE))
        upload.cut(MIB, [DATA[MIB:9 * MIB]], '?1',
                   {'Content-Length': str(SIZE - MIB)})
        offset = upload.offset()
        # A server that reads all of a body first gives us nothing of this.
        self.assertTrue(MIB <= offset <= 9 * MIB, offset)
        answer = upload.append(offset, iter([DATA[offset:20 * MIB]]))
        self.assertEqual((204, str(20 * MIB)), (
            answer.status, answer.headers['Upload-Offset']))
        answer = upload.append(20 * MIB, DATA[20 * MIB:], '?1')
        self.assertEqual((204, '?1'), (
            answer.status, answer.headers['Upload-Complete']))
        self.require_as_it_went(image, SIZE, image_data.sha512([DATA]))

    def test_a_wrong_offset_is_refused_before_its_data_is_read(self):
        image = self.client.create()
        upload = uploading.Upload(self.client, uploading.begin(
            self.client, image['id'], DATA[:MIB]))
        answer = upload.append(5, DATA)
        self.assertEqual((409, str(MIB)), (
            answer.status, answer.headers['Upload-Offset']))
        self.assertEqual(MIB, upload.offset())
        self.assertEqual(204, upload.request('DELETE').status)
