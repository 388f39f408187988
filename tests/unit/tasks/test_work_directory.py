# SPDX-License-Identifier: Apache-2.0
"""Work files: which are removed, and which are somebody's."""
import pathlib
import types

import fixtures
import testtools

from glancelite import exception
from glancelite.objects import lease as lease_object
from glancelite.tasks import credential
from glancelite.tasks import work_directory


class Leases:
    """Stands for the repository: tokens by image."""

    def __init__(self, tokens):
        self._tokens = tokens

    def tokens(self, image_ids):
        return {each: self._tokens[each] for each in image_ids
                if each in self._tokens}


def lease(image_id, token):
    return lease_object.Lease(image_id, lease_object.IMPORT,
                              {'token': token})


class WorkDirectoryTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'new', 'work')
        self.conf = types.SimpleNamespace(
            enabled_backends=None,
            task=types.SimpleNamespace(work_dir=self.folder))

    def test_only_files_of_attempts_that_are_over_are_removed(self):
        directory = work_directory.WorkDirectory(
            self.conf, Leases({'running': 'new', 'other': 'x'}))
        kept = [directory.file(lease('running', 'new'), 1),
                directory.file(lease('other', 'x'), '0-input')]
        gone = [directory.file(lease('running', 'old'), 1),
                directory.file(lease('forgotten', 'y'), 0)]
        strange = self.folder / 'notes'
        for path in (*kept, *gone, strange):
            path.write_text('')
        directory.tidy()
        self.assertEqual({*kept, strange}, set(self.folder.iterdir()))
        directory.discard(lease('other', 'x'))
        self.assertEqual({kept[0], strange}, set(self.folder.iterdir()))

    def test_what_cannot_be_removed_is_left_for_another_time(self):
        directory = work_directory.WorkDirectory(self.conf, Leases({}))
        stays = directory.file(lease('a', 'y'), 0)
        stays.mkdir(parents=True)
        goes = directory.file(lease('b', 'y'), 0)
        goes.write_text('')
        directory.tidy()
        directory.discard(lease('a', 'y'))
        self.assertEqual([stays], list(self.folder.iterdir()))
        stays.rmdir()
        stays.write_text('')
        directory.tidy()
        self.assertEqual([], list(self.folder.iterdir()))

    def test_a_directory_that_cannot_be_is_no_failure_of_the_service(self):
        self.conf.task.work_dir = '/dev/null/work'
        directory = work_directory.WorkDirectory(self.conf, Leases({}))
        directory.tidy()
        self.assertRaises(exception.StoreUnavailable, directory.file,
                          lease('x', 'y'), 1)


class SealTest(testtools.TestCase):

    def test_a_token_is_opened_with_the_same_secret_alone(self):
        sealed = credential.Seal(lambda: b'one').sealed('token')
        self.assertNotIn('token', sealed)
        self.assertEqual('token',
                         credential.Seal(lambda: b'one').opened(sealed))
        for text in (sealed, None, 'x', sealed[:-1]):
            self.assertRaises(exception.RegionRefused,
                              credential.Seal(lambda: b'two').opened, text)
