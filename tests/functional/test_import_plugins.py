# SPDX-License-Identifier: Apache-2.0
"""Imports that plugins change, or refuse."""
import contextlib
import gzip
import hashlib
import os
import pathlib
import shutil
import struct
import subprocess
import sys

import fixtures
import testscenarios
import testtools

from glancelite import exception
from tests.functional import application
from tests.functional import test_import

load_tests = testscenarios.load_tests_apply_scenarios

EXAMPLE = (application.ROOT / 'doc' / 'source' / 'admin'
           / 'import-plugin-example')

DISK = os.urandom(300_000) + bytes(5 * 1024 * 1024 - 300_000)


def digest(data):
    return hashlib.sha512(data).hexdigest()


class PluginTestCase(test_import.ImportTestCase):
    """A service with one plugin or several."""

    plugins = ''

    def setUp(self):
        self.options = {
            'os_glance_tasks_store': {
                'filesystem_store_datadir': '{folder}/work'},
            'image_import_opts': {'image_import_plugins': self.plugins},
            **self.options}
        super().setUp()

    def imported(self, data, persona='alice', **fields):
        """:returns: the image, when its import has ended."""
        image_id = self.client.create(
            persona=persona,
            **{'disk_format': 'raw', 'container_format': 'bare',
               **fields})['id']
        self.stage(image_id, data, persona)
        self.submit(image_id, persona=persona)
        return self.done(image_id, persona)

    def left(self):
        """:returns: names of what lies in the staging and work areas."""
        return self.files('staging', 'work')

    def stored_as(self, image, data):
        """Check that ``data`` is the image's, and that nothing else is left.
        """
        self.assertEqual(
            ('active', len(data), digest(data)),
            (image['status'], image['size'], image['os_hash_value']),
            self.task(image['id']))
        self.assertEqual(set(), self.left())


class QemuTestCase(PluginTestCase):

    def setUp(self):
        if not shutil.which('qemu-img'):
            self.skipTest('qemu-img is not installed')
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def make(self, disk_format, *arguments):
        """:returns: bytes of an image that has DISK in it."""
        raw = self.folder / 'raw'
        raw.write_bytes(DISK)
        made = self.folder / f'made.{disk_format}'
        subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', disk_format,
                        *arguments, raw, made], check=True)
        return made.read_bytes()


class ConversionTest(QemuTestCase):

    plugins = '[image_decompression, image_conversion]'
    options = {'image_conversion': {'max_size': 1}}

    def test_images_become_raw_and_are_described_so(self):
        for name, disk_format in (('qcow2', 'qcow2'), ('vmdk', 'vmdk'),
                                  ('vpc', 'vhd'), ('vdi', 'vdi')):
            data = self.make(name)
            image = self.imported(data, disk_format=disk_format)
            kept = self.client.download(image['id']).body
            self.assertEqual(DISK, kept[:len(DISK)], disk_format)
            self.stored_as(image, kept)
            self.assertEqual(('raw', len(kept)),
                             (image['disk_format'], image['virtual_size']))

    def test_compressed_images_are_unpacked_first(self):
        data = gzip.compress(self.make('qcow2'))
        image = self.imported(data, disk_format='qcow2')
        self.stored_as(image, DISK)

    def test_what_is_raw_already_stays_as_it_is(self):
        self.stored_as(self.imported(DISK), DISK)

    def test_a_disc_stays_one(self):
        # The descriptor of the volume, in its place.
        disc = bytes(32768) + b'\x01CD001\x01' + bytes(2041) + DISK
        image = self.imported(disc, disk_format='iso')
        self.stored_as(image, disc)
        self.assertEqual('iso', image['disk_format'])

    def test_what_cannot_be_converted_is_refused_with_a_reason(self):
        base = self.folder / 'base.qcow2'
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', base,
                        '1M'], check=True)
        backed = self.folder / 'backed.qcow2'
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F',
                        'qcow2', '-b', base, backed], check=True)
        huge = self.folder / 'huge.qcow2'
        subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', huge,
                        '2G'], check=True)
        broken = bytearray(self.make('qcow2'))
        first, = struct.unpack_from('>Q', broken, 40)
        # The table that leads to the data leads nowhere.
        broken[first:first + 8] = b'\x7f' * 8
        for data, disk_format, words in (
                (backed.read_bytes(), 'qcow2', 'safety'),
                (DISK, 'qcow2', 'does not match'),
                (huge.read_bytes(), 'qcow2', '1 GiB'),
                (bytes(broken), 'qcow2', 'damaged'),
                (DISK, 'ami', 'cannot be converted')):
            image = self.imported(
                data, disk_format=disk_format,
                container_format='ami' if disk_format == 'ami' else 'bare')
            message = self.task(image['id'])['message']
            self.assertIn(words, message)
            self.assertNotIn(str(self.application.folder), message)
            self.assertEqual(('queued', disk_format),
                             (image['status'], image['disk_format']))
            self.assertEqual(set(), self.left())
            self.client.request('DELETE', f'/v2/images/{image["id"]}')


class _EndlessTestCase(PluginTestCase):
    """qemu-img is one that never ends."""

    scenarios = application.SCENARIOS
    plugins = '[image_conversion]'

    def setUp(self):
        # The server's process finds it, too.
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        program = folder / 'qemu-img'
        program.write_text(f'#!/bin/sh\necho > "$7"\nmkfifo {folder}/fifo\n'
                           f'read x < {folder}/fifo\n')
        program.chmod(0o755)
        self.useFixture(fixtures.EnvironmentVariable(
            'PATH', f'{folder}:{os.environ["PATH"]}'))
        super().setUp()

    def begin(self):
        """:returns: the id of an image whose import has begun."""
        image_id = self.create()
        self.stage(image_id, DISK)
        self.submit(image_id)
        return image_id

    def running(self):
        """:returns: pids of programs that write into the work area."""
        work = str(self.application.folder / 'work').encode()
        pids = []
        for path in pathlib.Path('/proc').glob('[0-9]*/cmdline'):
            with contextlib.suppress(OSError):
                if work in path.read_bytes():
                    pids.append(path.parent.name)
        return pids


class DeletedConversionTest(_EndlessTestCase):

    options = {'image_conversion': {'output_format': 'qcow2'}}

    def test_it_ends_with_the_image(self):
        image_id = self.begin()
        application.eventually(lambda: len(self.left()) == 2, 'It runs')
        self.assertNotEqual([], self.running())
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image_id}').status)
        application.eventually(lambda: not self.running(), 'It is killed')
        application.eventually(lambda: not self.left(), 'Nothing is left')


class SlowConversionTest(_EndlessTestCase):

    options = {'image_conversion': {'output_format': 'qcow2',
                                    'total_timeout': 1}}

    def test_it_ends_when_its_time_is_over(self):
        image_id = self.begin()
        image = self.done(image_id)
        self.assertEqual([], self.running())
        self.assertEqual(('queued', 'raw'),
                         (image['status'], image['disk_format']))
        task = self.task(image_id)
        self.assertEqual('failure', task['status'])
        self.assertIn('more time or room than allowed', task['message'])
        self.assertEqual(set(), self.files('fast', 'cheap', 'staging',
                                           'work'))
        self.assertIn('qemu-img is ended', self.application.log_text())


class ServerConversionTest(QemuTestCase):
    """The same where an event loop runs."""

    mode = 'eventlet'
    plugins = '[image_conversion]'
    options = {'image_conversion': {'output_format': 'qcow2'}}

    def test_raw_images_become_qcow2(self):
        image = self.imported(DISK)
        self.assertEqual(('active', 'qcow2', len(DISK)), (
            image['status'], image['disk_format'], image['virtual_size']))
        self.assertEqual(set(), self.left())


class DecompressionTest(PluginTestCase):

    plugins = '[inject_image_metadata,image_decompression]'
    options = {'inject_metadata_properties': {
        'inject': '"hw_disk_bus":"scsi",os_distro:debian'}}

    def test_data_is_unpacked_on_its_way_to_every_store(self):
        image_id = self.create()
        self.stage(image_id, gzip.compress(DISK))
        self.submit(image_id, all_stores=True)
        image = self.done(image_id)
        self.stored_as(image, DISK)
        self.assertEqual('cheap,fast', image['stores'])

    def test_data_from_the_web_is_unpacked(self):
        url = self.serve(lambda request: test_import.wire.send(
            request, gzip.compress(DISK)))
        image_id = self.create()
        self.submit(image_id, 'web-download', uri=f'{url}/disk.gz')
        self.stored_as(self.done(image_id), DISK)

    def test_properties_are_injected_where_no_role_is_spared(self):
        image = self.imported(DISK, hw_disk_bus='ide')
        self.assertEqual(('scsi', 'debian'),
                         (image['hw_disk_bus'], image['os_distro']))
        image = self.imported(DISK, 'admin', hw_disk_bus='ide')
        self.assertEqual(('ide', False),
                         (image['hw_disk_bus'], 'os_distro' in image))

    def test_a_refused_import_leaves_the_image_as_it_was(self):
        image = self.imported(gzip.compress(DISK)[:-4])
        self.assertEqual(('queued', False),
                         (image['status'], 'hw_disk_bus' in image))
        self.assertIn('damaged', self.task(image['id'])['message'])
        self.assertEqual(set(), self.left())


class OwnPluginTest(PluginTestCase):
    """The example in the documentation, installed as it says."""

    plugins = '[scan_image]'

    def setUp(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        subprocess.run(
            [sys.executable, '-c', 'import setuptools; setuptools.setup()',
             '-q', 'egg_info', '--egg-base', folder], check=True,
            cwd=shutil.copytree(EXAMPLE, folder / 'source'))
        shutil.copy(EXAMPLE / 'scan_image.py', folder)
        self.useFixture(fixtures.MonkeyPatch(
            'sys.path', [str(folder), *sys.path]))
        # It has been looked what is installed.
        self.useFixture(fixtures.MonkeyPatch(
            'stevedore.extension.ExtensionManager.ENTRY_POINT_CACHE', {}))
        # The scanner finds what it looks for, or does not.
        self.options = {'scan_image': {'command': 'grep,-qvz,virus'}}
        super().setUp()

    def test_it_notes_what_it_has_seen_and_refuses_what_is_bad(self):
        image = self.imported(b'harmless')
        self.assertEqual(('active', 'yes'),
                         (image['status'], image['scanned']))
        image = self.imported(b'virus')
        self.assertEqual(('queued', 'The scanner refuses the image.'), (
            image['status'], self.task(image['id'])['message']))


class MissingPluginTest(testtools.TestCase):

    def test_the_service_does_not_start_without_a_plugin_that_is_named(self):
        for names, words in (('[nothing]', 'no nothing under'),
                             ('[image_conversion,image_conversion]',
                              'twice')):
            built = application.Application(
                'wsgi', image_import_opts={'image_import_plugins': names})
            error = self.assertRaises(
                (exception.ConfigurationError, fixtures.MultipleExceptions),
                built.setUp)
            self.assertIn(words, repr(getattr(error, 'args', error)))
