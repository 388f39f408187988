# SPDX-License-Identifier: Apache-2.0
"""Writers that go on with a file, and former writers that wake up late."""
import fcntl
import os
import pathlib
import types

import fixtures
import testtools

from glancelite import exception
from glancelite.stores import filesystem
from glancelite.stores import resumable_file

IMAGE = 'image'
TOKEN = 'token'


class ResumableFileTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.driver = filesystem.FilesystemDriver(
            'store', types.SimpleNamespace(
                filesystem_store_datadir=str(self.folder),
                filesystem_store_file_perm=0))

    def resume(self, offset=0):
        """:returns: a writer that has not begun."""
        writer = self.driver.resume(IMAGE, TOKEN, offset)
        self.addCleanup(writer.abandon)
        return writer

    def writer(self, offset=0):
        writer = self.resume(offset)
        self.assertTrue(writer.hold())
        writer.begin()
        return writer

    def names(self):
        return sorted(os.listdir(self.folder))

    def content(self):
        [name] = self.names()
        return (self.folder / name).read_bytes()

    def parked(self, data):
        writer = self.writer()
        writer.write(data)
        writer.sync()
        writer.park()

    def commit(self, writer, image_id=IMAGE):
        """:returns: the URL of what ``writer`` has finished."""
        writer.finish()
        return self.driver.commit(image_id, TOKEN)

    def test_parts_become_one_file_that_is_readable_when_committed(self):
        self.parked(b'one ')
        writer = self.writer(4)
        writer.write(b'two')
        self.assertEqual(7, writer.sync())
        self.assertNotIn(IMAGE, self.names())
        url = self.commit(writer)
        self.assertEqual([IMAGE], self.names())
        self.assertEqual(f'file://{self.folder / IMAGE}', url)
        self.assertEqual(b'one two', self.content())

    def test_what_is_beyond_the_offset_is_cut_off(self):
        for end in (b'!', b''):
            self.parked(b'safe and not safe')
            writer = self.writer(4)
            writer.write(end)
            self.assertEqual(b'safe' + end, self.content())
            self.driver.discard(IMAGE, TOKEN)
        self.parked(b'safe and not safe')
        self.writer(4).finish()
        self.assertEqual(b'safe', self.content())

    def test_nothing_is_cut_off_by_a_writer_who_came_too_late(self):
        self.parked(b'safe')
        self.writer().abandon()
        self.assertEqual(b'safe', self.content())
        self.writer(4).finish()
        late = self.writer()
        self.driver.commit(IMAGE, TOKEN)
        late.abandon()
        self.assertEqual([IMAGE], self.names())
        self.assertEqual(b'safe', self.content())

    def test_a_writer_who_comes_after_the_end_leaves_nothing(self):
        self.parked(b'safe')
        self.commit(self.writer(4))
        late = self.writer()
        self.assertEqual(2, len(self.names()))
        late.abandon()
        self.assertEqual([IMAGE], self.names())
        self.assertEqual(b'safe', self.content())

    def test_what_was_written_can_be_read_while_it_is_written(self):
        self.parked(b'0123456789')
        writer = self.writer(10)
        stored = writer.stored(4)
        self.assertEqual(b'456', stored.read(3))
        self.assertEqual(b'789', stored.read(100))
        self.assertEqual(b'', stored.read(1))

    def test_a_former_writer_can_change_nothing(self):
        former = self.writer()
        former.write(b'abc')
        writer = self.writer(2)
        for change in (lambda: former.write(b'late'), former.park,
                       former.finish):
            self.assertRaises(exception.LeaseLost, change)
            self.assertEqual(b'abc', self.content())
        former.abandon()
        writer.write(b'C')
        self.commit(writer)
        self.assertEqual(b'abC', self.content())

    def test_a_former_writer_cannot_change_a_committed_file(self):
        former = self.writer()
        former.write(b'abc')
        writer = self.writer(3)
        self.commit(writer)
        self.assertRaises(exception.LeaseLost, former.write, b'late')
        self.assertEqual(b'abc', self.content())

    def test_of_many_writers_only_the_last_one_writes(self):
        writers = [self.writer() for _ in range(5)]
        for writer in writers[:-1]:
            self.assertRaises(exception.LeaseLost, writer.write, b'no')
        writers[-1].write(b'yes')
        self.assertEqual(b'yes', self.content())

    def test_of_those_who_would_begin_one_at_a_time_has_the_file(self):
        self.parked(b'abc')
        [name] = self.names()
        first, second = self.resume(3), self.resume(3)
        self.assertTrue(first.hold())
        self.assertFalse(second.hold())
        self.assertEqual([name], self.names())
        first.begin()
        self.assertTrue(second.hold())
        first.abandon()
        second.begin()
        second.write(b'def')
        self.assertEqual(b'abcdef', self.content())

    def test_who_does_not_begin_leaves_the_file_as_it_was(self):
        self.parked(b'abc')
        former = self.writer(3)
        [name] = self.names()
        late = self.resume(3)
        self.assertTrue(late.hold())
        late.abandon()
        self.assertEqual([name], self.names())
        former.write(b'def')
        self.assertEqual(b'abcdef', self.content())

    def test_who_does_not_begin_leaves_no_file_of_his_own_making(self):
        late = self.resume()
        self.assertTrue(late.hold())
        self.assertEqual(1, len(self.names()))
        late.abandon()
        self.assertEqual([], self.names())

    def test_a_file_is_left_to_whoever_has_it_whoever_made_it(self):
        path = self.folder / f'.glancelite-{IMAGE}-{TOKEN}'
        maker, other = self.resume(), self.resume()
        lock = fcntl.flock

        def overtaken(descriptor, operation):
            self.useFixture(fixtures.MonkeyPatch('fcntl.flock', lock))
            self.assertTrue(other.hold())
            lock(descriptor, operation)
        self.useFixture(fixtures.MonkeyPatch('fcntl.flock', overtaken))
        self.assertFalse(maker.hold())
        other.begin()
        other.finish()
        self.assertTrue(maker.hold())
        maker.abandon()
        self.assertEqual([path.name], self.names())

    def test_a_file_that_was_removed_before_one_began_stays_so(self):
        self.parked(b'abc')
        late = self.resume(3)
        self.assertTrue(late.hold())
        self.driver.discard(IMAGE, TOKEN)
        self.assertRaises(exception.DataMissing, late.begin)
        late.abandon()
        self.assertEqual([], self.names())

    def test_a_writer_that_has_let_go_parks_nothing(self):
        writer = self.writer()
        writer.write(b'abc')
        writer.abandon()
        names = self.names()
        writer.park()
        self.assertEqual(names, self.names())

    def test_a_file_whose_writer_crashed_is_found_under_its_name(self):
        self.writer().write(b'abcdef')
        self.assertNotEqual([], resumable_file.names_of_writers(
            self.folder / f'.glancelite-{IMAGE}-{TOKEN}'))
        self.writer(3).write(b'DEF')
        self.assertEqual(b'abcDEF', self.content())

    def test_a_finished_file_is_gone_on_with_until_it_is_committed(self):
        writer = self.writer()
        writer.write(b'abc')
        writer.finish()
        writer = self.writer(3)
        self.assertNotIn(IMAGE, self.names())
        writer.write(b'def')
        self.commit(writer)
        self.assertEqual(b'abcdef', self.content())

    def test_fewer_bytes_than_are_known_to_be_there_are_an_error(self):
        self.parked(b'abc')
        self.assertRaises(exception.DataMissing, self.writer, 4)
        self.assertEqual(b'abc', self.content())

    def test_a_file_that_is_gone_is_an_error(self):
        self.assertRaises(exception.DataMissing, self.writer, 1)
        self.assertEqual([], self.names())

    def test_discarding_leaves_nothing_whoever_is_at_it(self):
        writer = self.writer()
        writer.write(b'abc')
        self.driver.discard(IMAGE, TOKEN)
        self.assertEqual([], self.names())
        self.assertRaises(exception.LeaseLost, writer.write, b'late')
        self.assertRaises(exception.LeaseLost, writer.finish)
        self.assertEqual([], self.names())

    def test_discarding_removes_what_waits_and_not_what_is_committed(self):
        self.parked(b'abc')
        self.assertTrue(self.driver.discard(IMAGE, TOKEN))
        self.assertEqual([], self.names())
        self.commit(self.writer())
        self.assertFalse(self.driver.discard(IMAGE, TOKEN))
        self.assertEqual([IMAGE], self.names())

    def test_other_files_are_left_alone(self):
        other = self.driver.writer('other', TOKEN)
        other.write(b'other')
        self.parked(b'abc')
        self.driver.discard(IMAGE, TOKEN)
        self.commit(other, 'other')
        self.assertEqual(['other'], self.names())

    def test_a_store_of_another_kind_says_that_it_cannot(self):
        class Driver(filesystem.FilesystemDriver):
            resume = filesystem.driver.Driver.resume

        driver = Driver('elsewhere', types.SimpleNamespace(
            filesystem_store_datadir=str(self.folder),
            filesystem_store_file_perm=0))
        error = self.assertRaises(exception.NotResumable, driver.resume,
                                  IMAGE, TOKEN, 0)
        self.assertIn('elsewhere', str(error))
