# SPDX-License-Identifier: Apache-2.0
"""Tables, columns and indexes made and dropped while others write.

Every step looks first whether it is done: MySQL and SQLite keep what a
revision has done before it was cut off, and so does PostgreSQL for indexes
that are built outside of a transaction.
"""
from alembic import op
import sqlalchemy


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


def add_column(table, column):
    """Add a column that may be NULL, if it is not there.

    No database goes over the rows for that.
    """
    if column.name not in _columns(table):
        op.add_column(table, column)


def drop_column(table, name):
    """Drop a column that no index has, if it is there."""
    if name in _columns(table):
        op.drop_column(table, name)


def create_indexes(table, indexes):
    """Create indexes as :func:`create_index` does, in one pass on MySQL.

    :param indexes: a mapping of name to columns.
    """
    if not _on_mysql():
        for name, columns in indexes.items():
            create_index(name, table, columns)
        return
    present, quote = _indexes(op.get_bind(), table), _quote()
    _alter(table, [
        f'ADD INDEX {quote(name)} ({", ".join(map(quote, columns))})'
        for name, columns in indexes.items() if name not in present])


def drop_indexes(table, names):
    """Drop the indexes that are there, in one pass on MySQL."""
    present = _indexes(op.get_bind(), table)
    names = [name for name in names if name in present]
    if _on_mysql():
        _alter(table, [f'DROP INDEX {_quote()(name)}' for name in names])
        return
    for name in names:
        op.drop_index(name, table)


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


def _on_mysql():
    return op.get_bind().dialect.name in ('mysql', 'mariadb')


def _quote():
    return op.get_bind().dialect.identifier_preparer.quote


def _alter(table, parts):
    if parts:
        op.execute(f'ALTER TABLE {_quote()(table)} {", ".join(parts)}')


def _indexes(connection, table):
    found = sqlalchemy.inspect(connection).get_indexes(table)
    return {index['name'] for index in found}


def _columns(table):
    found = sqlalchemy.inspect(op.get_bind()).get_columns(table)
    return {column['name'] for column in found}


def _has_rows(connection, table):
    any_row = sqlalchemy.select(1).select_from(sqlalchemy.table(table))
    return connection.execute(any_row.limit(1)).first() is not None


def _is_broken(connection, name):
    """Has a build outside of a transaction been cut off?"""
    return connection.execute(sqlalchemy.text(
        'SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name)'
        ' AND NOT indisvalid'), {'name': name}).first() is not None
