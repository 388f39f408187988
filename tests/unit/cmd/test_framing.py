# SPDX-License-Identifier: Apache-2.0
"""Where a body ends: what leaves no doubt, and what does."""
import email
import io

import testtools

from glancelite.cmd import framing


def refusal(*lines, version='HTTP/1.1'):
    return framing.refusal(email.message_from_string(
        ''.join(f'{line}\r\n' for line in (*lines, ''))), version)


class RefusalTest(testtools.TestCase):

    def test_one_way_to_tell_the_end_is_enough(self):
        for lines in ((), ('Content-Length: 0',), ('Content-Length: 0012',),
                      ('Content-Length: 5', 'Content-Length: 5'),
                      ('Transfer-Encoding: Chunked',)):
            self.assertIsNone(refusal('Host: x', *lines))

    def test_doubt_is_refused(self):
        for line in ('Content-Length: +5', 'Content-Length: 1_0',
                     'Content-Length: -1', 'Content-Length: 5, 5',
                     'Content-Length:', 'Content-Length: \u0663',
                     'Content-Length : 5', 'Transfer-Encoding : chunked',
                     'nothing'):
            self.assertEqual('400 Bad Request', refusal('Host: x', line))
        for lines in (('Content-Length: 5', 'Content-Length: 6'),
                      ('Content-Length: 5', 'Transfer-Encoding: chunked')):
            self.assertEqual('400 Bad Request', refusal(*lines))
        self.assertEqual('400 Bad Request', refusal(
            'Transfer-Encoding: chunked', version='HTTP/1.0'))

    def test_other_codings_are_not_known(self):
        for lines in (('Transfer-Encoding: gzip',),
                      ('Transfer-Encoding:',),
                      ('Transfer-Encoding: gzip, chunked',),
                      ('Transfer-Encoding: chunked, chunked',),
                      ('Transfer-Encoding: chunked',
                       'Transfer-Encoding: chunked')):
            self.assertEqual('501 Not Implemented', refusal(*lines))


class ChunkLinesTest(testtools.TestCase):

    def read(self, text):
        """:returns: the data of two chunks of three bytes, and the end."""
        lines = framing.ChunkLines(io.BytesIO(text))
        parts = []
        for _ in range(2):
            lines.readline()
            parts += [lines.read(1), lines.read(2)]
            lines.readline()
        parts += [lines.readline(), lines.readline(), lines.readline()]
        return b''.join(parts)

    def test_chunks_are_read_to_the_end_of_the_trailers(self):
        for first, second in ((b'3', b'3'), (b'0003', b'3;name="x"'),
                              (b'3 ', b'3\t;x')):
            self.assertEqual(b'abcdef0\r\nX: y\r\n\r\n', self.read(
                first + b'\r\nabc\r\n' + second
                + b'\r\ndef\r\n0\r\nX: y\r\n\r\n'))

    def test_what_are_no_chunks_ends_all_reading(self):
        for text in (b'-3\r\nabc\r\n', b'+3\r\n', b'0x3\r\n', b'3_0\r\n',
                     b'\r\n3\r\n', b'x\r\n3\r\n', b'3' * 9000,
                     b'3' * 17 + b'\r\n', b'3;' + b'x' * 9000 + b'\r\n'):
            lines = framing.ChunkLines(io.BytesIO(text + b'0\r\n\r\n'))
            for _ in range(2):
                self.assertRaises(OSError, lines.readline)

    def test_the_end_of_the_connection_is_no_line(self):
        for text in (b'', b'3', b'3\r'):
            self.assertRaises(OSError, framing.ChunkLines(
                io.BytesIO(text)).readline)

    def test_data_beyond_its_size_ends_all_reading(self):
        lines = framing.ChunkLines(io.BytesIO(b'3\r\nabcd\r\n0\r\n\r\n'))
        lines.readline()
        self.assertEqual(b'abc', lines.read(3))
        self.assertRaises(OSError, lines.readline)
        self.assertRaises(OSError, lines.readline)
