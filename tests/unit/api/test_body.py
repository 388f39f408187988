# SPDX-License-Identifier: Apache-2.0
"""Bodies, told from broken ones, and uWSGI's chunks as a file."""
import io
import os

import hypothesis
from hypothesis import strategies
import testtools

from glancelite import exception
from glancelite.api import body
from glancelite.api import resource


def request(data=b'', **environ):
    return resource.Request({'wsgi.input': io.BytesIO(data), **environ})


class BodyStreamTest(testtools.TestCase):
    def test_without_length_or_chunks_there_is_no_body(self):
        self.assertEqual(b'', body.BodyStream(request(b'next')).read(10))

    def test_no_more_than_the_length_is_read(self):
        stream = body.BodyStream(request(b'abcdef', CONTENT_LENGTH='4'))
        self.assertEqual([b'abc', b'd', b''],
                         [stream.read(3) for _ in range(3)])

    def test_an_early_end_is_an_error(self):
        stream = body.BodyStream(request(b'abc', CONTENT_LENGTH='4'))
        self.assertRaises(exception.IncompleteBody, stream.read, 10)

    def test_chunks_are_read_where_the_server_ends_them(self):
        chunked = {'HTTP_TRANSFER_ENCODING': 'Chunked'}
        self.assertRaises(exception.LengthRequired, body.BodyStream,
                          request(b'abc', **chunked))
        stream = body.BodyStream(request(
            b'abc', **chunked, **{'wsgi.input_terminated': True}))
        self.assertEqual(b'abc', stream.read(10))

    def test_other_codings_are_refused(self):
        self.assertRaises(
            exception.LengthRequired, body.BodyStream,
            request(HTTP_TRANSFER_ENCODING='gzip, chunked',
                    **{'wsgi.input_terminated': True}))

    def test_more_than_announced_is_refused_as_it_comes(self):
        stream = body.BodyStream(request(
            b'abcdef', HTTP_TRANSFER_ENCODING='chunked',
            **{'wsgi.input_terminated': True}), 4)
        self.assertEqual(b'abc', stream.read(3))
        self.assertRaises(exception.SizeExceeded, stream.read, 3)

    def test_reading_is_noted_and_nothing_else_is(self):
        asked = request(b'abc', CONTENT_LENGTH='3')
        stream = body.BodyStream(asked)
        self.assertNotIn(body.BEGUN, asked.environ)
        stream.read(1)
        self.assertIn(body.BEGUN, asked.environ)


class UwsgiTest(testtools.TestCase):
    @hypothesis.given(strategies.lists(strategies.binary(min_size=1)),
                      strategies.lists(strategies.integers(0, 20)))
    def test_chunks_read_as_a_file_does(self, chunks, sizes):
        left = [*chunks, b'']
        file = body.UwsgiChunks(lambda: left.pop(0))
        expected = io.BytesIO(b''.join(chunks))
        for size in sizes:
            self.assertEqual(expected.read(size), file.read(size))
        self.assertEqual(expected.read(), file.read())
        self.assertEqual(b'', file.read(1))

    def test_100_is_sent_once_when_the_body_is_read(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        file = body.UwsgiContinue(io.BytesIO(b'abc'), writing)
        self.assertEqual([b'a', b'bc'], [file.read(1), file.read()])
        os.close(writing)
        self.assertEqual(b'HTTP/1.1 100 Continue\r\n\r\n',
                         os.read(reading, 100))
