# SPDX-License-Identifier: Apache-2.0
"""What every store does that we read and never write."""
from glancelite import exception

#: No multiple of anything.
DATA = bytes(range(256)) * 301 + b'end'


class ReadOnlyDriverContract:
    """Tests to be mixed into a ``testtools.TestCase``.

    The class says ``make_driver()``, and ``offer(data)``, which returns a
    URL where the driver finds ``data``, and ``nothing()``, one where there
    is nothing.
    """

    def setUp(self):
        super().setUp()
        self.driver = self.make_driver()
        self.driver.check()

    def read(self, url, offset=0):
        file = self.driver.open(url, offset)
        try:
            return b''.join(iter(lambda: file.read(1000), b''))
        finally:
            file.close()

    def test_what_is_offered_is_read_from_anywhere(self):
        url = self.offer(DATA)
        self.assertEqual(len(DATA), self.driver.size(url))
        for offset in (0, 1, 999, 1000, len(DATA) - 1):
            self.assertEqual(DATA[offset:], self.read(url, offset))

    def test_two_readers_do_not_disturb_each_other(self):
        url = self.offer(DATA)
        one, other = self.driver.open(url), self.driver.open(url, 5)
        self.assertEqual(DATA[:3], one.read(3))
        self.assertEqual(DATA[5:8], other.read(3))
        self.assertEqual(DATA[3:6], one.read(3))
        one.close()
        other.close()

    def test_what_is_not_there_is_unavailable(self):
        url = self.nothing()
        for call in (self.driver.open, self.driver.size):
            self.assertRaises((exception.DataMissing,
                               exception.StoreUnavailable), call, url)

    def test_a_location_is_the_stores_own(self):
        url = self.offer(DATA)
        self.assertTrue(self.driver.owns(url))
        self.assertIn(url.partition(':')[0], self.driver.schemes)
        for other in ('gopher://host/x', '', 'x', 'file:///etc/passwd'):
            self.assertFalse(self.driver.owns(other), other)

    def test_nothing_is_written_or_deleted(self):
        url = self.offer(DATA)
        self.assertFalse(self.driver.writable)
        self.assertRaises(exception.UnknownStore, self.driver.writer,
                          'image', 'token', 1)
        self.driver.delete(url)
        self.driver.discard('image', 'token')
        self.assertEqual(DATA, self.read(url))
        self.assertIsNone(self.driver.path(url))

    def test_it_tells_of_itself(self):
        self.assertIsInstance(self.driver.properties(), dict)
        self.assertIsInstance(self.driver.kind, str)
