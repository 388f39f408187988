# SPDX-License-Identifier: Apache-2.0
"""The pump: fast and slow consumers, failing ones, and its end."""
import hashlib
import io
import os
import subprocess
import tempfile
import threading

import testtools
from testtools import matchers

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


class DigestTest(testtools.TestCase):
    """Digests of what passes."""

    def test_a_digest_is_that_of_all_blocks(self):
        for algorithm in ('md5', 'sha256', 'sha512'):
            digest = streams.Digest(algorithm)
            pump(io.BytesIO(DATA), [digest])
            self.assertEqual(hashlib.new(algorithm, DATA).hexdigest(),
                             digest.hexdigest())


class InspectionTest(testtools.TestCase):
    """The format of a disk, told from its bytes."""

    def inspect(self, disk_format, data, required=True):
        inspection = streams.Inspection(disk_format, required)
        for start in range(0, len(data), 65536):
            inspection.write(data[start:start + 65536])
        return inspection.finish()

    def disk(self, disk_format, *options):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'disk')
            try:
                subprocess.run(
                    ['qemu-img', 'create', '-q', '-f', disk_format, *options,
                     path, '5M'], check=True)
            except FileNotFoundError:
                self.skipTest('There is no qemu-img.')
            with open(path, 'rb') as file:
                return file.read()

    def test_disks_of_qemu_tell_their_virtual_size(self):
        for disk_format in ('qcow2', 'vdi', 'vhdx', 'raw'):
            self.assertEqual(
                5 * 1024 ** 2,
                self.inspect(disk_format, self.disk(disk_format)))

    def test_data_of_another_format_is_refused(self):
        for disk_format in ('qcow2', 'vdi', 'vmdk', 'vhd', 'vhdx', 'iso'):
            self.assertRaises(exception.FormatMismatch, self.inspect,
                              disk_format, DATA)

    def test_the_refusal_names_the_format_that_was_found(self):
        for disk_format, data, found in (
                ('qcow2', DATA, 'raw'), ('qcow2', b'', 'raw'),
                ('iso', self.disk('qcow2'), 'qcow2'),
                ('vmdk', self.disk('vdi'), 'vdi'),
                ('ami', self.disk('qcow2'), 'qcow2')):
            error = self.assertRaises(exception.FormatMismatch, self.inspect,
                                      disk_format, data)
            self.assertThat(str(error), matchers.EndsWith(
                f'disk_format {disk_format} does not match stream data '
                f'{found}'))

    def test_a_disk_that_is_two_is_named_as_both(self):
        data = self.disk('qcow2').ljust(34 * 1024 + 512, b'\0')
        volume = 32 * 1024
        data = data[:volume] + b'\x01CD001\x01' + data[volume + 7:]
        error = self.assertRaises(exception.FormatMismatch, self.inspect,
                                  'vdi', data)
        self.assertIn('iso, qcow2', str(error))

    def test_data_of_another_format_is_refused_before_its_end(self):
        inspection = streams.Inspection('qcow2', True)
        self.assertRaises(exception.FormatMismatch, inspection.write,
                          bytes(1024 ** 2))

    def test_anything_may_be_called_raw(self):
        self.assertEqual(len(DATA), self.inspect('raw', DATA))
        self.assertEqual(len(self.disk('qcow2')),
                         self.inspect('raw', self.disk('qcow2')))

    def test_a_disk_called_ami_is_refused(self):
        self.assertRaises(exception.FormatMismatch, self.inspect, 'ami',
                          self.disk('qcow2'))
        self.inspect('ami', DATA)

    def test_a_disk_that_refers_to_other_files_is_unsafe(self):
        data = self.disk('qcow2', '-o', 'data_file=/tmp/none.raw')
        self.assertRaises(exception.GlanceliteError, self.inspect, 'qcow2',
                          data)

    def test_nothing_is_refused_where_nothing_is_required(self):
        self.assertIsNone(self.inspect('qcow2', DATA, required=False))
        self.assertIsNone(self.inspect('vmdk', b'', required=False))

    def test_a_disk_cut_before_it_can_be_checked_is_unsafe(self):
        error = self.assertRaises(
            exception.UnsafeImage, self.inspect, 'vhdx',
            self.disk('vhdx')[:65535])
        self.assertIn('Incomplete file', str(error))

    def test_truncated_disks_never_raise_anything_of_the_inspectors(self):
        for disk_format in ('qcow2', 'vdi', 'vhdx'):
            data = self.disk(disk_format)
            for size in (0, 1, 4, 64, 100, 511, 512, 600, 65535):
                try:
                    self.inspect(disk_format, data[:size])
                except exception.GlanceliteError:
                    continue


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
