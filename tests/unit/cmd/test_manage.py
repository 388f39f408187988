# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage as it is typed: what it prints, and its exit status."""
import pathlib
import tempfile

from tests import databases
from tests import nursery
from tests.unit.db import schemas


class Manage:

    backend = None

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.configure(databases.use(self, self.backend))

    def configure(self, connection):
        (self.folder / 'api.conf').write_text(
            f'[database]\nconnection = {connection}\n')

    def manage(self, command):
        """:returns: the exit status and the lines written."""
        done = nursery.run('manage', '--config-file',
                           self.folder / 'api.conf', *command.split(),
                           together=True)
        return done.returncode, done.stdout.splitlines()

    def test_check_tells_before_and_after_a_sync(self):
        self.assertEqual(
            (4, ['"db sync" will bring: 0001, 0002, 0003, 0004, 0005, '
                 '0006.']),
            self.manage('db check'))
        self.assertEqual((0, ['The schema is at 0006.']),
                         self.manage('db sync'))
        self.assertEqual((0, ['The schema is up to date.']),
                         self.manage('db check'))

    def test_a_database_is_released_and_adopted_again(self):
        self.manage('db_sync')
        self.assertEqual(
            (0, ['glancelite: 0006', 'glance: 2024_1_contract01']),
            self.manage('db version'))
        self.assertEqual(0, self.manage('db release')[0])
        self.assertEqual(
            (0, ['glancelite: none', 'glance: 2024_1_contract01']),
            self.manage('db_version'))
        self.assertEqual(0, self.manage('db adopt')[0])

    def test_purge_takes_the_options_of_glance_and_ours(self):
        self.manage('db sync')
        for command in ('db purge', 'db_purge --age_in_days 1 --max_rows 5',
                        'db purge_images_table --age-in-days 0',
                        'db_purge_images_table --max-rows -1'):
            self.assertEqual((0, ['0 rows are removed.']),
                             self.manage(command), command)
        self.assertEqual(2, self.manage('db purge --age-in-days=-1')[0])

    def test_a_refusal_is_one_line(self):
        self.assertEqual(
            (1, ['There is no Glance schema in this database.']),
            self.manage('db adopt'))

    def test_a_database_out_of_reach_is_one_line(self):
        self.configure(f'sqlite:///{self.folder}/nowhere/glancelite.sqlite')
        status, lines = self.manage('db sync')
        self.assertEqual(1, status)
        self.assertEqual(1, len(lines), lines)
        self.assertIn('unable to open database file', lines[0])
        self.assertFalse((self.folder / 'nowhere').exists())

    def test_a_wrong_command_shows_the_right_ones(self):
        status, lines = self.manage('db upgrade')
        self.assertEqual(2, status)
        self.assertIn('sync', lines[-1])


schemas.on_every_backend(globals(), Manage)
del Manage
