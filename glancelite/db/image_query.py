# SPDX-License-Identifier: Apache-2.0
"""The statement behind an image list: visibility, filters, keyset pages.

Every way in which a caller can see an image is a range of its own, ordered
and limited by an index, and the ranges are merged: so a page costs the same
however many images others have.
"""
import functools

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import image_filters
from glancelite.db import image_record
from glancelite.db import image_shape
from glancelite.db import models
from glancelite.db import unindexed
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

_images = models.images
_members = models.image_members

#: Shapes remembered.
_REMEMBERED = 256

#: Columns of images that are found by their ids, and the same for MariaDB.
_BY_ID = unindexed.columns(_images)
_BY_ID_ALONE = 'FORCE INDEX (PRIMARY)'

#: Indexes that have all images in an order that a list may ask for. MariaDB
#: would walk along one of them, hoping to meet what is asked for soon.
_NO_WALK = ('IGNORE INDEX (created_at_image_idx, updated_at_image_idx, '
            'glancelite_images_all_created_at)')

_project_id = sqlalchemy.bindparam('project_id')
_limit = sqlalchemy.bindparam('limit', type_=sqlalchemy.Integer)


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
        self.counts = remember(self._counts)

    def _column(self, caller):
        if caller == image_shape.PROJECT:
            return self._reader.column_for_member
        return self._reader.column

    def _one(self, caller):
        """The image ``image_id``."""
        return sqlalchemy.select(self._column(caller)).where(
            _images.c.id == sqlalchemy.bindparam('image_id'),
            _images.c.deleted == sql.false())

    def _page(self, shape):
        """A page of images in order, each with its position in it."""
        columns = (_BY_ID if image_filters.lead_to_images(shape)
                   else _images.c)
        ways = [(columns, way) for way in _ways(shape, columns)]
        if _asks_for_shared(shape):
            ways.append((_BY_ID, _shared(shape.member_status)))
        ranges = [self._range(shape, columns, way.where(*beyond))
                  for columns, way in ways
                  for beyond in _beyond(shape.sort, self._dialect)]
        merged = sqlalchemy.union(*map(sqlalchemy.select, ranges)).subquery()
        order = _order(shape.sort, merged.c, self._dialect)
        position = sqlalchemy.func.row_number().over(order_by=order)
        # Only what is left of all ranges is read with what belongs to it.
        page = (sqlalchemy.select(merged.c.id, position.label('position'))
                .order_by(*order).limit(_limit).subquery())
        return (sqlalchemy.select(page.c.position,
                                  self._column(shape.caller))
                .join(page, page.c.id == _images.c.id))

    def _range(self, shape, columns, way):
        """The first images that can be seen in one way.

        :param columns: those of images, without indexes if ``way`` or a
            filter leads to images by their ids.
        :param way: a select of images.
        """
        conditions = image_filters.conditions(shape, self._dialect, columns)
        return (way.with_only_columns(*(
                    _images.c[key.name] for key in shape.sort))
                .where(*conditions)
                .with_hint(_images, _NO_WALK if columns is _images.c
                           else _BY_ID_ALONE, 'mysql')
                .order_by(*_order(shape.sort, _images.c, self._dialect))
                .limit(_limit).subquery())

    def _counts(self, shape):
        """How many images have each property and tag that is asked for."""
        return image_filters.counts(shape, self._dialect)

    def _marker(self):
        """What images are sorted by, of the image ``marker``.

        And whether it is deleted, and what decides who sees it.
        """
        keys = (*query_object.SORT_KEYS, 'deleted', 'visibility', 'owner')
        return sqlalchemy.select(
            *(_images.c[key] for key in keys),
            image_record.membership().label('member_status')).where(
                _images.c.id == sqlalchemy.bindparam('marker'))


def _ways(shape, columns):
    """:returns: selects, one for each way to see an image.

    Each is a range of one of our indexes, in the order of every sort key.
    What is shared with the caller comes besides.

    :param columns: those of images, with or without their indexes.
    """
    visibility, owner = columns['visibility'], columns['owner']
    chosen = shape.visibility
    if shape.caller == image_shape.ADMIN:
        seen = _seen_by_admin(chosen)
    else:
        seen = [each for each in ('public', 'community')
                if chosen in (each, 'all')
                or each == 'public' and chosen is None]
    ways = [_where(visibility == each) for each in seen]
    if not shape.has_project:
        return ways or [_where(sql.false())]
    own = [owner == _project_id]
    if shape.caller == image_shape.ADMIN:
        return ways if chosen else [*ways, _where(*own)]
    if chosen not in (None, 'all'):
        own.append(visibility == chosen)
    return [*ways, _where(*own)]


def _seen_by_admin(chosen):
    if chosen == 'all':
        return image_object.VISIBILITIES
    return [chosen] if chosen else ['public', 'shared', 'private']


def _where(*conditions):
    return sqlalchemy.select(_images).where(*conditions)


def _asks_for_shared(shape):
    return (shape.caller == image_shape.PROJECT
            and shape.visibility in (None, 'all', 'shared'))


def _shared(status):
    """From the memberships of the project, which are few, to the images."""
    way = (sqlalchemy.select(_images)
           .join(_members, _members.c.image_id == _images.c.id)
           .where(_members.c.member == _project_id,
                  _members.c.deleted == sql.false(),
                  _BY_ID['visibility'] == 'shared'))
    return way if status == 'all' else way.where(_members.c.status == status)


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


def _beyond(sort, dialect):
    """:returns: lists of conditions, each a range of what is to come.

    On a page after a marker image they divide the images that come after
    it. MySQL finds the ranges by itself when it reads all of them at once.
    """
    if sort[0].after is None:
        return [[]]
    ranges, tie = [], []
    for key in sort:
        column = _images.c[key.name]
        value = sqlalchemy.bindparam(f'after_{key.name}')
        ranges += [[*tie, past] for past in _past(key, column, value)]
        tie.append(column == value if key.after else column.is_(None))
    if dialect == 'mysql':
        return [[sqlalchemy.or_(*(sqlalchemy.and_(*each)
                                  for each in ranges))]]
    return ranges


def _past(key, column, value):
    """Ascending begins with NULLs, descending ends with them."""
    if key.direction == 'asc':
        return [column > value if key.after else column.is_not(None)]
    if not key.after:
        return []
    if column.nullable:
        return [column < value, column.is_(None)]
    return [column < value]
