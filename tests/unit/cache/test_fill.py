# SPDX-License-Identifier: Apache-2.0
"""A copy beside a download: slow disks, full ones, and ends of all kinds."""
import errno
import io
import os
import threading

import testtools

from glancelite import exception
from glancelite.cache import content
from glancelite.cache import fill
from glancelite.cache import reading
from glancelite.data import download
from glancelite.data import threads

CONTENT = content.Content('an image', 'a name', None)


class Disk:
    """What a fill writes to; it may be slow, or full.

    :param full: whether it refuses everything.
    :ivar slow: an event; nothing is written before it is set.
    """

    def __init__(self, full=False):
        self.data = b''
        self.slow = threading.Event()
        self.slow.set()
        self.full = full
        self.committed = self.closed = False

    def write(self, block):
        self.slow.wait()
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.data += block

    def holds(self, wanted, size, block_size):
        return len(self.data) == size

    def commit(self):
        self.committed = True
        return True

    def close(self):
        self.closed = True


class FillTest(testtools.TestCase):

    def begin(self, disk, size):
        self.ended = []
        return fill.Fill(disk, CONTENT, size, threads.NativeThreads(), 4,
                         self.ended.append)

    def test_all_that_is_offered_becomes_an_entry(self):
        disk = Disk()
        filled = self.begin(disk, 6)
        filled.offer(b'abc')
        filled.offer(b'def')
        filled.end()
        filled.abandon()
        filled.wait()
        self.assertEqual(b'abcdef', disk.data)
        self.assertTrue(disk.committed and disk.closed and filled.committed)
        self.assertEqual([filled], self.ended)

    def test_what_ends_early_does_not(self):
        disk = Disk()
        filled = self.begin(disk, 6)
        filled.offer(b'abc')
        filled.abandon()
        filled.wait()
        self.assertFalse(disk.committed or filled.committed)
        self.assertTrue(disk.closed)

    def test_what_is_not_right_does_not(self):
        disk = Disk()
        filled = self.begin(disk, 6)
        filled.offer(b'abc')
        filled.end()
        filled.wait()
        self.assertFalse(disk.committed or filled.committed)
        self.assertIsNone(filled.error)

    def test_nobody_waits_for_a_slow_disk(self):
        disk = Disk()
        disk.slow.clear()
        filled = self.begin(disk, 100)
        for _ in range(100):
            filled.offer(b'x')
        self.assertTrue(filled.overrun)
        filled.end()
        disk.slow.set()
        filled.wait()
        self.assertFalse(disk.committed)
        self.assertTrue(disk.closed)

    def test_who_has_the_time_waits_for_a_slow_disk(self):
        disk = Disk()
        disk.slow.clear()
        filled = self.begin(disk, 100)
        giver = threading.Thread(
            target=lambda: [filled.give(b'x') for _ in range(100)])
        giver.start()
        disk.slow.set()
        giver.join()
        filled.end()
        filled.wait()
        self.assertEqual(100, len(disk.data))
        self.assertTrue(filled.committed)

    def test_a_full_disk_is_told_and_takes_the_rest_as_well(self):
        disk = Disk(full=True)
        filled = self.begin(disk, 100)
        for _ in range(100):
            filled.give(b'x')
        filled.end()
        filled.wait()
        self.assertEqual(errno.ENOSPC, filled.error.errno)
        self.assertFalse(filled.overrun or disk.committed)
        self.assertTrue(disk.closed)


class Source:
    """A driver of one image; or of none."""

    def __init__(self, data):
        self._data = data

    def open(self, url, offset):
        if self._data is None:
            raise exception.StoreUnavailable()
        return io.BytesIO(self._data[offset:])

    def path(self, url):
        return '/a/path'


class Noted:
    """A fill that notes what it is told."""

    def __init__(self):
        self.told = []

    def offer(self, block):
        self.told.append(block)

    def end(self):
        self.told.append('end')

    def abandon(self):
        self.told.append('abandon')


class ReadingTest(testtools.TestCase):

    def uncached(self, data):
        self.noted = Noted()
        return reading.Uncached(download.Data(Source(data), 'url', 6, 6),
                                lambda: self.noted)

    def test_a_whole_download_is_copied(self):
        data = self.uncached(b'abcdef').wanted(0, 6)
        self.assertIsNone(data.path())
        file = data.open(0)
        self.assertEqual([b'abcd', b'ef'], [file.read(4), file.read(4)])
        file.close()
        self.assertEqual([b'abcd', b'ef', 'end'], self.noted.told)

    def test_half_a_download_is_no_copy(self):
        file = self.uncached(b'abcdef').wanted(0, 6).open(0)
        file.read(4)
        file.close()
        self.assertEqual([b'abcd', 'abandon'], self.noted.told)

    def test_what_cannot_be_opened_is_no_copy(self):
        data = self.uncached(None).wanted(0, 6)
        self.assertRaises(exception.StoreUnavailable, data.open)
        self.assertEqual(['abandon'], self.noted.told)

    def test_a_part_is_sent_as_ever(self):
        data = self.uncached(b'abcdef').wanted(1, 6)
        self.assertEqual('/a/path', data.path())
        self.assertEqual(b'bcdef', data.open(1).read())
        self.assertEqual([], self.noted.told)

    def test_an_entry_that_has_gone_is_read_from_the_store(self):
        data = reading.Cached(
            Gone(), 'name', 6,
            lambda: download.Data(Source(b'abcdef'), 'url', 6, 6))
        self.assertEqual(b'cdef', data.open(2).read())


class Gone:
    """A directory without the entry."""

    def path(self, name):
        return '/nowhere/at/all'
