# SPDX-License-Identifier: Apache-2.0
"""Indexes and tables made and dropped while others write.

Every step looks first whether it is done: MySQL and SQLite keep what a
revision has done before it was cut off, and so does PostgreSQL for indexes
that are built outside of a transaction.
"""
import sqlalchemy
from alembic import op


def create_table(name, *parts, **options):
    """Create a table with the indexes among its parts, if not there."""
    connection = op.get_bind()
    table = sqlalchemy.Table(name, sqlalchemy.MetaData(), *parts, **options)
    table.create(connection, checkfirst=True)
    names = _indexes(connection, name)
    for index in table.indexes:
        if index.name not in names:
            index.create(connection)


def drop_table(name):
    """Drop a table, if it is there."""
    if sqlalchemy.inspect(op.get_bind()).has_table(name):
        op.drop_table(name)


def create_index(name, table, columns, **options):
    """Create an index without keeping writers out, if it is not there.

    MySQL and MariaDB do so by themselves. PostgreSQL does so outside of a
    transaction only, after waiting for older ones to end; that is spared on
    an empty table. SQLite has one writer at a time in any case.

    :param columns: names, or SQL expressions as ``sqlalchemy.text``.
    """
    connection = op.get_bind()
    if connection.dialect.name != 'postgresql':
        if name not in _indexes(connection, table):
            op.create_index(name, table, columns, **options)
        return
    if _is_broken(connection, name):
        op.drop_index(name, table)
    if not _has_rows(connection, table):
        op.create_index(name, table, columns, if_not_exists=True,
                        **options)
        return
    with op.get_context().autocommit_block():
        op.create_index(name, table, columns, if_not_exists=True,
                        postgresql_concurrently=True, **options)


def drop_index(name, table):
    """Drop an index, if it is there."""
    if name in _indexes(op.get_bind(), table):
        op.drop_index(name, table)


def _indexes(connection, table):
    found = sqlalchemy.inspect(connection).get_indexes(table)
    return {index['name'] for index in found}


def _has_rows(connection, table):
    any_row = sqlalchemy.select(1).select_from(sqlalchemy.table(table))
    return connection.execute(any_row.limit(1)).first() is not None


def _is_broken(connection, name):
    """Has a build outside of a transaction been cut off?"""
    return connection.execute(sqlalchemy.text(
        'SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name)'
        ' AND NOT indisvalid'), {'name': name}).first() is not None
