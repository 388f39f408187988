# SPDX-License-Identifier: Apache-2.0
"""Pages by keys: the order of a list, and what comes after a row of it.

A page begins after the keys of the marker's row, not after a number of rows;
so deep pages cost as the first, and rows that come and go in between make
no other row appear twice or never.
"""
import sqlalchemy
from sqlalchemy import sql


def order(table, sort, dialect):
    """Ascending puts NULLs first, descending last, as MySQL and SQLite do."""
    parts = []
    for key, direction in sort:
        column = table.c[key]
        each = column.asc() if direction == 'asc' else column.desc()
        if dialect == 'postgresql' and column.nullable:
            each = (each.nulls_first() if direction == 'asc'
                    else each.nulls_last())
        parts.append(each)
    return parts


def beyond(table, sort, row):
    """:returns: the condition that an image comes after ``row``."""
    condition = sql.false()
    for key, direction in reversed(sort):
        column, value = table.c[key], row[key]
        tie = column.is_(None) if value is None else column == value
        condition = sqlalchemy.or_(_past(column, direction, value),
                                   sqlalchemy.and_(tie, condition))
    return condition


def _past(column, direction, value):
    if value is not None:
        # SQLAlchemy compares columns with True and False by "is" alone.
        value = sqlalchemy.literal(value, column.type)
    if direction == 'asc':
        return column.is_not(None) if value is None else column > value
    if value is None:
        return sql.false()
    if column.nullable:
        return sqlalchemy.or_(column < value, column.is_(None))
    return column < value
