# SPDX-License-Identifier: Apache-2.0
"""The models and the migrations describe one schema, on each database."""
import re

from oslo_db.sqlalchemy import test_migrations

from glancelite.db import migration
from glancelite.db import models
from glancelite.db.models import listing
from tests.unit.db import schemas

_DEFINITIONS = {
    'sqlite': 'SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL',
    'postgresql': 'SELECT indexname, indexdef FROM pg_indexes'
                  " WHERE schemaname = 'public'",
}
#: Of alembic, which makes them by itself.
_VERSIONS = ('alembic_version', 'glancelite_alembic_version')


class Models(schemas.SchemaTest, test_migrations.ModelsMigrationsSync):

    def db_sync(self, engine):
        migration.sync(self.database)

    def get_engine(self):
        return self.database.engine

    def get_metadata(self):
        return models.metadata

    def include_object(self, object_, name, type_, reflected, compare_to):
        return name not in _VERSIONS

    def filter_metadata_diff(self, differences):
        """Leave out what alembic cannot see.

        It reads the NULLS FIRST of an index from PostgreSQL, and not from
        the model, and misses indexes that are for another database; the
        definitions are compared in the next test.
        """
        return [each for each in differences
                if not _orders_nulls(each, self.backend)
                and not _is_of_another(each, self.backend)]

    def test_a_database_made_from_the_models_has_the_migrated_schema(self):
        migration.sync(self.database)
        modelled = self.new_database()
        models.metadata.create_all(modelled.engine)
        expected = {table: facts
                    for table, facts in self.database.facts().items()
                    if table not in _VERSIONS}
        self.assertEqual(expected, modelled.facts())
        self.assertEqual(self.definitions(self.database),
                         self.definitions(modelled))

    def definitions(self, database):
        """:returns: what the database itself calls its definitions."""
        if self.backend == 'mysql':
            # Sorted, since the order of indexes is that of their making.
            return {table.name: sorted(
                line.strip(' ,') for line in database.rows(
                    f'SHOW CREATE TABLE {table.name}')[0][1].splitlines())
                for table in models.metadata.sorted_tables}
        # A column that was added stands behind all else in SQLite's text.
        return {name: sorted(re.findall(r'[^,\s()]+', text)) for name, text
                in database.rows(_DEFINITIONS[self.backend])
                if not name.startswith(_VERSIONS)}

    def test_every_table_is_an_attribute_of_models(self):
        for table in models.metadata.sorted_tables:
            self.assertIs(table, getattr(models, table.name))


def _orders_nulls(difference, backend):
    if backend != 'postgresql' or difference[0] not in ('add_index',
                                                        'remove_index'):
        return False
    keys = (key for key in listing.SORT_KEYS
            if models.images.c[key].nullable)
    return difference[1].name in {
        f'glancelite_images_{family}_{key}'
        for key in keys for family in ('visibility', 'own')}


def _is_of_another(difference, backend):
    on_mysql, elsewhere = (
        {listing.index_of(family, 'created_at', dialect)
         for family in ('visibility', 'own')} for dialect in ('mysql', None))
    return difference[0] == 'add_index' and difference[1].name in (
        elsewhere if backend == 'mysql'
        else on_mysql.union(listing.OF_AN_IMAGE.values()))


schemas.on_every_backend(globals(), Models)
del Models
