# SPDX-License-Identifier: Apache-2.0
"""The pipe between a writer and a driver that reads."""
import threading

import testtools

from glancelite import exception
from glancelite.data import threads
from glancelite.stores import pipe


class PipeTest(testtools.TestCase):
    """What is pushed at one end is read at the other."""

    def setUp(self):
        super().setUp()
        self.pipe = pipe.Pipe(threads.NativeThreads, 60)

    def push(self, *blocks, end='close'):
        def run():
            for block in blocks:
                self.pipe.write(block)
            getattr(self.pipe, end)()
        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join)

    def test_reads_are_as_large_as_wished_whatever_the_blocks(self):
        data = bytes(range(256)) * 100
        self.push(*(data[start:start + 999]
                    for start in range(0, len(data), 999)))
        read = list(iter(lambda: self.pipe.read(7000), b''))
        self.assertEqual([7000, 7000, 7000, len(data) - 21000],
                         list(map(len, read)))
        self.assertTrue(data == b''.join(read))
        self.assertEqual(b'', self.pipe.read(1))

    def test_all_of_it_may_be_read_at_once(self):
        self.push(b'one', b'', b'two')
        self.assertEqual(b'onetwo', self.pipe.read())

    def test_a_reader_of_nothing_gets_nothing(self):
        self.push()
        self.assertEqual(b'', self.pipe.read(5))

    def test_a_writer_that_gives_up_makes_the_reader_fail(self):
        self.push(b'one', end='abort')
        self.assertEqual(b'o', self.pipe.read(1))
        self.assertRaises(pipe.Aborted, self.pipe.read, 5)

    def test_a_writer_does_not_wait_for_a_reader_that_has_ended(self):
        self.push(*[b'x'] * 50)
        self.pipe.drain()

    def test_a_reader_that_does_not_move_is_unavailable(self):
        stuck = pipe.Pipe(threads.NativeThreads, 0.01)

        def fill():
            while True:
                stuck.write(b'x')
        self.assertRaises(exception.StoreUnavailable, fill)

    def test_a_block_may_be_used_again_once_it_is_written(self):
        block = bytearray(b'one')
        self.pipe.write(memoryview(block))
        block[:] = b'two'
        self.pipe.close()
        self.assertEqual(b'one', self.pipe.read())
