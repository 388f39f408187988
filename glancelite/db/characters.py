# SPDX-License-Identifier: Apache-2.0
"""All of Unicode in the tables of a MySQL that Glance has made.

Ids stay as they are, in three-byte UTF-8, so that tables are joined by index
at any moment, and Glance's own migrations find what they know.
"""
from oslo_db import exception as db_exception
import sqlalchemy
from sqlalchemy import schema

from glancelite.db import migration_lock
from glancelite.db import models
from glancelite.db.models import columns


def pending(database):
    """:returns: dict of table and the columns of it that are to be changed.

    It is empty except on MySQL.
    """
    dialect = database.engine.dialect
    if dialect.name not in columns.MYSQL:
        return {}
    with database.engine.connect() as connection:
        found = set(connection.execute(sqlalchemy.text(
            'SELECT table_name, column_name FROM information_schema.columns'
            ' WHERE table_schema = DATABASE()'
            ' AND collation_name <> :collation'),
            {'collation': columns.COLLATION}).all())
    return {table: changed for table in models.GLANCE_TABLES
            if (changed := [column for column in table.columns
                            if _is_text(column, dialect)
                            and (table.name, column.name) in found])}


def convert(database):
    """Change the columns that are pending, a table at a time.

    Where it is cut off, the next call goes on.

    :returns: an iterator of names of tables, each when it is done.
    """
    with migration_lock.held(database.engine):
        for table, changed in pending(database).items():
            _change(database.engine, table, changed)
            yield table.name


def _is_text(column, dialect):
    there = column.type.dialect_impl(dialect)
    return getattr(there, 'collation', None) == columns.COLLATION


def _change(engine, table, changed):
    """Let others write meanwhile where the server can.

    MariaDB can; MySQL copies a table of which an index is concerned, and
    writers wait.
    """
    parts = ', '.join(
        f'MODIFY {schema.CreateColumn(column).compile(dialect=engine.dialect)}'
        for column in changed)
    name = engine.dialect.identifier_preparer.format_table(table)
    with engine.connect() as connection:
        try:
            connection.exec_driver_sql(f'ALTER TABLE {name} {parts},'
                                       ' LOCK=NONE')
        except (sqlalchemy.exc.DBAPIError, db_exception.DBError):
            connection.exec_driver_sql(f'ALTER TABLE {name} {parts}')
