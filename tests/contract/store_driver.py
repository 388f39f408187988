# SPDX-License-Identifier: Apache-2.0
"""What every store driver does, whatever it is made of.

A test class for a driver inherits :class:`StoreDriverContract` and says how
to make one. Only what the driver's contract promises is tested here.
"""
import contextlib
import os
import uuid

from glancelite import exception

MIB = 1024 * 1024

#: More than one block of the pump, and no multiple of anything.
DATA = os.urandom(2 * MIB + 12345)


class StoreDriverContract:
    """Tests to be mixed into a ``testtools.TestCase``.

    The class says ``make_driver()``, which returns a new, empty store.
    """

    def setUp(self):
        super().setUp()
        self.driver = self.make_driver()
        self.driver.check()

    def begin(self, image_id=None, data=b'', size=None):
        """:returns: image id, token and writer of a new upload."""
        names = image_id or str(uuid.uuid4()), uuid.uuid4().hex
        writer = self.driver.writer(*names, size)
        for start in range(0, len(data), MIB):
            writer.write(memoryview(data)[start:start + MIB])
        return *names, writer

    def store(self, data, image_id=None):
        """:returns: the URL of ``data``, stored."""
        image_id, token, writer = self.begin(image_id, data, len(data))
        writer.finish()
        return self.driver.commit(image_id, token)

    def read(self, url, offset=0):
        file = self.driver.open(url, offset)
        try:
            return b''.join(iter(lambda: file.read(MIB), b''))
        finally:
            file.close()

    def test_a_store_that_is_in_order_answers(self):
        self.assertIsNone(self.driver.answer())

    def test_what_was_written_is_read(self):
        for data in (DATA, b'x', b''):
            url = self.store(data)
            self.assertEqual(len(data), self.driver.size(url))
            self.assertTrue(data == self.read(url))

    def test_reading_may_begin_anywhere(self):
        url = self.store(DATA)
        for offset in (0, 1, MIB, MIB + 1, len(DATA) - 1, len(DATA)):
            self.assertTrue(DATA[offset:] == self.read(url, offset))

    def test_two_readers_do_not_disturb_each_other(self):
        url = self.store(DATA)
        one, other = self.driver.open(url), self.driver.open(url, 5)
        self.assertEqual(DATA[:3], one.read(3))
        self.assertEqual(DATA[5:8], other.read(3))
        self.assertEqual(DATA[3:6], one.read(3))
        one.close()
        other.close()

    def test_a_location_is_the_stores_own(self):
        url = self.store(DATA)
        self.assertTrue(self.driver.owns(url))
        self.assertIn(url.partition(':')[0], self.driver.schemes)
        for other in ('gopher://host/x', '', 'x', 'file:///etc/passwd',
                      'http://[::1', f'{url}/../../etc/passwd'):
            self.assertFalse(self.driver.owns(other), other)

    def test_nothing_is_readable_before_commit(self):
        if not self.driver.renames:
            self.skipTest('nobody knows of its name before')
        url = self.store(DATA)
        self.driver.delete(url)
        image_id, token, writer = self.begin(url.rpartition('/')[2], DATA)
        self.assert_missing(url)
        writer.finish()
        self.assert_missing(url)
        self.assertEqual(url, self.driver.commit(image_id, token))
        self.assertTrue(DATA == self.read(url))

    def test_committing_may_be_repeated(self):
        image_id, token, writer = self.begin(data=DATA)
        writer.finish()
        url = self.driver.commit(image_id, token)
        self.assertEqual(url, self.driver.commit(image_id, token))
        self.assertTrue(DATA == self.read(url))

    def test_what_was_cancelled_leaves_nothing_to_commit(self):
        for finish in (False, True):
            image_id, token, writer = self.begin(data=DATA)
            if finish:
                writer.finish()
            writer.cancel()
            self.assert_empty()
            self.assertRaises(exception.DataMissing, self.driver.commit,
                              image_id, token)

    def test_cancelling_may_be_repeated(self):
        *_, writer = self.begin(data=DATA)
        writer.cancel()
        writer.cancel()
        self.assert_empty()

    def test_cancelling_before_the_first_byte_leaves_nothing(self):
        *_, writer = self.begin()
        writer.cancel()
        self.assert_empty()

    def test_an_unfinished_upload_changes_no_other_of_its_image(self):
        url = self.store(b'first')
        image_id = url.rpartition('/')[2].partition('.')[0]
        *_, writer = self.begin(image_id, DATA)
        self.assertEqual(b'first', self.read(url))
        writer.cancel()
        self.assertEqual(b'first', self.read(url))

    def test_cancelling_takes_nothing_back_that_is_committed(self):
        if not self.driver.renames:
            self.skipTest('nobody may cancel what could be committed')
        image_id, token, writer = self.begin(data=DATA)
        writer.finish()
        url = self.driver.commit(image_id, token)
        writer.cancel()
        self.assertTrue(DATA == self.read(url))

    def test_what_was_deleted_is_not_there(self):
        url = self.store(DATA)
        self.driver.delete(url)
        self.assert_missing(url)
        self.assert_empty()

    def test_deleting_what_is_not_there_is_no_error(self):
        url = self.store(DATA)
        self.driver.delete(url)
        self.driver.delete(url)

    def test_deleting_one_leaves_the_others(self):
        url, other = self.store(DATA), self.store(b'other')
        self.driver.delete(url)
        self.assertEqual(b'other', self.read(other))

    def test_a_reader_keeps_what_it_opened(self):
        if not self.driver.renames:
            self.skipTest('a store elsewhere promises nothing')
        url = self.store(DATA)
        file = self.driver.open(url)
        self.driver.delete(url)
        rest = b''.join(iter(lambda: file.read(MIB), b''))
        file.close()
        self.assertTrue(DATA == rest)

    def test_two_writers_do_not_mix(self):
        uploads = [self.begin() for _ in range(2)]
        for number in range(4):
            for byte, (*_, writer) in zip((b'1', b'2'), uploads):
                writer.write(byte * (1000 + number))
        for byte, (image_id, token, writer) in zip((b'1', b'2'), uploads):
            writer.finish()
            url = self.driver.commit(image_id, token)
            self.assertEqual(byte * 4006, self.read(url))

    def test_an_unfinished_upload_is_discarded_by_its_token(self):
        image_id, token, writer = self.begin(data=DATA)
        if self.driver.renames:
            self.driver.discard(image_id, token)
            self.assert_empty()
            self.driver.discard(image_id, token)
        else:
            # It may still be at it, and the store say so.
            with contextlib.suppress(exception.StoreUnavailable):
                self.driver.discard(image_id, token)
        self.assertRaises(exception.DataMissing, self.driver.commit,
                          image_id, token)
        # Who was late finds out, and leaves nothing.
        writer.cancel()
        self.assert_empty()

    def test_discarding_is_safe_for_any_other_upload(self):
        image_id, token, writer = self.begin(data=b'first')
        url = self.store(DATA, image_id)
        with contextlib.suppress(exception.StoreUnavailable):
            self.driver.discard(image_id, token)
        writer.cancel()
        self.assertTrue(DATA == self.read(url))

    def test_facts_are_told_to_administrators(self):
        self.assertIsInstance(self.driver.properties(), dict)

    def assert_missing(self, url):
        """Fail if anything is readable at ``url``."""
        self.assertRaises(exception.DataMissing, self.driver.open, url)
        self.assertRaises(exception.DataMissing, self.driver.size, url)

    def assert_empty(self):
        """Fail if the store holds anything at all."""
        self.assertEqual([], self.contents())
