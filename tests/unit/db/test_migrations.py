# SPDX-License-Identifier: Apache-2.0
"""The schema is made, adopted from Glance and given back, on each database."""
from alembic import command
import sqlalchemy

from glancelite.db import characters
from glancelite.db import migration
from tests.unit.db import schemas

_IMAGE = """
INSERT INTO images (id, name, status, created_at, deleted, min_disk, min_ram)
VALUES ('6e7a', 'kept', 'active', '2026-01-02 03:04:05', :no, 0, 0)
"""
_PROPERTY = """
INSERT INTO image_properties (image_id, name, value, created_at, deleted)
VALUES ('6e7a', 'os_distro', 'debian', '2026-01-02 03:04:05', :no)
"""
#: Every revision.
_ALL = ['0001', '0002', '0003', '0004', '0005', '0006']

_ROWS = ('SELECT * FROM images', 'SELECT * FROM image_properties',
         'SELECT * FROM alembic_version')


class Migrations(schemas.SchemaTest):

    def fill(self, database):
        for statement in (_IMAGE, _PROPERTY):
            database.execute(statement, {'no': False})

    def rows(self, database):
        """:returns: the values of all columns that are Glance's."""
        with database.engine.connect() as connection:
            return [[{name: value for name, value in row.items()
                      if not name.startswith('glancelite_')}
                     for row in connection.execute(sqlalchemy.text(
                         statement)).mappings()] for statement in _ROWS]

    def test_an_empty_database_gets_the_tables_of_glance_and_ours(self):
        self.assertEqual(_ALL, migration.check(self.database))
        migration.sync(self.database)
        found = self.database.facts()
        expected = self.unicode_facts()
        self.assertEqual(
            {'glancelite_alembic_version', 'image_leases',
             'resumable_uploads', 'usage_reservations'},
            set(found) - set(expected))
        for table, facts in expected.items():
            with self.subTest(table=table):
                self.assertEqual(facts, _without_ours(found[table]))

    def test_a_synced_database_says_its_revisions(self):
        migration.sync(self.database)
        self.assertEqual(_ALL[-1], migration.version(self.database))
        self.assertEqual('2024_1_contract01',
                         migration.glance_version(self.database))
        self.assertEqual([], migration.check(self.database))

    def test_a_second_sync_changes_nothing(self):
        migration.sync(self.database)
        before = self.database.facts()
        migration.sync(self.database)
        self.assertEqual(before, self.database.facts())

    def test_an_empty_database_has_no_revision(self):
        self.assertIsNone(migration.version(self.database))
        self.assertIsNone(migration.glance_version(self.database))

    def test_release_leaves_exactly_what_glance_makes(self):
        migration.sync(self.database)
        migration.release(self.database)
        self.assert_schema(self.unicode_facts(), self.database)

    def test_adoption_and_release_leave_every_row_as_it_was(self):
        database = self.glance_database()
        self.fill(database)
        before = self.rows(database)
        migration.adopt(database)
        self.assertEqual(_ALL[-1], migration.version(database))
        self.assertEqual(before, self.rows(database))
        migration.release(database)
        self.assertEqual(before, self.rows(database))
        self.assert_glance_schema(database)

    def test_an_adopted_database_has_the_schema_of_a_new_one(self):
        migration.sync(self.database)
        database = self.glance_database()
        self.fill(database)
        migration.adopt(database)
        done = list(characters.convert(database))
        self.assertEqual(self.backend == 'mysql', bool(done))
        self.assertEqual(self.database.facts(), database.facts())

    def test_a_conversion_that_was_cut_off_is_completed(self):
        database = self.glance_database()
        self.fill(database)
        before = self.rows(database)
        all_of_them = characters.pending(database)
        conversion = characters.convert(database)
        first = next(conversion, None)
        conversion.close()
        self.assertNotIn(first, [table.name for table
                                 in characters.pending(database)])
        self.assertEqual(len(all_of_them),
                         len(list(characters.convert(database)))
                         + (first is not None))
        self.assertEqual({}, characters.pending(database))
        self.assertEqual(before, self.rows(database))
        self.assert_schema(self.unicode_facts(), database)

    def test_an_empty_database_is_not_adopted(self):
        with self.assertRaisesRegex(migration.SchemaError, 'no Glance'):
            migration.adopt(self.database)

    def test_a_glance_of_another_revision_is_left_alone(self):
        database = self.glance_database()
        database.execute("UPDATE alembic_version SET version_num = 'zed'")
        before = database.facts()
        with self.assertRaisesRegex(migration.SchemaError, 'at zed'):
            migration.sync(database)
        self.assertEqual(before, database.facts())

    def test_images_without_a_revision_of_glance_are_left_alone(self):
        self.database.execute('CREATE TABLE images (id VARCHAR(36))')
        with self.assertRaisesRegex(migration.SchemaError, 'no revision'):
            migration.sync(self.database)
        self.assertEqual(['images'], list(self.database.facts()))

    def test_a_glance_that_lacks_a_column_is_left_alone(self):
        database = self.glance_database()
        database.execute('ALTER TABLE tasks RENAME COLUMN user_id TO uid')
        with self.assertRaisesRegex(migration.SchemaError, 'tasks lacks'):
            migration.sync(database)
        self.assertIsNone(migration.version(database))

    def test_a_database_of_a_later_release_is_refused(self):
        migration.sync(self.database)
        self.database.execute(
            "UPDATE glancelite_alembic_version SET version_num = '9999'")
        for step in (migration.check, migration.sync, migration.release):
            with self.assertRaisesRegex(migration.SchemaError, '9999'):
                step(self.database)

    def test_nothing_is_released_where_nothing_is_ours(self):
        database = self.glance_database()
        with self.assertRaisesRegex(migration.SchemaError, 'nothing of'):
            migration.release(database)

    def test_our_revisions_go_down_and_up_again(self):
        migration.sync(self.database)
        before = self.database.facts()
        migration.run(self.database, command.downgrade, '0001')
        self.assertEqual(_ALL[1:], migration.check(self.database))
        migration.run(self.database, command.downgrade, 'base')
        self.assertEqual(_ALL, migration.check(self.database))
        migration.sync(self.database)
        self.assertEqual(before, self.database.facts())

    def test_a_first_sync_that_was_cut_off_is_completed(self):
        migration.sync(self.database)
        before = self.database.facts()
        migration.run(self.database, command.downgrade, 'base')
        for table in ('alembic_version', 'task_info', 'tasks'):
            self.database.execute(f'DROP TABLE {table}')
        self.drop_index('ix_images_deleted', 'images')
        migration.sync(self.database)
        self.assertEqual(before, self.database.facts())

    def test_a_second_revision_that_was_cut_off_is_completed(self):
        migration.sync(self.database)
        before = self.database.facts()
        self.database.execute('DROP TABLE image_leases')
        self.drop_index('glancelite_images_own_name', 'images')
        self.database.execute(
            "UPDATE glancelite_alembic_version SET version_num = '0001'")
        migration.sync(self.database)
        self.assertEqual(before, self.database.facts())

    def test_processes_that_start_at_once_make_the_schema_once(self):
        statuses, written = schemas.run_at_once(
            3, 'sync', self.database.url)
        self.assertEqual([0, 0, 0], statuses, written)
        migration.sync(other := self.new_database())
        self.assertEqual(other.facts(), self.database.facts())

    def test_processes_that_adopt_at_once_do_not_wait_for_each_other(self):
        database = self.glance_database()
        self.fill(database)
        statuses, written = schemas.run_at_once(3, 'adopt', database.url)
        self.assertEqual([0, 0, 0], statuses, written)
        self.assertEqual([], migration.check(database))

    def drop_index(self, name, table):
        on_table = f' ON {table}' if self.backend == 'mysql' else ''
        self.database.execute(f'DROP INDEX {name}{on_table}')


def _without_ours(facts):
    """:returns: the facts of a table without what we add to it."""
    return {**facts, **{kind: [
        each for each in facts[kind]
        if not each['name'].startswith('glancelite_')]
        for kind in ('indexes', 'columns')}}


schemas.on_every_backend(globals(), Migrations)
del Migrations
