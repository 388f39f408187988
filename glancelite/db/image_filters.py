# SPDX-License-Identifier: Apache-2.0
"""The filters of an image list as conditions on images.

A property or a tag that few images have leads to them, by its index, and so
does a value of a field that no list is in the order of. One that many have
is looked up for each image that is met in the order asked for: as many have
it, enough are met soon. Or a list is read along the index of a property or a
tag. No optimizer can be trusted to see which is best; it is decided in
``narrowing.py``.
"""
import operator

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import models
from glancelite.db import unindexed

_images = models.images

#: Columns of images that are found by their ids, and the same for MariaDB.
BY_ID = unindexed.columns(_images)
BY_ID_ALONE = 'FORCE INDEX (PRIMARY)'

_properties = models.image_properties
_tags = models.image_tags

#: Fields that no list is in the order of: few images may have a value.
_COUNTED = (*models.FILTERED, 'checksum', 'os_hash_value')

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
    found = not_hidden(shape, columns)
    for number, (name, op) in enumerate(shape.filters):
        value = sqlalchemy.bindparam(f'filter_{number}',
                                     expanding=op == 'in')
        column = _images.c[name]
        if name in _COUNTED:
            column = unindexed.Unindexed(column)
        found += _compare(_CONDITIONS[op], column, value, dialect)
    found += (_of_time(number, op, _images.c[name])
              for number, (name, op) in enumerate(shape.times))
    for number, (image_id, its, by_image) in enumerate(
            narrowing(shape, dialect)):
        if number == shape.narrow:
            found.append(_images.c.id.in_(
                sqlalchemy.select(image_id).where(
                    *its, is_there(image_id.table))))
        elif _is_looked_up(image_id, number, shape):
            found.append(look_up(image_id, by_image))
    return found


def of_their_time(shape, column):
    """:returns: what the filters say of the time at which an image was
    created.

    :param column: it has the time as well.
    """
    return [_of_time(number, op, column)
            for number, (name, op) in enumerate(shape.times)
            if name == 'created_at']


def _of_time(number, op, column):
    return _TIME_CONDITIONS[op](
        column, sqlalchemy.bindparam(f'moment_{number}'),
        sqlalchemy.bindparam(f'next_{number}'))


def not_hidden(shape, columns):
    """:returns: what every image of a list has to meet.

    :param columns: as above.
    """
    return [columns['deleted'] == sql.false(),
            columns['os_hidden'] == (sql.true() if shape.os_hidden
                                     else sql.false())]


def _is_looked_up(image_id, number, shape):
    """What is in the order of a walk is up to it."""
    return image_id.table in (_properties, _tags) and not (
        shape.walk and is_listed(shape, number))


def is_listed(shape, number):
    """:returns: whether an index has that property or tag in order."""
    return all(shape.properties[number:number + 1])


def look_up(image_id, its):
    """:returns: the condition that an image has a row in another table.

    :param image_id: the other table's column.
    :param its: conditions of the other table, by whose indexes nothing is
        to be looked up.
    """
    # With the limit it stays a look-up, for MariaDB too.
    return (sqlalchemy.select(image_id)
            .where(*its, unindexed.not_deleted(image_id.table),
                   image_id == _images.c.id)
            .correlate(_images).limit(1).scalar_subquery().is_not(None))


def is_there(table):
    """:returns: the condition that a row counts, found by its values."""
    if table is _properties or table is _tags:
        return table.c.deleted == sql.false()
    return unindexed.not_deleted(table)


def lead_to_images(shape):
    """:returns: whether the filters name images, or few that they have.

    They are looked up by their ids then.
    """
    return shape.narrow is not None or any(
        name == 'id' for name, op in shape.filters)


def asked(query):
    """:returns: the filters of ``query`` that may lead to images: what tells
    each from others.

    :param query: an :class:`ImageQuery`.
    """
    return [*query.properties, *query.tags, *(
        (each.name, each.op, each.value) for each in query.filters
        if _is_counted(each.name, each.op))]


def commonness(shape, dialect):
    """:returns: a select: whether each such filter leads to more images than
    the parameters ``some`` and ``many``. No more are read than that.
    """
    return sqlalchemy.select(*(
        sqlalchemy.select(sqlalchemy.literal_column('1'))
        .where(*its, is_there(image_id.table))
        .select_from(image_id.table).limit(1)
        .offset(sqlalchemy.bindparam(bound, type_=sqlalchemy.Integer))
        .scalar_subquery()
        for image_id, its, _by_image in narrowing(shape, dialect)
        for bound in ('some', 'many')))


def narrowing(shape, dialect, properties=_properties, tags=_tags):
    """Yield what is needed of each filter that may lead to images.

    That is the id of images in its table; the conditions of what leads to
    them; and the same where it is looked up for an image. Whether a row
    counts is not among the conditions.

    :param properties: the table, or an alias of it.
    :param tags: the table, or an alias of it.
    """
    for number, is_short in enumerate(shape.properties):
        its = _is_property(properties, number, is_short, dialect)
        yield properties.c.image_id, its, its
    for number in range(shape.tags):
        value = sqlalchemy.bindparam(f'tag_{number}')
        yield tags.c.image_id, *(
            _compare(operator.eq, column, value, dialect)
            for column in (tags.c.value, unindexed.Unindexed(tags.c.value)))
    for number, (name, op) in enumerate(shape.filters):
        if _is_counted(name, op):
            having = _images.alias('having')
            its = _compare(operator.eq, having.c[name],
                           sqlalchemy.bindparam(f'filter_{number}'), dialect)
            yield having.c.id, its, its


def _is_counted(name, op):
    return op == 'eq' and name in _COUNTED


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


def _is_property(properties, number, is_short, dialect):
    """PostgreSQL's index holds short values only, and wants to hear it."""
    column = properties.c.value
    conditions = [
        *_compare(operator.eq, properties.c.name,
                  sqlalchemy.bindparam(f'name_{number}'), dialect),
        *_compare(operator.eq, column,
                  sqlalchemy.bindparam(f'value_{number}'), dialect)]
    if is_short and dialect == 'postgresql':
        conditions.append(sqlalchemy.func.char_length(column)
                          <= models.INDEXED_VALUE_LENGTH)
    return conditions
