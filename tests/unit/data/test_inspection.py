# SPDX-License-Identifier: Apache-2.0
"""The content of images: what is refused, what is taken, what is learnt."""
import gc
import random
import tracemalloc
import types

import fixtures
from oslo_config import cfg
import testtools
from testtools import matchers

from glancelite import exception
from glancelite.conf import image_format
from glancelite.data import inspection
from tests.corpus import crafted
from tests.corpus import harmless
from tests.corpus import hostile
from tests.corpus import sample

_MIB = 1024 * 1024

#: Sizes of blocks in which images come.
_BLOCKS = (65536, 64 * _MIB)


def inspect(disk_format, data, block=65536, container_format='bare',
            **options):
    """:returns: the virtual size."""
    conf = cfg.ConfigOpts()
    conf.register_opts(image_format.OPTIONS, image_format.GROUP)
    conf([])
    for name, value in options.items():
        conf.set_override(name, value, image_format.GROUP)
    image = types.SimpleNamespace(disk_format=disk_format,
                                  container_format=container_format)
    consumer = inspection.Inspection(image, inspection.Rules(conf))
    for start in range(0, len(data), block):
        consumer.write(data[start:start + block])
    return consumer.finish()


class CorpusTest(testtools.TestCase):
    """Every image of the two tables, in blocks of several sizes."""

    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.FakeLogger())

    def test_the_tables_are_long_enough_and_say_nothing_twice(self):
        for table, length in ((hostile, 60), (harmless, 40)):
            names = {each.name for each in table.SAMPLES}
            self.assertGreaterEqual(len(names), length)
            self.assertEqual(len(names), len(table.SAMPLES))

    def test_every_hostile_image_is_refused(self):
        for each in hostile.SAMPLES:
            data = self._make(each)
            for block in (700, *_BLOCKS) if len(data) < 70000 else _BLOCKS:
                error = self.assertRaises(
                    (exception.FormatMismatch, exception.UnsafeImage),
                    inspect, each.disk_format, data, block)
                self.assertEqual(415, error.code, each.name)

    def test_every_harmless_image_is_taken_and_tells_its_size(self):
        for each in harmless.SAMPLES:
            data = self._make(each)
            sizes = {inspect(each.disk_format, data, block)
                     for block in _BLOCKS}
            self.assertEqual(1, len(sizes), each.name)
            if each.disk_format in ('qcow2', 'vmdk', 'vdi', 'vhdx', 'vhd'):
                if 'of ' not in each.name:
                    # vhd rounds up to cylinders.
                    self.assertIn(sizes.pop(), (_MIB, 1079296), each.name)

    def _make(self, each):
        try:
            return each.make()
        except sample.ToolMissing as error:
            self.skipTest(f'{each.name}: {error}')


class InspectionTest(testtools.TestCase):

    def test_a_disk_is_refused_before_all_of_it_has_come(self):
        for disk_format, data in (
                ('qcow2', crafted.backed('/etc/passwd')),
                ('qcow2', b'text' * _MIB), ('vdi', crafted.vdi(4)),
                ('vmdk', crafted.vmdk(crafted.descriptor('custom')))):
            conf = cfg.ConfigOpts()
            conf.register_opts(image_format.OPTIONS, image_format.GROUP)
            conf([])
            consumer = inspection.Inspection(
                types.SimpleNamespace(disk_format=disk_format,
                                      container_format='bare'),
                inspection.Rules(conf))
            self.assertRaises(
                (exception.FormatMismatch, exception.UnsafeImage),
                consumer.write, data)

    def test_the_refusal_names_the_format_that_was_found(self):
        for disk_format, data, found in (
                ('qcow2', b'text', 'raw'), ('qcow2', b'', 'raw'),
                ('qcow2', b'text' * _MIB, 'raw'),
                ('qcow2', crafted.vdi(), 'vdi'), ('qcow2', crafted.iso(),
                                                  'iso'),
                ('iso', crafted.qcow2(), 'qcow2'),
                ('ami', crafted.qcow2(), 'qcow2')):
            for block in (*_BLOCKS, 700):
                error = self.assertRaises(exception.FormatMismatch, inspect,
                                          disk_format, data, block)
                self.assertThat(str(error), matchers.EndsWith(
                    f'{disk_format} does not match stream data {found}'))

    def test_any_safe_image_may_be_called_raw(self):
        for data in (crafted.qcow2(), crafted.vmdk(), crafted.vdi(),
                     crafted.vhd(2, front=False), crafted.iso(), b'text'):
            self.assertEqual(len(data), inspect('raw', data))

    def test_a_fixed_vhd_holds_partitions_and_no_other_image(self):
        disk = crafted.mbr((0x80, 0x83, b'\0\2\0', 63, 64))
        footer = crafted.vhd(2, front=False)[-512:]
        self.assertEqual(_MIB, inspect('vhd', disk + footer))
        for other in (crafted.qcow2(), crafted.vmdk(), crafted.iso()):
            self.assertRaises(exception.UnsafeImage, inspect, 'vhd',
                              other + footer)

    def test_without_match_other_content_is_taken_but_nothing_unsafe(self):
        relaxed = {'require_image_format_match': False}
        for data in (b'text' * 1024, b'', crafted.iso()):
            self.assertIsNone(inspect('qcow2', data, **relaxed))
        for data in (crafted.backed('/etc/passwd'), crafted.qed(),
                     crafted.iso(crafted.qcow2())):
            self.assertRaises(exception.UnsafeImage, inspect, 'qcow2', data,
                              **relaxed)

    def test_what_wraps_a_disk_is_no_disk_but_nothing_unsafe_either(self):
        for container in ('ova', 'ovf', 'docker', 'compressed'):
            for data in (b'\x1f\x8b\x08\0' * 512,
                         b'\0' * 510 + b'\x55\xaa' + b'x' * 512):
                self.assertIsNone(inspect('vmdk', data,
                                          container_format=container))
            self.assertRaises(exception.UnsafeImage, inspect, 'raw',
                              crafted.backed('/etc/passwd'),
                              container_format=container)

    def test_the_operator_says_which_kinds_of_vmdk_are_taken(self):
        sparse, streamed = crafted.vmdk(), crafted.streamed()
        self.assertEqual(_MIB, inspect('vmdk', streamed))
        only = {'vmdk_allowed_types': ['MonolithicSparse']}
        self.assertEqual(_MIB, inspect('vmdk', sparse, **only))
        for refused, options in (
                (streamed, only), (sparse, {'vmdk_allowed_types': []}),
                (crafted.vmdk(crafted.descriptor('monolithicFlat')),
                 {'vmdk_allowed_types': ['monolithicFlat']})):
            self.assertRaises(exception.UnsafeImage, inspect, 'vmdk',
                              refused, **options)

    def test_the_operator_says_which_checks_of_partitions_count(self):
        odd = crafted.mbr()
        for options in ({}, {'gpt_safety_checks_nonfatal': ['gptmbr']}):
            self.assertRaises(exception.UnsafeImage, inspect, 'raw', odd,
                              **options)
        self.assertEqual(len(odd), inspect(
            'raw', odd, gpt_safety_checks_nonfatal=['mbr']))

    def test_formats_that_an_operator_adds_are_known(self):
        self.assertEqual(65536, inspect('gpt', crafted.gpt()))
        for disk_format, data in (('gpt', b'text' * 512),
                                  ('luks', crafted.qcow2()),
                                  ('qed', crafted.qed())):
            self.assertRaises(
                (exception.FormatMismatch, exception.UnsafeImage), inspect,
                disk_format, data)

    def test_a_disk_cut_before_it_can_be_checked_is_unsafe(self):
        error = self.assertRaises(exception.UnsafeImage, inspect, 'vhdx',
                                  crafted.vhdx()[:65535])
        self.assertIn('Incomplete file', str(error))

    def test_truncated_disks_never_raise_anything_of_the_inspectors(self):
        for make in (crafted.qcow2, crafted.vdi, crafted.vhdx, crafted.vmdk,
                     crafted.iso, crafted.gpt, crafted.luks,
                     crafted.streamed):
            data = make()
            for disk_format in ('qcow2', 'vdi', 'vhdx', 'vhd', 'vmdk', 'raw',
                                'iso', 'ami'):
                for size in (0, 1, 4, 63, 100, 511, 512, 600, 65535):
                    try:
                        inspect(disk_format, data[:size])
                    except exception.GlanceliteError:
                        continue

    def test_nothing_of_an_image_is_kept_until_garbage_is_collected(self):
        data = random.Random(5).randbytes(2 * _MIB)
        inspect('raw', data)
        gc.disable()
        self.addCleanup(gc.enable)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        inspect('raw', data)
        kept, _most = tracemalloc.get_traced_memory()
        self.assertLess(kept, _MIB // 8)
