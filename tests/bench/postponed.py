# SPDX-License-Identifier: Apache-2.0
"""Indexes that are built when their table is full, in one pass over it.

A row that comes to a large table goes to a place of its own in each index;
an index that is built at the end is written in order. What builds them is
kept in a table of the same database, for the run after one that was cut off.
"""
import re

import sqlalchemy

_metadata = sqlalchemy.MetaData()
_postponed = sqlalchemy.Table(
    'populate_postponed', _metadata,
    sqlalchemy.Column('table', sqlalchemy.String(64), primary_key=True),
    sqlalchemy.Column('definitions', sqlalchemy.Text, nullable=False))

#: Lines of SHOW CREATE TABLE: what a DROP calls them, and their names.
_KINDS = {
    'FOREIGN KEY': re.compile(
        r'^ +(?P<whole>CONSTRAINT `(?P<name>[^`]+)` FOREIGN KEY .*?),?$',
        re.MULTILINE),
    'KEY': re.compile(
        r'^ +(?P<whole>(UNIQUE )?KEY `(?P<name>[^`]+)` .*?),?$',
        re.MULTILINE),
}


class Indexes:
    """All indexes of some tables, less primary keys: of MySQL and MariaDB.

    :param engine: SQLAlchemy's; of other databases nothing is postponed.
    :param tables: names.
    """

    def __init__(self, engine, tables):
        self._engine = engine
        self._tables = tables if engine.name == 'mysql' else ()

    def postpone(self):
        """Drop them; keep what builds them."""
        with self._engine.connect() as connection:
            _metadata.create_all(connection)
            for table in self._tables:
                found = _definitions(connection, table)
                connection.execute(_postponed.insert().values(
                    table=table, definitions=', '.join(
                        f'ADD {each}' for kind in found.values()
                        for each in kind.values())))
                connection.commit()
                _alter(connection, table, ', '.join(
                    f'DROP {kind} `{each}`' for kind, names in found.items()
                    for each in names))

    def build(self):
        """Build those that were postponed, now or by an earlier run."""
        if not sqlalchemy.inspect(self._engine).has_table(_postponed.name):
            return
        with self._engine.connect() as connection:
            # Without a look at the rows: they are known to have an image.
            connection.exec_driver_sql('SET SESSION foreign_key_checks = 0')
            for table, definitions in connection.execute(
                    _postponed.select()).all():
                # A run may have been cut off before it dropped them.
                if not any(_definitions(connection, table).values()):
                    _alter(connection, table, definitions)
            _metadata.drop_all(connection)
            connection.commit()


def _alter(connection, table, changes):
    connection.exec_driver_sql(f'ALTER TABLE `{table}` {changes}')


def _definitions(connection, table):
    """:returns: {kind: {name: definition}}."""
    text = connection.exec_driver_sql(
        f'SHOW CREATE TABLE `{table}`').one()[1]
    return {kind: {found['name']: found['whole']
                   for found in pattern.finditer(text)}
            for kind, pattern in _KINDS.items()}
