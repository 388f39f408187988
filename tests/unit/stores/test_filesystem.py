# SPDX-License-Identifier: Apache-2.0
"""The file store: the contract, and what is special to files."""
import errno
import fcntl
import json
import os
import pathlib
import stat
import types
import uuid

import fixtures
import testtools

from glancelite import exception
from glancelite.stores import direct_file
from glancelite.stores import filesystem
from tests.contract import store_driver


def options(directory, permissions=0):
    """:returns: the option group of a file store."""
    return types.SimpleNamespace(
        filesystem_store_datadir=str(directory),
        filesystem_store_file_perm=permissions,
        store_description='Files', weight=5)


class FilesystemContractTest(store_driver.StoreDriverContract,
                             testtools.TestCase):
    """The file store keeps the contract."""

    def make_driver(self):
        self.folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'images'
        return filesystem.FilesystemDriver('fast', options(self.folder))

    def contents(self):
        return sorted(path.name for path in self.folder.iterdir())


class DirectContractTest(FilesystemContractTest):
    """So does one that writes past the page cache."""

    def make_driver(self):
        driver = super().make_driver()
        given = options(self.folder)
        given.filesystem_direct_io = True
        driver = filesystem.FilesystemDriver('fast', given)
        driver.check()
        return driver

    def assert_kept(self, data, step=None):
        """:param step: bytes of a block; all are written at once if None."""
        image_id = str(uuid.uuid4())
        writer = self.driver.writer(image_id, 'token')
        for start in range(0, len(data), step or max(1, len(data))):
            writer.write(data[start:start + (step or len(data))])
        writer.finish()
        with self.driver.open(self.driver.commit(image_id,
                                                 'token')) as file:
            self.assertEqual(data, file.read())

    def test_data_of_any_size_in_blocks_of_any_size_is_kept(self):
        whole = os.urandom(3 * direct_file.SIZE)
        for size in (0, 1, direct_file.SIZE - 1, direct_file.SIZE,
                     direct_file.SIZE + 1, len(whole)):
            self.assert_kept(whole[:size])
            self.assert_kept(whole[:size], direct_file.SIZE // 3 + 5)

    def test_a_file_system_that_refuses_gets_the_data_as_ever(self):
        for refused in (errno.EINVAL, errno.EOPNOTSUPP):
            calls = self.useFixture(Refusing(refused))
            self.assert_kept(os.urandom(2 * direct_file.SIZE + 1))
            self.assertEqual(1, calls.refusals)

    def test_a_write_that_is_cut_short_is_gone_on_with(self):
        calls = self.useFixture(Refusing(None))
        self.assert_kept(os.urandom(2 * direct_file.SIZE + 1))
        self.assertEqual(1, calls.refusals)

    def test_a_full_device_is_storage_full(self):
        self.useFixture(Refusing(errno.ENOSPC))
        writer = self.driver.writer(str(uuid.uuid4()), 'token')
        self.assertRaises(exception.StorageFull, writer.write,
                          bytes(direct_file.SIZE))
        writer.cancel()
        self.assertEqual([], self.contents())

    def test_a_buffer_that_an_error_still_has_does_not_keep_the_file(self):
        class Full:
            def __getattr__(self, name):
                return getattr(os, name)

            def write(self, descriptor, data):
                self.data = data
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.direct_file.os', Full()))
        writer = self.driver.writer(str(uuid.uuid4()), 'token')
        writer.write(b'a few bytes')
        self.assertRaises(exception.StorageFull, writer.finish)
        writer.cancel()
        self.assertEqual([], self.contents())


class Refusing(fixtures.Fixture):
    """The operating system, which refuses, or cuts short, direct writes.

    :param number: the error, or None to write less than all.
    :ivar refusals: how many writes it has refused or cut.
    """

    def __init__(self, number):
        super().__init__()
        self._number = number
        self.refusals = 0

    def _setUp(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.direct_file.os', self))

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, data):
        if not fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
            return os.write(descriptor, data)
        self.refusals += 1
        if self._number:
            raise OSError(self._number, os.strerror(self._number))
        return os.write(descriptor, data[:4096])


class SeveralDirectoriesContractTest(store_driver.StoreDriverContract,
                                     testtools.TestCase):
    """So does one of several directories, with holes in its files."""

    def make_driver(self):
        self.folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        given = options(None)
        given.filesystem_store_datadirs = [
            f'{self.folder}/low:1', f'{self.folder}/high:2',
            f'{self.folder}/lowest']
        given.filesystem_thin_provisioning = True
        return filesystem.FilesystemDriver('fast', given)

    def contents(self):
        return sorted(path.name for path in self.folder.glob('*/*'))

    def test_the_greatest_priority_with_room_takes_the_data(self):
        url = self.store(b'x')
        self.assertEqual(self.folder / 'high',
                         pathlib.Path(self.driver.path(url)).parent)
        os.rmdir(self.folder / 'lowest')
        (self.folder / 'high').rename(self.folder / 'gone')
        url = self.store(b'y')
        self.assertEqual(self.folder / 'low',
                         pathlib.Path(self.driver.path(url)).parent)

    def test_more_than_there_is_room_for_is_refused_at_once(self):
        self.assertRaises(exception.StorageFull, self.driver.writer,
                          str(uuid.uuid4()), 'token', 2 ** 62)
        self.assert_empty()

    def test_what_is_not_mounted_is_unavailable_and_not_missing(self):
        url = self.store(b'x')
        (self.folder / 'high').rename(self.folder / 'away')
        for ask in (self.driver.size, self.driver.open, self.driver.delete):
            self.assertRaises(exception.StoreUnavailable, ask, url)
        self.assertRaises(exception.StoreUnavailable, self.driver.discard,
                          str(uuid.uuid4()), 'token')
        (self.folder / 'away').rename(self.folder / 'high')
        self.assertEqual(b'x', self.read(url))

    def test_zeros_become_holes(self):
        zeros = bytes(4 * store_driver.MIB)
        for data in (zeros, b'x' + zeros, zeros + b'x',
                     zeros[:70000] + b'x' * 70000 + zeros[:123]):
            url = self.store(data)
            self.assertTrue(data == self.read(url))
            found = os.stat(self.driver.path(url))
            self.assertEqual(len(data), found.st_size)
            self.assertLess(found.st_blocks * 512, 300000)

    def test_priorities_are_numbers(self):
        given = options(None)
        given.filesystem_store_datadirs = ['/srv:high']
        self.assertRaises(exception.ConfigurationError,
                          filesystem.FilesystemDriver, 'fast', given)


class FilesystemTest(testtools.TestCase):
    """Names, permissions, and what the operating system refuses."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.driver = filesystem.FilesystemDriver(
            'fast', options(self.folder))
        self.image_id = str(uuid.uuid4())

    def store(self, driver=None):
        driver = driver or self.driver
        writer = driver.writer(self.image_id, 'token')
        writer.write(b'data')
        writer.finish()
        return driver.commit(self.image_id, 'token')

    def test_permissions_that_are_not_octal_stop_the_start(self):
        error = self.assertRaises(
            exception.ConfigurationError, filesystem.FilesystemDriver,
            'fast', options(self.folder, 689))
        self.assertIn('filesystem_store_file_perm 689', str(error))

    def test_a_location_is_the_one_that_glance_writes(self):
        self.assertEqual(f'file://{self.folder}/{self.image_id}',
                         self.store())
        self.assertEqual(b'data',
                         (self.folder / self.image_id).read_bytes())

    def test_an_unfinished_file_bears_a_name_that_is_no_images(self):
        writer = self.driver.writer(self.image_id, 'token')
        self.addCleanup(writer.cancel)
        name, = os.listdir(self.folder)
        self.assertTrue(name.startswith(filesystem.TEMPORARY_PREFIX))

    def test_files_of_glance_are_read(self):
        path = self.folder / self.image_id
        path.write_bytes(b'of glance')
        for scheme in ('file', 'filesystem'):
            url = f'{scheme}://{path}'
            self.assertTrue(self.driver.owns(url))
            with self.driver.open(url, 3) as file:
                self.assertEqual(b'glance', file.read())

    def test_a_folder_may_have_any_letters_in_its_name(self):
        folder = self.folder / 'a b%20ü?x#y'
        driver = filesystem.FilesystemDriver('odd', options(folder))
        driver.check()
        url = self.store(driver)
        self.assertEqual(4, driver.size(url))
        self.assertTrue(driver.owns(url))

    def test_files_in_folders_beside_or_below_are_not_its_own(self):
        below = self.folder / 'below'
        below.mkdir()
        for path in (below / self.image_id, self.folder.parent / 'x',
                     self.folder / '..' / 'x', '/etc/passwd',
                     f'{self.folder}/../../etc/passwd'):
            self.assertFalse(self.driver.owns(f'file://{path}'))

    def test_permissions_are_those_of_the_option(self):
        driver = filesystem.FilesystemDriver(
            'fast', options(self.folder, permissions=640))
        self.store(driver)
        mode = (self.folder / self.image_id).stat().st_mode
        self.assertEqual(0o640, stat.S_IMODE(mode))

    def test_a_folder_that_cannot_be_made_may_come_later(self):
        place = self.folder / 'place'
        place.write_text('')
        driver = filesystem.FilesystemDriver('bad', options(place / 'below'))
        driver.check()
        self.assertEqual('false', driver.properties()['available'])
        self.assertRaises(exception.StoreUnavailable, self.store, driver)
        place.unlink()
        self.store(driver)
        self.assertEqual('true', driver.properties()['available'])

    def test_locations_below_a_mount_point_tell_of_it(self):
        described = self.folder / 'metadata.json'
        given = options(self.folder / 'images')
        given.filesystem_store_metadata_file = str(described)
        for wrong in ('', '[]]', '{"id": "x"}', '{"id": 1, "mountpoint": "/"}',
                      '{"id": "x", "mountpoint": "here"}'):
            described.write_text(wrong)
            self.assertRaises(exception.ConfigurationError,
                              filesystem.FilesystemDriver, 'fast', given)
        here = {'id': 'one', 'mountpoint': str(self.folder)}
        described.write_text(json.dumps(
            [{'id': 'other', 'mountpoint': '/elsewhere'}, here]))
        driver = filesystem.FilesystemDriver('fast', given)
        driver.check()
        self.assertEqual(here, driver.metadata(self.store(driver)))

    def test_missing_data_names_no_path(self):
        error = self.assertRaises(
            exception.DataMissing, self.driver.open,
            f'file://{self.folder}/{self.image_id}')
        self.assertNotIn(str(self.folder), str(error))

    def test_a_full_device_is_storage_full(self):
        # /dev/full refuses every write for want of space.
        if not os.path.exists('/dev/full'):
            self.skipTest('There is no /dev/full.')
        writer = self.driver.writer(self.image_id, 'token')
        self.addCleanup(writer.cancel)
        full = os.open('/dev/full', os.O_WRONLY)
        os.dup2(full, writer._descriptor)
        os.close(full)
        self.assertRaises(exception.StorageFull, writer.write, b'x')

    def test_a_store_knows_how_it_is_described(self):
        self.assertEqual(('fast', 'Files', 5),
                         (self.driver.identifier, self.driver.description,
                          self.driver.weight))
