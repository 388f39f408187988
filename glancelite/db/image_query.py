# SPDX-License-Identifier: Apache-2.0
"""The statement behind an image list: visibility, filters, keyset pages.

Every way in which a caller can see an image is a range of its own, ordered
and limited by an index, and the ranges are merged: so a page costs the same
however many images others have.

Putting a statement together takes longer than anything else in a list, so
it is kept: queries that differ in nothing but values are of one shape, and
a shape has one statement, with parameters.
"""
import datetime
import functools
import operator
import typing

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import models
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

_images = models.images
_members = models.image_members
_properties = models.image_properties
_tags = models.image_tags

#: Shapes remembered.
_REMEMBERED = 256

#: Indexes that have all images in an order that a list may ask for. MariaDB
#: would walk along one of them, hoping to meet what is asked for soon.
_NO_WALK = ('IGNORE INDEX (created_at_image_idx, updated_at_image_idx, '
            'glancelite_images_all_created_at)')

_SECOND = datetime.timedelta(seconds=1)

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


#: Kinds of callers: an administrator, a project, anybody else.
ADMIN, PROJECT, ANYBODY = 'admin', 'project', 'anybody'

_project_id = sqlalchemy.bindparam('project_id')


def kind_of_caller(context):
    """:returns: which kind of caller ``context`` is."""
    if context.is_admin:
        return ADMIN
    return PROJECT if context.project_id else ANYBODY


def visible(caller):
    """:returns: the condition that such a caller may see an image.

    The caller's project is the parameter ``project_id`` of the statement.
    """
    if caller == ADMIN:
        return sql.true()
    # Not IN, for which SQLAlchemy writes the statement anew each time.
    open_to_all = sqlalchemy.or_(_images.c.visibility == 'public',
                                 _images.c.visibility == 'community')
    if caller == ANYBODY:
        return open_to_all
    return sqlalchemy.or_(
        open_to_all, _images.c.owner == _project_id,
        sqlalchemy.and_(_images.c.visibility == 'shared',
                        _is_member()))


class SortKey(typing.NamedTuple):
    """One key of the order."""

    name: str
    direction: str
    #: None on the first page; else whether the marker image has a value.
    after: bool


class Shape(typing.NamedTuple):
    """What a statement depends on: a query and its caller, less values."""

    caller: str
    has_project: bool
    visibility: str
    member_status: str
    os_hidden: bool
    #: (name, op) of each.
    filters: tuple
    times: tuple
    #: Whether the value of each is one that PostgreSQL's index holds.
    properties: tuple
    #: How many.
    tags: int
    #: A :class:`SortKey` each.
    sort: tuple


def shape(context, query, after=None):
    """:returns: the :class:`Shape` of ``query``.

    :param after: the row of the marker image, by sort key, or None.
    """
    return Shape(
        kind_of_caller(context), bool(context.project_id), query.visibility,
        query.member_status, query.os_hidden,
        tuple((each.name, each.op) for each in query.filters),
        tuple((each.name, each.op) for each in query.times),
        tuple(len(value) <= models.INDEXED_VALUE_LENGTH
              for name, value in query.properties),
        len(query.tags),
        tuple(SortKey(key, direction, after and after[key] is not None)
              for key, direction in _decisive(query.sort)))


def _decisive(sort):
    """:returns: the sort keys up to the one that no two images share."""
    names = [key for key, direction in sort]
    return sort[:names.index('id') + 1]


def parameters(context, query, after=None):
    """:returns: the values of ``query``, by parameter of its statement."""
    values = {'project_id': context.project_id, 'limit': query.limit}
    for number, each in enumerate(query.filters):
        values[f'filter_{number}'] = each.value
    for number, each in enumerate(query.times):
        values[f'moment_{number}'] = each.moment
        values[f'next_{number}'] = _next(each.moment)
    for number, (name, value) in enumerate(query.properties):
        values[f'name_{number}'] = name
        values[f'value_{number}'] = value
    for number, tag in enumerate(query.tags):
        values[f'tag_{number}'] = tag
    for key, value in (after or {}).items():
        values[f'after_{key}'] = value
    return values


def _next(moment):
    """A second later, as far as there are later ones."""
    return min(moment, datetime.datetime.max - _SECOND) + _SECOND


class Statements:
    """What is asked of the database about images, each built once.

    :param reader: the :class:`~glancelite.db.image_record.Reader`.
    :param dialect: the database's, for the order of NULLs.
    """

    def __init__(self, reader, dialect):
        self._reader = reader
        self._dialect = dialect
        remember = functools.lru_cache(_REMEMBERED)
        self.one = remember(self._one)
        self.page = remember(self._page)
        self.marker = remember(self._marker)

    def _columns(self, caller):
        return (self._reader.columns_for_member if caller == PROJECT
                else self._reader.columns)

    def _one(self, caller):
        """The image ``image_id``; for no kind of caller, whoever asks."""
        statement = sqlalchemy.select(*self._columns(caller)).where(
            _images.c.id == sqlalchemy.bindparam('image_id'),
            _images.c.deleted == sql.false())
        return statement.where(visible(caller)) if caller else statement

    def _page(self, shape):
        """A page of images in order."""
        conditions = _conditions(shape, self._dialect)
        if shape.sort[0].after is not None:
            conditions.append(_beyond(shape.sort))
        limit = sqlalchemy.bindparam('limit', type_=sqlalchemy.Integer)
        keys = [_images.c[key.name] for key in shape.sort]
        order = _order(shape.sort, _images.c, self._dialect)
        ranges = [way.with_only_columns(*keys).where(*conditions)
                  .with_hint(_images, _NO_WALK, 'mysql')
                  .order_by(*order).limit(limit).subquery()
                  for way in _ways(shape)]
        merged = sqlalchemy.union(*map(sqlalchemy.select, ranges)).subquery()
        order = _order(shape.sort, merged.c, self._dialect)
        position = sqlalchemy.func.row_number().over(order_by=order)
        # Only what is left of all ranges is read with what belongs to it.
        page = (sqlalchemy.select(merged.c.id, position.label('position'))
                .order_by(*order).limit(limit).subquery())
        return (sqlalchemy.select(*self._columns(shape.caller),
                                  page.c.position)
                .join(page, page.c.id == _images.c.id))

    def _marker(self, caller):
        """What images are sorted by, of the image ``marker``.

        To an administrator a deleted one is a marker too.
        """
        statement = sqlalchemy.select(
            *(_images.c[key] for key in query_object.SORT_KEYS)).where(
                _images.c.id == sqlalchemy.bindparam('marker'),
                visible(caller))
        if caller == ADMIN:
            return statement
        return statement.where(_images.c.deleted == sql.false())


def _is_member():
    return sqlalchemy.select(_members.c.id).where(
        _members.c.image_id == _images.c.id,
        _members.c.member == _project_id,
        _members.c.deleted == sql.false()).exists()


def _ways(shape):
    """:returns: selects of ids, one for each way to see an image.

    Each is a range of one of our indexes, in the order of every sort key.
    """
    if shape.caller == ADMIN:
        return _ways_of_admin(shape)
    return _ways_of_project(shape)


def _where(*conditions):
    return sqlalchemy.select(_images.c.id).where(*conditions)


def _ways_of_admin(shape):
    visibility = _images.c.visibility
    if shape.visibility == 'all':
        return [_where(visibility == each)
                for each in image_object.VISIBILITIES]
    if shape.visibility:
        return [_where(visibility == shape.visibility)]
    ways = [_where(visibility == each)
            for each in ('public', 'shared', 'private')]
    if shape.has_project:
        ways.append(_where(_images.c.owner == _project_id))
    return ways


def _ways_of_project(shape):
    visibility = _images.c.visibility
    chosen = shape.visibility
    ways = [_where(visibility == each) for each in ('public', 'community')
            if chosen in (each, 'all')
            or each == 'public' and chosen is None]
    if not shape.has_project:
        return ways or [_where(sql.false())]
    own = [_images.c.owner == _project_id]
    if chosen not in (None, 'all'):
        own.append(visibility == chosen)
    ways.append(_where(*own))
    if chosen in (None, 'all', 'shared'):
        ways.append(_shared(shape.member_status))
    return ways


def _shared(status):
    """From the memberships of the project, which are few, to the images."""
    way = (sqlalchemy.select(_images.c.id)
           .join(_members, _members.c.image_id == _images.c.id)
           .where(_members.c.member == _project_id,
                  _members.c.deleted == sql.false(),
                  _images.c.visibility == 'shared'))
    return way if status == 'all' else way.where(_members.c.status == status)


def _conditions(shape, dialect):
    """Filters, in the order of :func:`parameters`."""
    conditions = [_images.c.deleted == sql.false(),
                  _images.c.os_hidden == (sql.true() if shape.os_hidden
                                          else sql.false())]
    for number, (name, op) in enumerate(shape.filters):
        value = sqlalchemy.bindparam(f'filter_{number}',
                                     expanding=op == 'in')
        conditions += _compare(_CONDITIONS[op], _images.c[name], value,
                               dialect)
    for number, (name, op) in enumerate(shape.times):
        conditions.append(_TIME_CONDITIONS[op](
            _images.c[name], sqlalchemy.bindparam(f'moment_{number}'),
            sqlalchemy.bindparam(f'next_{number}')))
    for number, is_short in enumerate(shape.properties):
        conditions.append(_has_property(number, is_short, dialect))
    for number in range(shape.tags):
        conditions.append(_has(_tags, *_compare(
            operator.eq, _tags.c.value, sqlalchemy.bindparam(f'tag_{number}'),
            dialect)))
    return conditions


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


def _has_property(number, is_short, dialect):
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
    return _has(_properties, *conditions)


def _has(table, *conditions):
    return sqlalchemy.select(table.c.id).where(
        table.c.image_id == _images.c.id,
        table.c.deleted == sql.false(), *conditions).exists()


def _order(sort, columns, dialect):
    """Ascending puts NULLs first, descending last, as MySQL and SQLite do."""
    order = []
    for key in sort:
        column = columns[key.name]
        each = column.asc() if key.direction == 'asc' else column.desc()
        if dialect == 'postgresql' and _images.c[key.name].nullable:
            each = (each.nulls_first() if key.direction == 'asc'
                    else each.nulls_last())
        order.append(each)
    return order


def _beyond(sort):
    """:returns: the condition that an image comes after the marker image."""
    condition = sql.false()
    for key in reversed(sort):
        column = _images.c[key.name]
        value = sqlalchemy.bindparam(f'after_{key.name}')
        tie = column == value if key.after else column.is_(None)
        condition = sqlalchemy.or_(_past(key, column, value),
                                   sqlalchemy.and_(tie, condition))
    return condition


def _past(key, column, value):
    if key.direction == 'asc':
        return column > value if key.after else column.is_not(None)
    if not key.after:
        return sql.false()
    if column.nullable:
        return sqlalchemy.or_(column < value, column.is_(None))
    return column < value
