# SPDX-License-Identifier: Apache-2.0
"""What compressed data is unpacked, and what is refused."""
import bz2
import gzip
import io
import lzma
import os
import pathlib
import shutil
import struct
import zipfile

import fixtures
import testtools

from glancelite import conf as configuration
from glancelite import exception
from glancelite.objects import image as image_object
from glancelite.objects import lease as lease_object
from glancelite.tasks import plugin
from glancelite.tasks.plugins import image_decompression

DATA = os.urandom(700_000) + bytes(3_000_000)


def zipped(*members, method=zipfile.ZIP_DEFLATED):
    """:returns: an archive of (name, bytes)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return file.getvalue()


def encrypted():
    """:returns: an archive whose member claims to be encrypted."""
    data = bytearray(zipped(('a', b'data')))
    data[6] |= 1
    data[data.index(b'PK\x01\x02') + 8] |= 1
    return bytes(data)


def vast_directory():
    """:returns: an archive with a directory of 300,000 bytes."""
    data = zipped(('a', b'data'))
    start = data.index(b'PK\x05\x06')
    entry = data[data.index(b'PK\x01\x02'):start]
    end = bytearray(data[start:])
    directory = entry * (300_000 // len(entry))
    struct.pack_into('<L', end, 12, len(directory))
    return data[:data.index(b'PK\x01\x02')] + directory + bytes(end)


def archived(data, method=b'-lh0-', packed=None, size=None, crc=None,
             level=0):
    """:returns: an lha archive of one file, stored if nothing else is said.
    """
    packed = data if packed is None else packed
    crc = checked(data) if crc is None else crc
    facts = method + struct.pack('<LLLBB', len(packed), size or len(data), 0,
                                 0x20, level)
    if level == 2:
        # What follows is the name, in a part of its own.
        more = struct.pack('<HBHB4sH', crc, ord('U'), 7, 1, b'disk', 0)
        head = struct.pack('<H', 2 + len(facts) + len(more)) + facts + more
    else:
        facts += b'\4disk' + struct.pack('<H', crc)
        head = bytes([len(facts), sum(facts) % 256]) + facts
    return head + packed + b'\0'


def checked(data):
    """:returns: the checksum that lha has of ``data``."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _bit in range(8):
            crc = crc >> 1 ^ (0xa001 if crc & 1 else 0)
    return crc


def repeated(*counts):
    """:returns: an lh5 stream of 4 times the letter A, and for each count
        256 times as many.

    The first block is of four letters, which need no bits since there is no
    other; those of the others each repeat the letter before 256 times.
    """
    bits = ''.join(
        f'{symbols:016b}' + 10 * '0' + 9 * '0' + f'{symbol:09b}' + 8 * '0'
        for symbols, symbol in (
            (4, ord('A')), *((count, 256 + 253) for count in counts)))
    bits += -len(bits) % 8 * '0'
    return int(bits, 2).to_bytes(len(bits) // 8, 'big')


class DecompressionTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def unpack(self, data, container='bare', **options):
        """:returns: what becomes of ``data``."""
        conf = configuration.new()
        conf([], default_config_files=[])
        for name, value in options.items():
            conf.set_override(name, value, group='image_decompression')
        job = plugin.Job(
            image_object.Image({'id': 'x', 'container_format': container}),
            lease_object.Lease('x', lease_object.IMPORT, {}), 'glance-direct')
        job.input = self.folder / 'data'
        job.input.write_bytes(data)
        made = image_decompression.ImageDecompression(conf).transform(job)
        if made is None:
            return data
        blocks = []
        try:
            while block := made.read(100_000):
                self.assertLessEqual(len(block), 100_000)
                blocks.append(block)
        finally:
            made.close()
        return b''.join(blocks)

    def test_every_kind_is_unpacked(self):
        for packed in (gzip.compress(DATA), lzma.compress(DATA),
                       lzma.compress(DATA, lzma.FORMAT_ALONE),
                       zipped(('disk', DATA)),
                       zipped(('folder/', b''), ('folder/disk', DATA)),
                       zipped(('disk', DATA), method=zipfile.ZIP_STORED)):
            self.assertEqual(DATA, self.unpack(packed))

    def test_streams_that_follow_each_other_are_one(self):
        half = len(DATA) // 2
        for pack in (gzip.compress, lzma.compress):
            packed = pack(DATA[:half]) + pack(DATA[half:]) + bytes(8)
            self.assertEqual(DATA, self.unpack(packed))

    def test_other_data_stays_as_it_is(self):
        for data in (b'', b'x', DATA, bz2.compress(DATA[:1000]),
                     b'\x5d\0\0' + bytes(100), b'QFI\xfb' + bytes(1000)):
            self.assertEqual(data, self.unpack(data))

    def test_what_is_to_stay_compressed_does(self):
        packed = gzip.compress(DATA)
        self.assertEqual(packed, self.unpack(packed, 'compressed'))

    def test_damaged_and_unusual_data_is_refused(self):
        packed = {'cut gzip': gzip.compress(DATA)[:-20],
                  'cut xz': lzma.compress(DATA)[:-20],
                  'cut zip': zipped(('a', DATA))[:-30],
                  'damaged gzip': gzip.compress(DATA)[:2000] + bytes(9000),
                  'damaged xz': lzma.compress(DATA)[:2000] + bytes(9000),
                  'wrong crc': gzip.compress(DATA)[:-8] + bytes(8),
                  'two files': zipped(('a', DATA), ('b', DATA)),
                  'no file': zipped(('a/', b'')) + b'',
                  'bzip2 in zip': zipped(('a', DATA),
                                         method=zipfile.ZIP_BZIP2),
                  'encrypted': encrypted(),
                  'vast directory': vast_directory()}
        for name, data in packed.items():
            with testtools.ExpectedException(exception.ImportRefused,
                                             msg=name):
                self.unpack(data)

    def test_a_bomb_is_refused_before_it_fills_anything(self):
        bomb = gzip.compress(bytes(64 * 1024 ** 2))
        member = bomb * 17
        with testtools.ExpectedException(exception.ImportRefused,
                                         '.*1 GiB.*'):
            self.unpack(member, max_size=1)

    def require_lha(self):
        if not shutil.which('lha'):
            self.skipTest('lhasa is not installed')

    def test_archives_of_lha_are_unpacked(self):
        self.require_lha()
        data = DATA[:5000]
        self.assertEqual(data, self.unpack(archived(data)))
        self.assertEqual(data, self.unpack(archived(data, level=2)))
        data = b'A' * (4 + 256 * 9)
        self.assertEqual(data, self.unpack(
            archived(data, b'-lh5-', repeated(9))))

    def test_a_bomb_of_lha_is_refused_before_it_is_unpacked(self):
        blocks = [65535] * 250
        size = 4 + 256 * sum(blocks)
        # Nearly the most that the head of an archive can say.
        self.assertGreater(size, 3.9 * 1024 ** 3)
        bomb = archived(b'', b'-lh5-', repeated(*blocks), size)
        self.assertLess(len(bomb), 2000)
        # Without a program that would unpack it: it is not asked.
        self.useFixture(fixtures.EnvironmentVariable('PATH', '/nowhere'))
        with testtools.ExpectedException(exception.ImportRefused,
                                         '.*1 GiB.*'):
            self.unpack(bomb, max_size=1)

    def test_a_bomb_of_lha_unpacks_to_no_more_than_it_says(self):
        self.require_lha()
        data = b'A' * 5000
        bomb = archived(data, b'-lh5-', repeated(*[65535] * 250))
        self.assertEqual(data, self.unpack(bomb, max_size=1))

    def test_damaged_and_unusual_archives_of_lha_are_refused(self):
        good = archived(DATA[:5000])
        for name, data in {
                'cut': good[:-1000], 'head': good[:20],
                'wrong crc': archived(DATA[:5000], crc=1),
                'two files': good[:-1] + good,
                'of level 3': archived(b'x', level=3),
                'shorter than it says': archived(
                    b'A' * 260, b'-lh5-', repeated(1), 10 ** 6)}.items():
            with testtools.ExpectedException(exception.ImportRefused,
                                             msg=name):
                self.unpack(data)

    def test_without_the_program_archives_of_lha_are_refused(self):
        self.useFixture(fixtures.EnvironmentVariable('PATH', '/nowhere'))
        with testtools.ExpectedException(exception.ImportRefused):
            self.unpack(archived(b'data'))

    def test_a_large_dictionary_is_refused(self):
        filters = [{'id': lzma.FILTER_LZMA2, 'dict_size': 64 * 1024 ** 2}]
        packed = lzma.compress(DATA, filters=filters)
        self.assertEqual(DATA, self.unpack(packed))
        with testtools.ExpectedException(exception.ImportRefused):
            self.unpack(packed, memory=16)
