# SPDX-License-Identifier: Apache-2.0
"""The statement behind an image list: visibility, filters, keyset pages.

Every way in which a caller can see an image is a range of its own, ordered
and limited by an index, and the ranges are merged: so a page costs the same
however many images others have.
"""
import datetime

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import keyset
from glancelite.db import models
from glancelite.objects import image as image_object

_images = models.images
_members = models.image_members
_properties = models.image_properties
_tags = models.image_tags

_SECOND = datetime.timedelta(seconds=1)

#: Time comparisons hold for seconds as the API shows them, whatever
#: fraction a database keeps.
_TIME_CONDITIONS = {
    'gt': lambda column, moment: column >= moment + _SECOND,
    'gte': lambda column, moment: column >= moment,
    'lt': lambda column, moment: column < moment,
    'lte': lambda column, moment: column < moment + _SECOND,
    'eq': lambda column, moment: sqlalchemy.and_(
        column >= moment, column < moment + _SECOND),
    'neq': lambda column, moment: sqlalchemy.or_(
        column < moment, column >= moment + _SECOND),
}

_CONDITIONS = {
    'eq': lambda column, value: column == value,
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
    open_to_all = _images.c.visibility.in_(('public', 'community'))
    if caller == ANYBODY:
        return open_to_all
    return sqlalchemy.or_(
        open_to_all, _images.c.owner == _project_id,
        sqlalchemy.and_(_images.c.visibility == 'shared',
                        _is_member()))


def page(context, query, columns, dialect, after=None):
    """:returns: the select of one page of ``columns`` of images, in order.

    :param dialect: the database's, for the order of NULLs.
    :param after: the row of the marker image, by sort key, or None.
    """
    conditions = _conditions(query, dialect)
    if after is not None:
        conditions.append(keyset.beyond(_images, query.sort, after))
    order = keyset.order(_images, query.sort, dialect)
    ranges = [way.where(*conditions).order_by(*order).limit(query.limit)
              for way in _ways(context, query)]
    ids = [sqlalchemy.select(each.subquery().c.id) for each in ranges]
    merged = sqlalchemy.union(*ids).subquery()
    return (sqlalchemy.select(*columns)
            .join(merged, merged.c.id == _images.c.id)
            .order_by(*order).limit(query.limit))


def _is_member():
    return sqlalchemy.select(_members.c.id).where(
        _members.c.image_id == _images.c.id,
        _members.c.member == _project_id,
        _members.c.deleted == sql.false()).exists()


def _ways(context, query):
    """:returns: selects of ids, one for each way to see an image.

    Each is a range of one of our indexes, in the order of every sort key.
    """
    if context.is_admin:
        return _ways_of_admin(context, query)
    return _ways_of_project(context, query)


def _where(*conditions):
    return sqlalchemy.select(_images.c.id).where(*conditions)


def _ways_of_admin(context, query):
    visibility = _images.c.visibility
    if query.visibility == 'all':
        return [_where(visibility == each)
                for each in image_object.VISIBILITIES]
    if query.visibility:
        return [_where(visibility == query.visibility)]
    ways = [_where(visibility == each)
            for each in ('public', 'shared', 'private')]
    if context.project_id:
        ways.append(_where(_images.c.owner == _project_id))
    return ways


def _ways_of_project(context, query):
    visibility = _images.c.visibility
    chosen = query.visibility
    ways = [_where(visibility == each) for each in ('public', 'community')
            if chosen in (each, 'all')
            or each == 'public' and chosen is None]
    if not context.project_id:
        return ways or [_where(sql.false())]
    own = [_images.c.owner == _project_id]
    if chosen not in (None, 'all'):
        own.append(visibility == chosen)
    ways.append(_where(*own))
    if chosen in (None, 'all', 'shared'):
        ways.append(_shared(query.member_status))
    return ways


def _shared(status):
    """From the memberships of the project, which are few, to the images."""
    way = (sqlalchemy.select(_images.c.id)
           .join(_members, _members.c.image_id == _images.c.id)
           .where(_members.c.member == _project_id,
                  _members.c.deleted == sql.false(),
                  _images.c.visibility == 'shared'))
    return way if status == 'all' else way.where(_members.c.status == status)


def _conditions(query, dialect):
    conditions = [_images.c.deleted == sql.false(),
                  _images.c.os_hidden == (sql.true() if query.os_hidden
                                          else sql.false())]
    conditions += [_CONDITIONS[each.op](_images.c[each.name], each.value)
                   for each in query.filters]
    conditions += [_TIME_CONDITIONS[each.op](_images.c[each.name],
                                             each.moment)
                   for each in query.times]
    conditions += [_has(_properties, _properties.c.name == name,
                        *_has_value(value, dialect))
                   for name, value in query.properties]
    conditions += [_has(_tags, _tags.c.value == tag) for tag in query.tags]
    return conditions


def _has_value(value, dialect):
    """PostgreSQL's index holds short values only, and wants to hear it."""
    conditions = [_properties.c.value == value]
    if (dialect == 'postgresql'
            and len(value) <= models.INDEXED_VALUE_LENGTH):
        conditions.append(sqlalchemy.func.char_length(
            _properties.c.value) <= models.INDEXED_VALUE_LENGTH)
    return conditions


def _has(table, *conditions):
    return sqlalchemy.select(table.c.id).where(
        table.c.image_id == _images.c.id,
        table.c.deleted == sql.false(), *conditions).exists()
