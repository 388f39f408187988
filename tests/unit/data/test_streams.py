# SPDX-License-Identifier: Apache-2.0
"""The pump: fast and slow consumers, failing ones, and its end."""
import hashlib
import io
import os
import threading
from unittest import mock

import testtools

from glancelite import exception
from glancelite.data import streams
from glancelite.data import threads

BLOCK = 64
DATA = os.urandom(10 * BLOCK + 7)


class Failure(Exception):
    """What a test lets go wrong."""


class Collector:
    """A consumer that keeps what it gets."""

    def __init__(self):
        self.data = b''

    def write(self, block):
        self.data += bytes(block)


class Failing(Collector):
    """A consumer that fails at a given block."""

    def __init__(self, at):
        super().__init__()
        self._left = at

    def write(self, block):
        if not self._left:
            raise Failure()
        self._left -= 1
        super().write(block)


class Gate(Collector):
    """A consumer that takes nothing before it is opened."""

    def __init__(self):
        super().__init__()
        self.open = threading.Event()

    def write(self, block):
        if not self.open.wait(60):
            raise AssertionError('nobody opened the gate')
        super().write(block)


class Source(io.BytesIO):
    """A source that counts what was read, and can fail at a given read."""

    def __init__(self, data, fails_at=None, watch=None):
        super().__init__(data)
        self.reads = 0
        self._fails_at = fails_at
        self._watch = watch or (lambda reads: None)

    def read(self, size=-1):
        if self.reads == self._fails_at:
            raise Failure()
        self.reads += 1
        self._watch(self.reads)
        return super().read(size)


def pump(source, consumers, guard=None):
    streams.pump(source, guard or Collector(), consumers,
                 threads.NativeThreads, BLOCK)


class PumpTest(testtools.TestCase):
    """Every consumer gets every byte."""

    def test_every_consumer_gets_everything_in_order(self):
        for size in (0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK,
                     len(DATA)):
            consumers = [Collector() for _ in range(4)]
            guard = Collector()
            pump(io.BytesIO(DATA[:size]), consumers, guard)
            for consumer in (*consumers, guard):
                self.assertEqual(DATA[:size], consumer.data)

    def test_a_slow_consumer_bounds_how_far_the_source_is_read(self):
        gate = Gate()

        def watch(reads):
            # Whoever reads on without bound never comes to the end of this.
            if reads == 7:
                gate.open.set()
        source = Source(DATA, watch=watch)
        quick = Collector()
        started = threading.Thread(
            target=pump, args=(source, [gate, quick]))
        started.start()
        started.join(0.5)
        stuck_at = source.reads
        gate.open.set()
        started.join()
        self.assertLess(stuck_at, 7)
        self.assertEqual(DATA, gate.data)
        self.assertEqual(DATA, quick.data)

    def test_a_failing_consumer_ends_the_pump_with_its_error(self):
        for at in (0, 1, 5, 10):
            self.assertRaises(Failure, pump, io.BytesIO(DATA),
                              [Collector(), Failing(at), Collector()])

    def test_a_consumer_that_fails_in_a_short_body_ends_it_too(self):
        self.assertRaises(Failure, pump, io.BytesIO(b'x'), [Failing(0)])

    def test_a_failing_source_ends_the_pump_with_its_error(self):
        for at in (0, 1, 2, 6):
            self.assertRaises(Failure, pump, Source(DATA, fails_at=at),
                              [Collector()])

    def test_a_failing_guard_lets_no_byte_through(self):
        consumer = Collector()
        self.assertRaises(Failure, pump, io.BytesIO(DATA), [consumer],
                          Failing(3))
        self.assertEqual(DATA[:3 * BLOCK], consumer.data)

    def test_no_thread_is_left_whatever_happened(self):
        before = threading.active_count()
        pump(io.BytesIO(DATA), [Collector()])
        for source, consumers in ((io.BytesIO(DATA), [Failing(2)]),
                                  (Source(DATA, fails_at=3),
                                   [Collector()])):
            self.assertRaises(Failure, pump, source, consumers)
        self.assertEqual(before, threading.active_count())


class BusyTest(testtools.TestCase):
    """Pumps beside others that keep the processors busy."""

    def setUp(self):
        super().setUp()
        self.others = []
        for name, value in (('_AT_WORK', self.others), ('_PROCESSORS', 2)):
            patch = mock.patch.object(streams, name, value)
            patch.start()
            self.addCleanup(patch.stop)

    def toggle(self, reads):
        """Let others come to work before every third block, and go."""
        if reads % 3 == 0:
            self.others[:] = [] if self.others else [None, None]

    def test_consumers_are_fed_in_turn_without_threads(self):
        self.others += [None, None]
        consumers = [Collector(), Collector()]
        before = threading.active_count()
        counts = []
        pump(Source(DATA, watch=lambda reads: counts.append(
            threading.active_count())), consumers)
        self.assertEqual({before}, set(counts))
        self.assertEqual([DATA, DATA], [each.data for each in consumers])
        self.assertEqual([None, None], self.others)

    def test_every_consumer_gets_everything_in_order_as_others_come(self):
        consumers = [Collector(), Collector()]
        pump(Source(DATA, watch=self.toggle), consumers)
        self.assertEqual([DATA, DATA], [each.data for each in consumers])

    def test_a_failing_consumer_ends_the_pump_with_its_error(self):
        for at in range(11):
            self.others.clear()
            self.assertRaises(
                Failure, pump, Source(DATA, watch=self.toggle),
                [Collector(), Failing(at), Collector()])

    def test_a_failing_consumer_gets_no_further_block(self):
        failing = Failing(2)
        self.others += [None, None]
        self.assertRaises(Failure, pump, io.BytesIO(DATA), [failing])
        self.assertEqual(DATA[:2 * BLOCK], failing.data)

    def test_pumps_at_once_count_each_other(self):
        gates = [Gate() for _each in range(3)]
        pumps = [threading.Thread(target=pump, args=(io.BytesIO(DATA), [gate]))
                 for gate in gates]
        for each in pumps:
            each.start()
        # Two wait for room before their lane, the third for its consumer.
        while len(self.others) < 3:
            self.assertTrue(all(each.is_alive() for each in pumps))
            threading.Event().wait(0.001)
        for gate in gates:
            gate.open.set()
        for each in pumps:
            each.join()
        self.assertEqual([DATA] * 3, [gate.data for gate in gates])
        self.assertEqual([], self.others)


class DigestTest(testtools.TestCase):
    """Digests of what passes."""

    def test_a_digest_is_that_of_all_blocks(self):
        for algorithm in ('md5', 'sha256', 'sha512'):
            digest = streams.Digest(algorithm)
            pump(io.BytesIO(DATA), [digest])
            self.assertEqual(hashlib.new(algorithm, DATA).hexdigest(),
                             digest.hexdigest())


class BlocksTest(testtools.TestCase):
    """A download's blocks."""

    def read(self, file, length):
        return b''.join(streams.blocks(file, length, threads.NativeThreads,
                                       BLOCK))

    def test_just_so_many_bytes_come_and_the_file_is_closed(self):
        for length in (0, 1, BLOCK, len(DATA)):
            file = io.BytesIO(DATA)
            self.assertEqual(DATA[:length], self.read(file, length))
            self.assertTrue(file.closed)

    def test_a_file_that_ends_early_is_no_success(self):
        file = io.BytesIO(DATA)
        self.assertRaises(exception.DataMissing, self.read, file,
                          len(DATA) + 1)
        self.assertTrue(file.closed)

    def test_a_reader_who_goes_away_closes_the_file(self):
        file = io.BytesIO(DATA)
        blocks = streams.blocks(file, len(DATA), threads.NativeThreads,
                                BLOCK)
        next(blocks)
        blocks.close()
        self.assertTrue(file.closed)
