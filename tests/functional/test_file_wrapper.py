# SPDX-License-Identifier: Apache-2.0
"""Files go to the WSGI server as it can send them: unwrapped, in position."""
import os

import webob

from glancelite import deploy
from glancelite import exception
from tests.functional import application

DATA = b'0123456789' * 30


class Wrapper:
    """``wsgi.file_wrapper`` of a server that calls sendfile."""

    def __init__(self, file, block_size):
        self.file = file
        self.block_size = block_size

    def __iter__(self):
        raise AssertionError('the file was read, not sent')

    def sent(self, length):
        """:returns: what sendfile would send, then closes the file."""
        with self.file:
            return os.pread(self.file.fileno(), length, os.lseek(
                self.file.fileno(), 0, os.SEEK_CUR))


class FileWrapperTest(application.SharedTestCase):
    def setUp(self):
        super().setUp()
        self.image = self.client.create()
        self.client.upload(self.image['id'], DATA)

    def read(self, range_header=None, method='GET', **environ):
        """:returns: status, Content-Length and what the server is given."""
        request = webob.Request.blank(
            f'/v2/images/{self.image["id"]}/file', method=method,
            headers=self.client.personas.headers('alice'))
        if range_header:
            request.headers['Range'] = range_header
        request.environ.update(environ)
        status, headers, body = request.call_application(
            self.application.application)
        return int(status[:3]), int(dict(headers)['Content-Length']), body

    def test_a_file_is_handed_over_whole_and_in_part(self):
        for header, part in ((None, DATA), ('bytes=5-9', DATA[5:10]),
                             ('bytes=-10', DATA[-10:])):
            status, length, body = self.read(
                header, **{'wsgi.file_wrapper': Wrapper})
            self.assertEqual(206 if header else 200, status)
            self.assertIsInstance(body, Wrapper)
            self.assertEqual(part, body.sent(length))

    def test_uwsgi_gets_whole_files_alone(self):
        # It returns the file itself, and sends all of it.
        environ = {'wsgi.file_wrapper': lambda file, block_size: file,
                   'uwsgi.version': b'2'}
        status, length, body = self.read(**environ)
        self.assertEqual((200, 300), (status, length))
        with body:
            self.assertEqual(DATA, os.pread(body.fileno(), 1000, 0))
        status, length, body = self.read('bytes=5-9', **environ)
        self.assertEqual((206, 5), (status, length))
        self.assertEqual(b'56789', b''.join(body))
        body.close()

    def test_no_header_of_a_client_names_a_front_end(self):
        answer = self.client.download(self.image['id'], {
            'GLANCELITE_SENDFILE': '/', 'GLANCELITE-SENDFILE': '/',
            'X-Sendfile': '/'})
        self.assertEqual(DATA, answer.body)
        self.assertNotIn('X-Sendfile', answer.headers)

    def test_head_opens_nothing(self):
        status, length, body = self.read(
            method='HEAD', **{'wsgi.file_wrapper': Wrapper})
        self.assertEqual((200, 300, []), (status, length, list(body)))


class SendfileHeaderTest(application.SharedTestCase):
    def test_x_accel_redirect_without_prefixes_does_not_start(self):
        started = application.Application('wsgi')
        self.useFixture(started)
        started.configure(sendfile_header='X-Accel-Redirect')
        self.assertRaises(exception.ConfigurationError, deploy.load_app,
                          started.load_conf())

    def test_files_outside_the_prefixes_are_sent_from_here(self):
        started = self.useFixture(application.Application(
            'wsgi', sendfile_header='X-Accel-Redirect',
            sendfile_prefixes='/elsewhere:/_images'))
        image = started.client.create()
        started.client.upload(image['id'], DATA)
        answer = started.client.download(image['id'])
        self.assertEqual(DATA, answer.body)
        self.assertNotIn('X-Accel-Redirect', answer.headers)
