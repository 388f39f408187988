# SPDX-License-Identifier: Apache-2.0
"""The file that the client reads, in any order, and its digest."""
import hashlib
import os
import pathlib

import fixtures
import hypothesis
from hypothesis import strategies
import testtools

from glancelite.cmd.transfer import source as source_module

DATA = os.urandom(3 * 1024 * 1024 + 5)

_OFFSETS = strategies.integers(0, len(DATA))


class SourceTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.path = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'file'
        self.path.write_bytes(DATA)

    def open(self):
        source = source_module.Source(self.path)
        self.addCleanup(source.close)
        return source

    @hypothesis.settings(max_examples=20)
    @hypothesis.given(strategies.lists(
        strategies.tuples(_OFFSETS, _OFFSETS), max_size=4))
    def check(self, parts):
        source = source_module.Source(self.path)
        for ends in parts:
            start, stop = sorted(ends)
            part = source.part(start, stop, lambda offset: None)
            self.assertEqual(stop - start, len(part))
            for _ in range(2):
                self.assertTrue(DATA[start:stop] == b''.join(part))
        self.assertEqual(hashlib.sha512(DATA).hexdigest(), source.sha512())
        source.close()

    def test_whatever_was_read_the_digest_is_that_of_the_whole(self):
        self.check()

    def test_the_offsets_reached_are_told(self):
        reached = []
        list(self.open().part(1, len(DATA), reached.append))
        self.assertEqual(len(DATA), reached[-1])
        self.assertEqual(sorted(reached), reached)

    def test_digests_that_python_knows_are_computed(self):
        source = self.open()
        self.assertEqual(hashlib.sha256(DATA).hexdigest(),
                         source.digest('sha256'))
        self.assertIsNone(source.digest('unknown'))

    def test_a_file_that_becomes_shorter_is_an_error(self):
        source = self.open()
        os.truncate(self.path, 10)
        self.assertRaises(source_module.SourceError, source.sha512)

    def test_a_file_that_is_changed_is_an_error(self):
        source = self.open()
        source.require_unchanged()
        self.path.write_bytes(DATA + b'more')
        self.assertRaises(source_module.SourceError,
                          source.require_unchanged)

    def test_what_is_no_file_is_an_error(self):
        for path in (self.path.parent, self.path.with_name('missing')):
            self.assertRaises(source_module.SourceError,
                              source_module.Source, path)
