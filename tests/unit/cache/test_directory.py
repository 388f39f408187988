# SPDX-License-Identifier: Apache-2.0
"""The files of the cache: who may write, what becomes an entry, what goes."""
import os
import subprocess
import sys
import threading

import fixtures
import testtools

from glancelite.cache import content
from glancelite.cache import directory

IMAGE = '0c4afb30-492e-496b-8317-0ae83b19b264'
OTHER = '1d5bfc41-5a3f-4a7c-9428-1bf94c2ac375'
NAME = f'{IMAGE}.0123456789abcdef'


class DirectoryTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.path = self.useFixture(fixtures.TempDir()).path
        self.directory = directory.Directory(self.path)
        self.directory.make()

    def names(self, part):
        return sorted(os.listdir(f'{self.path}/glancelite/{part}'))

    def add(self, name=NAME, data=b'data'):
        begun = self.directory.begin(name)
        begun.write(data)
        self.assertTrue(begun.commit())
        begun.close()

    def age(self, part, name, moment=1):
        os.utime(f'{self.path}/glancelite/{part}/{name}', (moment, moment))


class WritingTest(DirectoryTestCase):

    def test_what_is_committed_is_an_entry(self):
        begun = self.directory.begin(NAME)
        begun.write(b'da')
        begun.write(memoryview(b'ta'))
        self.assertIsNone(self.directory.size(NAME))
        self.assertTrue(begun.commit())
        begun.close()
        begun.close()
        self.assertEqual(4, self.directory.size(NAME))
        (entry,) = self.directory.entries()
        self.assertEqual((IMAGE, 4, 0),
                         (entry.image_id, entry.size, entry.hits))
        self.assertEqual(entry.modified, entry.accessed)
        self.assertEqual([], self.names('incomplete'))

    def test_what_is_not_committed_leaves_nothing(self):
        begun = self.directory.begin(NAME)
        begun.write(b'data')
        begun.close()
        self.assertEqual([], self.names('incomplete'))
        self.assertEqual([], self.directory.entries())

    def test_one_writes_at_a_time_and_none_what_is_there(self):
        begun = self.directory.begin(NAME)
        self.assertIsNone(self.directory.begin(NAME))
        begun.close()
        self.add()
        self.assertIsNone(self.directory.begin(NAME))

    def test_of_many_threads_one_begins(self):
        barrier = threading.Barrier(16)
        begun = []

        def begin():
            barrier.wait()
            begun.append(self.directory.begin(NAME))
        threads = [threading.Thread(target=begin) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (one,) = filter(None, begun)
        one.write(b'data')
        self.assertTrue(one.commit())
        one.close()

    def test_what_was_removed_is_not_committed(self):
        begun = self.directory.begin(NAME)
        self.directory.remove(IMAGE)
        self.assertFalse(begun.commit())
        begun.close()
        self.assertEqual([], self.directory.entries())

    def test_who_lost_his_file_does_not_commit_that_of_another(self):
        lost = self.directory.begin(NAME)
        lost.write(b'half of')
        self.directory.remove(IMAGE)
        begun = self.directory.begin(NAME)
        begun.write(b'da')
        self.assertFalse(lost.commit())
        lost.close()
        begun.write(b'ta')
        self.assertTrue(begun.commit())
        begun.close()
        self.assertEqual(4, self.directory.size(NAME))

    def test_a_new_entry_takes_the_place_of_an_old_one_and_in_the_queue(self):
        self.add(f'{IMAGE}.old')
        self.add(f'{OTHER}.old')
        for image in (IMAGE, OTHER):
            self.directory.queue.add(image)
        self.add()
        for part in ('entries', 'accesses'):
            self.assertEqual([NAME, f'{OTHER}.old'], self.names(part))
        self.assertEqual([OTHER], self.directory.queue.all())

    def test_what_was_written_is_read_back(self):
        right = content.Content(IMAGE, NAME, 4, 'md5',
                                '8d777f385d3dfec8815d20f7496026dc')
        for wanted, size, holds in (
                (right, 4, True), (right, 5, False),
                (content.Content(IMAGE, NAME, 5), 4, False),
                (content.Content(IMAGE, NAME, 4), 4, True),
                (content.Content(IMAGE, NAME, None), 4, True),
                (content.Content(IMAGE, NAME, 4, 'md5', 'another'), 4,
                 False)):
            begun = self.directory.begin(NAME)
            begun.write(b'data')
            self.assertEqual(holds, begun.holds(wanted, size, 3), wanted)
            begun.close()


class CrashTest(DirectoryTestCase):
    """What a process that is killed leaves behind."""

    CODE = '''
import sys, time
from glancelite.cache import directory
begun = directory.Directory(sys.argv[1]).begin(sys.argv[2])
begun.write(b'half of it')
print('written', flush=True)
time.sleep(600)
'''

    def kill_a_writer(self, meanwhile=lambda: None):
        with subprocess.Popen(
                [sys.executable, '-c', self.CODE, self.path, NAME],
                stdout=subprocess.PIPE) as process:
            self.assertEqual(b'written\n', process.stdout.readline())
            meanwhile()
            process.kill()
        self.assertEqual([NAME], self.names('incomplete'))

    def test_another_takes_its_place_at_once(self):
        self.kill_a_writer(lambda: self.assertIsNone(
            self.directory.begin(NAME)))
        self.add()
        self.assertEqual(4, self.directory.size(NAME))

    def test_the_next_clean_up_removes_it(self):
        self.kill_a_writer(lambda: self.directory.remove_leftovers(600))
        self.directory.remove_leftovers(600)
        self.assertEqual([], self.names('incomplete'))


class LeavingTest(DirectoryTestCase):

    def test_leftovers_go_and_what_is_written_stays(self):
        begun = self.directory.begin(NAME)
        self.addCleanup(begun.close)
        self.add(f'{OTHER}.key')
        open(f'{self.path}/glancelite/accesses/{IMAGE}.key', 'w').close()
        self.directory.remove_leftovers(600)
        self.assertEqual([NAME], self.names('incomplete'))
        self.assertEqual([f'{OTHER}.key'], self.names('accesses'))
        self.age('incomplete', NAME)
        self.directory.remove_leftovers(600)
        self.assertEqual([], self.names('incomplete'))
        self.assertFalse(begun.commit())

    def test_the_least_recently_used_are_pruned(self):
        names = [f'{IMAGE}.{key}' for key in 'abc']
        for name in names:
            # Not by commit, which leaves one of an image.
            for part in ('entries', 'accesses'):
                with open(f'{self.path}/glancelite/{part}/{name}',
                          'wb') as file:
                    file.write(b'data' * (part == 'entries'))
        for moment, name in enumerate(names, 1):
            self.age('accesses', name, moment)
        self.assertEqual((0, 0), self.directory.prune(12))
        self.directory.note_use(names[0], False)
        self.assertEqual((1, 4), self.directory.prune(11))
        self.assertEqual([names[0], names[2]], self.names('entries'))
        self.assertEqual((2, 8), self.directory.prune(0))
        self.assertEqual([], self.names('accesses'))

    def test_uses_are_counted_by_all(self):
        self.add()
        threads = [threading.Thread(
            target=directory.Directory(self.path).note_use,
            args=(NAME, True)) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.directory.note_use(NAME, False)
        (entry,) = self.directory.entries()
        self.assertEqual(20, entry.hits)
        self.directory.note_use(f'{IMAGE}.gone', True)
        self.assertEqual([NAME], self.names('accesses'))

    def test_a_directory_that_is_not_there_is_empty(self):
        elsewhere = directory.Directory(f'{self.path}/none')
        self.assertEqual([], elsewhere.entries())
        self.assertEqual([], elsewhere.queue.all())
        self.assertIsNone(elsewhere.size(NAME))
        elsewhere.remove(IMAGE)


class TurnTest(DirectoryTestCase):

    def test_one_at_a_time_has_it(self):
        with self.directory.turn() as is_due:
            self.assertTrue(is_due(600))
            self.assertFalse(is_due(600))
            with directory.Directory(self.path).turn() as another:
                self.assertIsNone(another)
        with self.directory.turn() as is_due:
            self.assertFalse(is_due(600))
        self.age('.', 'turn')
        with self.directory.turn() as is_due:
            self.assertTrue(is_due(600))


class QueueTest(DirectoryTestCase):

    def test_the_first_comes_first_and_who_failed_waits(self):
        queue = self.directory.queue
        for moment, image in enumerate((OTHER, IMAGE), 1):
            queue.add(image)
            self.age('queue', image, moment)
        self.assertEqual([OTHER, IMAGE], queue.all())
        self.assertEqual([OTHER, IMAGE], queue.due())
        queue.postpone(OTHER, 600)
        self.assertEqual([IMAGE, OTHER], queue.all())
        self.assertEqual([IMAGE], queue.due())
        # Who asks again need not wait.
        queue.add(OTHER)
        self.assertEqual([IMAGE, OTHER], queue.due())
        queue.remove(IMAGE)
        queue.remove(IMAGE)
        queue.postpone(IMAGE, 600)
        self.assertEqual([OTHER], queue.all())
        queue.clear()
        self.assertEqual([], queue.all())
