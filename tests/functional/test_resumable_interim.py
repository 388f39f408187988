# SPDX-License-Identifier: Apache-2.0
"""104 (Upload Resumption Supported), where the server can send it."""
import os
import select
import signal
import urllib.parse

import testtools

from tests.functional import application
from tests.functional import client
from tests.functional import uploading

DATA = os.urandom(2 * 1024 * 1024)


class _Sender:
    """Sends requests to ``client``'s service, and hears all answers."""

    def connect(self):
        self.image = self.client.create()
        self.connection = self.client.connect()
        self.addCleanup(self.connection.close)
        self.file = self.connection.makefile('rb')
        self.addCleanup(self.file.close)

    def send_head(self, path=None, method='PUT', **headers):
        named = {name.replace('_', '-'): value
                 for name, value in headers.items()}
        self.connection.sendall(client.head(
            method, path or f'/v2/images/{self.image["id"]}/file',
            {**self.client.personas.headers('alice'),
             'Content-Type': client.OCTET_STREAM,
             'Content-Length': str(len(DATA)),
             'Upload-Draft-Interop-Version': '8', **named}))

    def receive(self):
        """:returns: status and headers of the next response."""
        status = int(self.file.readline().split()[1])
        headers = {}
        while (line := self.file.readline().decode().strip()):
            name, _, value = line.partition(': ')
            headers[name.lower()] = value
        return status, headers

    def hear(self):
        """Send a long part until something is told.

        :returns: the upload, status and headers of what is told, and the
            number of bytes sent.
        """
        upload = uploading.Upload(self.client, uploading.begin(
            self.client, self.image['id']))
        self.send_head(upload.path, 'PATCH', **{
            'Upload_Complete': '?0', 'Upload_Offset': '0',
            'Content_Type': uploading.PARTIAL,
            'Content_Length': str(2 ** 40)})
        sent = 0

        def told():
            nonlocal sent
            self.connection.sendall(DATA[:10000])
            sent += 10000
            return select.select([self.connection], [], [], 0.1)[0]
        application.eventually(told, 'Something is told')
        return upload, *self.receive(), sent


class InterimTest(_Sender, application.SharedTestCase):
    """What a client hears while it sends. Only glancelite-api tells."""

    mode = 'eventlet'

    def setUp(self):
        super().setUp()
        self.connect()

    def test_the_url_of_the_upload_comes_before_any_data_is_sent(self):
        self.send_head(Upload_Complete='?1')
        status, headers = self.receive()
        self.assertEqual((104, '8'), (
            status, headers['upload-draft-interop-version']))
        self.assertIn('max-size', headers['upload-limit'])
        self.assertIn(f'/v2/images/{self.image["id"]}/uploads/',
                      headers['location'])
        self.connection.sendall(DATA)
        status, headers = self.receive()
        self.assertEqual((204, '?1'), (status, headers['upload-complete']))
        self.assertTrue(DATA == self.client.download(self.image['id']).body)

    def test_an_upload_in_one_request_that_is_cut_can_be_gone_on_with(self):
        self.send_head(Upload_Complete='?1')
        status, headers = self.receive()
        self.connection.sendall(DATA[:1000])
        self.file.close()
        self.connection.close()
        upload = uploading.Upload.at(self.client, urllib.parse.urlsplit(
            headers['location']).path)
        self.assertEqual(1000, upload.offset())
        self.assertEqual(
            204, upload.append(1000, DATA[1000:], '?1').status)
        self.assertTrue(DATA == self.client.download(self.image['id']).body)

    def test_clients_of_another_version_of_the_draft_hear_nothing(self):
        for version in ('7', '9', 'x', ''):
            self.connect()
            self.send_head(Upload_Complete='?1',
                           Upload_Draft_Interop_Version=version)
            self.connection.sendall(DATA)
            self.assertEqual(204, self.receive()[0])

    def test_100_is_sent_as_well_to_those_who_wait_for_it(self):
        self.send_head(Upload_Complete='?1', Expect='100-continue')
        self.assertEqual(104, self.receive()[0])
        self.assertEqual(100, self.receive()[0])
        self.connection.sendall(DATA)
        self.assertEqual(204, self.receive()[0])

    def test_a_refusal_comes_alone(self):
        self.send_head(f'/v2/images/{self.image["id"]}x/file',
                       Upload_Complete='?1')
        self.assertEqual(404, self.receive()[0])

    def test_a_long_part_is_told_what_is_safe(self):
        upload, status, headers, sent = self.hear()
        self.assertEqual(104, status)
        self.assertNotIn('location', headers)
        self.assertTrue(0 < int(headers['upload-offset']) <= sent)


class SafetyTest(_Sender, testtools.TestCase):
    """What a client was told is true whatever happens."""

    def test_what_was_told_to_be_safe_is_there_after_a_kill(self):
        service = self.useFixture(application.Application('eventlet'))
        self.client = service.client
        self.connect()
        upload, status, headers, sent = self.hear()
        for pid in service.workers():
            os.kill(pid, signal.SIGKILL)
        told, offset = int(headers['upload-offset']), upload.offset()
        self.assertTrue(told <= offset <= sent, (told, offset, sent))
        upload.append(offset, b'end', '?1')
        data = (DATA[:10000] * (sent // 10000))[:offset] + b'end'
        self.assertTrue(
            data == self.client.download(self.image['id']).body)
