# SPDX-License-Identifier: Apache-2.0
"""The filters of an image list as conditions on images.

A property or a tag that few images have leads to them, by its index. One
that many have is looked up for each image that is met in the order asked
for: as many have it, enough are met soon. No optimizer can be trusted to
see that, so it is decided here, having counted as far as it matters.
"""
import operator

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import models

_images = models.images
_properties = models.image_properties
_tags = models.image_tags

#: As many images may be read only to be put in order.
_FEW = 2000

#: Time comparisons hold for seconds as the API shows them, whatever
#: fraction a database keeps: from ``moment`` on, before ``next``.
_TIME_CONDITIONS = {
    'gt': lambda column, moment, next: column >= next,
    'gte': lambda column, moment, next: column >= moment,
    'lt': lambda column, moment, next: column < moment,
    'lte': lambda column, moment, next: column < next,
    'eq': lambda column, moment, next: sqlalchemy.and_(
        column >= moment, column < next),
    'neq': lambda column, moment, next: sqlalchemy.or_(
        column < moment, column >= next),
}

_CONDITIONS = {
    'eq': operator.eq,
    'in': lambda column, value: column.in_(value),
    'min': lambda column, value: column >= value,
    'max': lambda column, value: column <= value,
}


def conditions(shape, dialect, columns):
    """:returns: what images have to meet, less who may see them.

    :param columns: those of images by name, with or without their indexes.
    """
    found = [columns['deleted'] == sql.false(),
             columns['os_hidden'] == (sql.true() if shape.os_hidden
                                      else sql.false())]
    for number, (name, op) in enumerate(shape.filters):
        value = sqlalchemy.bindparam(f'filter_{number}',
                                     expanding=op == 'in')
        found += _compare(_CONDITIONS[op], _images.c[name], value, dialect)
    for number, (name, op) in enumerate(shape.times):
        found.append(_TIME_CONDITIONS[op](
            _images.c[name], sqlalchemy.bindparam(f'moment_{number}'),
            sqlalchemy.bindparam(f'next_{number}')))
    for number, (table, its) in enumerate(_belongings(shape, dialect)):
        having = sqlalchemy.select(table.c.image_id).where(
            table.c.deleted == sql.false(), *its)
        if number == shape.narrow:
            found.append(_images.c.id.in_(having))
        else:
            # With the limit it stays a look-up, for MariaDB too.
            found.append(having.where(table.c.image_id == _images.c.id)
                         .limit(1).scalar_subquery().is_not(None))
    return found


def lead_to_images(shape):
    """:returns: whether the filters name images, or few that they have.

    They are looked up by their ids then.
    """
    return shape.narrow is not None or any(
        name == 'id' for name, op in shape.filters)


def counts(shape, dialect):
    """:returns: a select: how many images have each property and tag.

    It counts no further than matters to :func:`narrowest`.
    """
    return sqlalchemy.select(*(
        sqlalchemy.select(sqlalchemy.func.count()).select_from(
            sqlalchemy.select(table.c.image_id)
            .where(table.c.deleted == sql.false(), *its)
            .limit(_FEW + 1).subquery()).scalar_subquery()
        for table, its in _belongings(shape, dialect)))


def narrowest(counted):
    """:returns: the number of the property or tag that leads to images.

    None when each has many.

    :param counted: the row that :func:`counts` selects.
    """
    count, number = min(zip(counted, range(len(counted))))
    return number if count <= _FEW else None


def _belongings(shape, dialect):
    """Yield (table, conditions) of each property and tag asked for."""
    for number, is_short in enumerate(shape.properties):
        yield _properties, _is_property(number, is_short, dialect)
    for number in range(shape.tags):
        yield _tags, _compare(operator.eq, _tags.c.value,
                              sqlalchemy.bindparam(f'tag_{number}'), dialect)


def _compare(condition, column, value, dialect):
    """:returns: conditions: the column's characters are those of ``value``.

    MySQL's collations take capitals for small letters and leave out spaces
    at the end; by that an index is read, and then the bytes decide.
    """
    conditions = [condition(column, value)]
    if dialect == 'mysql' and isinstance(column.type, sqlalchemy.String):
        conditions.append(condition(sqlalchemy.type_coerce(
            sqlalchemy.cast(column, sqlalchemy.LargeBinary), column.type),
            value))
    return conditions


def _is_property(number, is_short, dialect):
    """PostgreSQL's index holds short values only, and wants to hear it."""
    column = _properties.c.value
    conditions = [
        *_compare(operator.eq, _properties.c.name,
                  sqlalchemy.bindparam(f'name_{number}'), dialect),
        *_compare(operator.eq, column,
                  sqlalchemy.bindparam(f'value_{number}'), dialect)]
    if is_short and dialect == 'postgresql':
        conditions.append(sqlalchemy.func.char_length(column)
                          <= models.INDEXED_VALUE_LENGTH)
    return conditions
