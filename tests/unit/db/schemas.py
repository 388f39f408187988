# SPDX-License-Identifier: Apache-2.0
"""What the tests of the schema share: databases at one state or another."""
import contextlib
import json
import os
import pathlib
import sys
import unittest

from alembic import command
import sqlalchemy

from glancelite.db import migration
from glancelite.db import migrations
from tests import databases
from tests import nursery
from tests import schema_facts

_UNICODE = ' CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci'

# InnoDB's estimates come from a sample and are made anew in the background;
# a plan that is to be the same each time wants every page read, once.
_STATISTICS = {
    'sqlite': ['ANALYZE'],
    'mysql': ['ALTER TABLE {} STATS_PERSISTENT=1 STATS_AUTO_RECALC=0'
              ' STATS_SAMPLE_PAGES=10000', 'ANALYZE TABLE {}'],
    'postgresql': ['VACUUM ANALYZE {}']}

_FACTS = pathlib.Path(__file__).parent / 'glance_schema'


class Database:
    """As much of ``glancelite.db.api.Database`` as a migration uses."""

    def __init__(self, url):
        self.url = url
        self.engine = sqlalchemy.create_engine(url)

    def execute(self, statement, *parameters):
        with self.engine.begin() as connection:
            return connection.execute(sqlalchemy.text(statement), *parameters)

    def rows(self, statement):
        with self.engine.connect() as connection:
            return connection.execute(sqlalchemy.text(statement)).all()

    def facts(self):
        """:returns: the schema, with lists as JSON has them."""
        return json.loads(json.dumps(schema_facts.read(self.engine)))


def gather_statistics(engine, backend, tables):
    """Let the database look at all that the tables hold."""
    with engine.connect() as connection:
        connection = connection.execution_options(
            isolation_level='AUTOCOMMIT')
        for table in tables:
            for statement in _STATISTICS[backend]:
                connection.execute(sqlalchemy.text(
                    statement.format(table.name))).close()


class SchemaTest:
    """A mixin: a new database in ``self.database``, by ``backend``.

    Cases inherit it together with ``unittest.TestCase``, once a backend,
    through :func:`on_every_backend`.
    """

    backend = None

    def setUp(self):
        super().setUp()
        self.database = self.new_database()

    def new_database(self):
        database = Database(databases.use(self, self.backend))
        self.addCleanup(database.engine.dispose)
        return database

    def glance_database(self):
        """:returns: an empty database as Glance 33 makes it."""
        database = self.new_database()
        migration.run(database, command.upgrade, '0001')
        database.execute(f'DROP TABLE {migrations.VERSION_TABLE}')
        if self.backend == 'mysql':
            databases.narrow(database.url, self.glance_facts())
        self.assert_glance_schema(database)
        return database

    def glance_facts(self):
        return json.loads((_FACTS / f'{self.backend}.json').read_text())

    def assert_glance_schema(self, database):
        """Is the schema Glance's, table by table, and nothing else?"""
        self.assert_schema(self.glance_facts(), database)

    def unicode_facts(self):
        """:returns: Glance's facts, where texts take all of Unicode."""
        facts = self.glance_facts()
        if self.backend == 'mysql':
            for table in facts.values():
                for column in table['columns']:
                    if (column['type'].startswith(('VARCHAR', 'TEXT'))
                            and column['type'] != 'VARCHAR(36)'
                            and column['name'] != 'version_num'):
                        column['type'] += _UNICODE
        return facts

    def assert_schema(self, expected, database):
        found = database.facts()
        self.assertEqual(sorted(expected), sorted(found))
        for table, facts in expected.items():
            with self.subTest(table=table):
                self.assertEqual(facts, found[table])


def on_every_backend(namespace, *mixins):
    """Put into a module one case for each mixin and each database."""
    for mixin in mixins:
        for backend in databases.BACKENDS:
            name = f'{mixin.__name__}On{backend.capitalize()}'
            namespace[name] = type(name, (mixin, unittest.TestCase), {
                'backend': backend, '__module__': namespace['__name__']})


def run_at_once(count, step, url):
    """Let ``count`` processes do a step of ``migration`` at the same time.

    :returns: the exit status of each, and what they have written.
    """
    with contextlib.ExitStack() as cleanup:
        started = [_start(cleanup, step, url) for _each in range(count)]
        for _process, _inward, outward in started:
            outward.readline()
        for _process, inward, _outward in started:
            inward.write('go\n')
            inward.flush()
        written = [outward.read() for _process, _inward, outward in started]
        return [process.wait(120) for process, _, _ in started], written


def _start(cleanup, step, url):
    """:returns: a process, and the files to write to it and read from it."""
    (its_input, inward), (outward, its_output) = os.pipe(), os.pipe()
    with open(its_input) as its_input, open(its_output, 'w') as its_output:
        process = nursery.start(__name__, step, url, stdin=its_input,
                                stdout=its_output, stderr=its_output)
    cleanup.callback(process.kill)
    return (process, cleanup.enter_context(open(inward, 'w')),
            cleanup.enter_context(open(outward)))


def main():
    step, url = sys.argv[1:]
    database = Database(url)
    print('ready', flush=True)
    sys.stdin.readline()
    getattr(migration, step)(database)
