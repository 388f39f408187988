# SPDX-License-Identifier: Apache-2.0
"""Another account's right to read is known from owner, group and mode."""
import pathlib

import fixtures
import testtools

from glancelite.api import accounts

_STRANGER = 4000000


class AccountTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        top = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        top.chmod(0o755)
        self.folder = top / 'images'
        self.folder.mkdir()
        self.file = self.folder / 'image'
        self.file.touch()

    def assert_may_read(self, account, file, folder, expected):
        self.file.chmod(file)
        self.folder.chmod(folder)
        self.assertIs(expected, account.may_read(str(self.file)),
                      f'{file:o} in {folder:o}')

    def test_others_need_the_rights_of_others(self):
        account = accounts.Account(_STRANGER, [])
        for file, folder, expected in (
                (0o644, 0o755, True), (0o640, 0o755, False),
                (0o644, 0o750, False), (0o604, 0o701, True),
                (0o644, 0o644, False)):
            self.assert_may_read(account, file, folder, expected)

    def test_a_group_needs_the_rights_of_the_group(self):
        group = self.file.stat().st_gid
        account = accounts.Account(_STRANGER, [_STRANGER, group])
        for file, folder, expected in (
                (0o640, 0o2750, True), (0o600, 0o750, False),
                (0o640, 0o700, False), (0o604, 0o755, False)):
            self.assert_may_read(account, file, folder, expected)

    def test_root_may_read_all(self):
        self.assert_may_read(accounts.Account(0, [0]), 0o600, 0o700, True)

    def test_what_is_not_there_cannot_be_read(self):
        self.file.unlink()
        self.assertFalse(accounts.Account(_STRANGER, []).may_read(
            str(self.file)))

    def test_accounts_have_names(self):
        self.assertIsNone(accounts.named('${APACHE_RUN_USER}'))
        self.assertIsNone(accounts.named(''))
        self.file.chmod(0)
        self.assertTrue(accounts.named('root').may_read(str(self.file)))
