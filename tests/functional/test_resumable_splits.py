# SPDX-License-Identifier: Apache-2.0
"""However data is split into parts, the image is the same."""
import hashlib
import random

import hypothesis
from hypothesis import strategies
import testtools

from tests.functional import application
from tests.functional import uploading

KIB = 1024

#: Incompressible, and the same in every run.
DATA = random.Random(9530).randbytes(2500 * KIB)

#: Around nothing, one byte, and the block size of transfers.
_SIZES = strategies.one_of(
    strategies.integers(0, 3), strategies.integers(0, 300 * KIB),
    strategies.integers(1024 * KIB - 2, 1024 * KIB + 2))

#: Each with a size, how it is sent, and which process it reaches.
_PARTS = strategies.lists(
    strategies.tuples(_SIZES, strategies.sampled_from(
        ['whole', 'chunked', 'cut', 'cut chunks', 'unverified']),
        strategies.booleans()),
    max_size=8)


class SplitTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.service = self.useFixture(application.Application('wsgi'))
        self.clients = (self.service.client,
                        uploading.another(self, self.service))

    @hypothesis.settings(max_examples=30)
    @hypothesis.given(_PARTS, _SIZES, strategies.booleans())
    def check(self, parts, last, with_digest):
        size = min(len(DATA), sum(size for size, *_ in parts) + last)
        data = DATA[:size]
        image = self.clients[0].create()
        upload = uploading.Upload(self.clients[0], uploading.begin(
            self.clients[0], image['id'], headers={
                'Repr-Digest': uploading.repr_digest(data)}
            if with_digest else None))
        offset = 0
        for length, way, process in parts:
            upload.client = self.clients[process]
            part = data[offset:offset + length]
            self.send(upload, offset, part, way)
            offset = upload.offset()
        answer = upload.append(offset, data[offset:], '?1')
        self.assertEqual(204, answer.status)
        shown = self.clients[0].show(image['id'])
        self.assertEqual(
            ('active', size, hashlib.sha512(data).hexdigest()),
            (shown['status'], shown['size'], shown['os_hash_value']))
        self.assertTrue(data == self.clients[1].download(image['id']).body)

    def send(self, upload, offset, part, way):
        """Send ``part`` in one of several ways."""
        if way == 'whole':
            answer = upload.append(offset, part)
            self.assertEqual(204, answer.status)
            self.assertEqual(offset + len(part), upload.offset())
        elif way == 'chunked':
            upload.append(offset, iter([part[:1000], part[1000:]]))
        elif way == 'cut':
            upload.cut(offset, [part], headers={
                'Content-Length': str(len(part) + 10)})
            self.assertEqual(offset + len(part), upload.offset())
        elif way == 'cut chunks':
            upload.cut(offset, [part] if part else [])
        else:
            answer = upload.append(offset, part, headers={
                'Content-Digest': uploading.repr_digest(b'other')})
            self.assertEqual(400, answer.status)
            self.assertEqual(offset, upload.offset())

    def test_any_split_gives_the_same_image(self):
        self.check()
        self.assertEqual([], [name for name in self.service.files()
                              if name.startswith('.')])
