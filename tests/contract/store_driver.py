# SPDX-License-Identifier: Apache-2.0
"""What every store driver does, whatever it is made of.

A test class for a driver inherits :class:`StoreDriverContract` and says how
to make one. Only what the driver's contract promises is tested here.
"""
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

    def new_writer(self, image_id=None, size=None):
        return self.driver.writer(image_id or str(uuid.uuid4()),
                                  uuid.uuid4().hex, size)

    def store(self, data, image_id=None):
        """:returns: the URL of ``data``, stored."""
        writer = self.new_writer(image_id, len(data))
        for start in range(0, len(data), MIB):
            writer.write(memoryview(data)[start:start + MIB])
        return writer.commit()

    def read(self, url, offset=0):
        file = self.driver.open(url, offset)
        try:
            return b''.join(iter(lambda: file.read(MIB), b''))
        finally:
            file.close()

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
        image_id = str(uuid.uuid4())
        url = self.store(DATA, image_id)
        self.driver.delete(url)
        writer = self.new_writer(image_id)
        writer.write(DATA)
        self.assertRaises(exception.DataMissing, self.driver.open, url)
        self.assertRaises(exception.DataMissing, self.driver.size, url)
        writer.commit()
        self.assertTrue(DATA == self.read(url))

    def test_what_was_cancelled_leaves_nothing(self):
        image_id = str(uuid.uuid4())
        url = self.store(DATA, image_id)
        self.driver.delete(url)
        writer = self.new_writer(image_id)
        writer.write(DATA)
        writer.cancel()
        self.assertRaises(exception.DataMissing, self.driver.open, url)
        self.assert_empty()

    def test_cancelling_may_be_repeated(self):
        writer = self.new_writer()
        writer.write(DATA)
        writer.cancel()
        writer.cancel()
        self.assert_empty()

    def test_cancelling_before_the_first_byte_leaves_nothing(self):
        self.new_writer().cancel()
        self.assert_empty()

    def test_what_was_deleted_is_not_there(self):
        url = self.store(DATA)
        self.driver.delete(url)
        self.assertRaises(exception.DataMissing, self.driver.open, url)
        self.assertRaises(exception.DataMissing, self.driver.size, url)
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
        url = self.store(DATA)
        file = self.driver.open(url)
        self.driver.delete(url)
        rest = b''.join(iter(lambda: file.read(MIB), b''))
        file.close()
        self.assertTrue(DATA == rest)

    def test_two_writers_do_not_mix(self):
        one, other = self.new_writer(), self.new_writer()
        for number in range(4):
            one.write(b'1' * 1000)
            other.write(b'2' * 1000 + bytes([number]))
        urls = one.commit(), other.commit()
        self.assertEqual(b'1' * 4000, self.read(urls[0]))
        self.assertEqual(4004, self.driver.size(urls[1]))

    def test_an_unfinished_writer_is_discarded_by_its_token(self):
        image_id, token = str(uuid.uuid4()), uuid.uuid4().hex
        writer = self.driver.writer(image_id, token)
        writer.write(DATA)
        self.driver.discard(image_id, token)
        self.assert_empty()
        self.driver.discard(image_id, token)
        writer.cancel()

    def test_facts_are_told_to_administrators(self):
        self.assertIsInstance(self.driver.properties(), dict)

    def test_what_other_stores_hold_is_not_read_here(self):
        for url in ('file:///etc/passwd', 'file://host/etc/passwd',
                    'http://host/x', 'nothing'):
            if not self.driver.owns(url):
                continue
            self.fail(f'{url} is not of this store')

    def assert_empty(self):
        """Fail if the store holds anything at all."""
        self.assertEqual([], self.contents())
