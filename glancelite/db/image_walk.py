# SPDX-License-Identifier: Apache-2.0
"""A list in its usual order, read along the index of a property or a tag.

A property or a tag says when its image was created, in a column of ours, and
its index is in that order: so the images that have it are met one by one in
the order of the list, until a page is full. Not all rows say it: Glance does
not write that column. If one of the property or the tag does not, nothing is
found this way, and the list is read in another; ``unlisted.py`` fills in what
is missing.

An image may be met twice, if it has a tag twice.
"""
import sqlalchemy
from sqlalchemy import sql

from glancelite.db import catalogue_size
from glancelite.db import image_filters
from glancelite.db import image_shape
from glancelite.db import models
from glancelite.db import unindexed

_images = models.images

_end = sqlalchemy.bindparam('end', type_=sqlalchemy.DateTime)
_last = sqlalchemy.bindparam('last', type_=sqlalchemy.Integer)


def fit(shape):
    """:returns: the numbers of the properties and tags along which the list
    may be read.
    """
    if not is_in_order(shape.sort) or any(
            name == 'id' for name, op in shape.filters):
        return []
    return [number for number in range(len(shape.properties) + shape.tags)
            if image_filters.is_listed(shape, number)]


def is_in_order(sort):
    """:returns: whether a list in that order can be read along an index."""
    return ([key.name for key in sort] == ['created_at', 'id']
            and sort[0].direction == sort[1].direction)


def first(shape, dialect, visible, limit):
    """:returns: a select: created_at and id of the first images.

    :param visible: the condition on images that they can be seen.
    :param limit: how many; a parameter.
    """
    table, its = walked(shape, dialect)
    found = _hinted(table, (
        sqlalchemy.select(table.c.image_created_at.label('created_at'),
                          table.c.image_id.label('id'))
        .where(*its, ~says_nothing(table, its),
               *_beyond(shape, table, dialect),
               *image_filters.of_their_time(shape, table.c.image_created_at),
               *_others(shape, table, dialect),
               table.c.image_id == _images.c.id, visible,
               *image_filters.conditions(shape, dialect, image_filters.BY_ID))
        .with_hint(_images, image_filters.BY_ID_ALONE, 'mysql')
        .prefix_with('STRAIGHT_JOIN', dialect='mysql')
        .order_by(*_order(shape, table)).limit(limit)))
    if shape.walk.ends:
        found = found.where(table.c.image_created_at <= _end
                            if _ascends(shape)
                            else table.c.image_created_at >= _end)
    return found


def along_memberships(shape, dialect, memberships, visible, limit, others):
    """:returns: a select: created_at and id of the first images that are
    shared with the project.

    :param memberships: the conditions that they are its, and count.
    :param visible: the condition on images that members see them.
    :param limit: how many; a parameter.
    :param others: selects of the first images that the project sees in other
        ways. What comes after a page full of them is not looked at, and may
        be anything: the page ends before it.
    """
    table = models.image_members
    earlier = table.alias('earlier')
    # Requests that came at once may have stored one twice. That is looked up
    # for images that are all that is asked for.
    again = (sqlalchemy.select(earlier.c.id).where(
        earlier.c.image_id == _images.c.id,
        earlier.c.member == table.c.member,
        unindexed.Unindexed(earlier.c.status) == table.c.status,
        unindexed.not_deleted(earlier), earlier.c.id < table.c.id)
        .correlate(table, _images).limit(1).scalar_subquery())
    is_asked_for = (
        sqlalchemy.select(_images.c.id)
        .where(_images.c.id == table.c.image_id, visible,
               *image_filters.conditions(shape, dialect, image_filters.BY_ID),
               again.is_(None))
        .with_hint(_images, image_filters.BY_ID_ALONE, 'mysql')
        .correlate(table).limit(1).scalar_subquery().is_not(None))
    return _hinted(table, (
        sqlalchemy.select(table.c.image_created_at.label('created_at'),
                          table.c.image_id.label('id'))
        .where(*memberships, ~says_nothing(table, memberships),
               *_beyond(shape, table, dialect),
               *image_filters.of_their_time(shape, table.c.image_created_at),
               sqlalchemy.or_(*_after_a_page(shape, table, others),
                              is_asked_for))
        .order_by(*_order(shape, table)).limit(limit)))


def _hinted(table, statement):
    index = models.LISTED_INDEXES[getattr(table, 'element', table).name]
    return statement.with_hint(table, f'FORCE INDEX ({index})', 'mysql')


def _others(shape, table, dialect):
    """Yield conditions: the other properties and tags are there as well.

    They are looked up in the same order, which is where the last one was.
    """
    aliases = (models.image_properties.alias('other_properties'),
               models.image_tags.alias('other_tags'))
    count = len(shape.properties) + shape.tags
    for number, (image_id, its, _by_image) in zip(
            range(count), image_filters.narrowing(shape, dialect, *aliases)):
        if number == shape.walk.number or not image_filters.is_listed(
                shape, number):
            continue
        other = image_id.table
        its = [*its, other.c.deleted == sql.false()]
        yield ~says_nothing(other, its)
        yield _hinted(other, sqlalchemy.select(image_id).where(
            *its, image_id == table.c.image_id,
            other.c.image_created_at == table.c.image_created_at)
            .correlate(table).limit(1)).scalar_subquery().is_not(None)


def ends(shape, numbers, dialect):
    """:returns: a select of two values for each of some properties and tags,
    and of the size of the catalogue. The values are the time that is ``steps``
    rows from where a walk along them would begin, if there are so many; and
    whether rows do not say their time.
    """
    parts = []
    for number in numbers:
        table, its = walked(shape._replace(
            walk=image_shape.Walk(number, ends=False)), dialect)
        parts += [
            sqlalchemy.select(table.c.image_created_at)
            .where(*its, table.c.image_created_at.is_not(None),
                   *_beyond(shape, table, dialect))
            .order_by(*_order(shape, table)).limit(1)
            .offset(sqlalchemy.bindparam('steps', type_=sqlalchemy.Integer))
            .scalar_subquery(),
            says_nothing(table, its)]
    return sqlalchemy.select(*parts, catalogue_size.column(dialect))


def walked(shape, dialect):
    """:returns: the table of the property or tag, and conditions of its rows.
    """
    image_id, its, _by_image = list(
        image_filters.narrowing(shape, dialect))[shape.walk.number]
    return image_id.table, [*its, image_filters.is_there(image_id.table)]


def says_nothing(table, its):
    """:returns: the condition that a row does not say its image's time.

    :param its: conditions of the rows in question.
    """
    return (sqlalchemy.select(sqlalchemy.literal_column('1'))
            .select_from(table)
            .where(*its, table.c.image_created_at.is_(None))
            .correlate(None).exists())


def _ascends(shape):
    return shape.sort[0].direction == 'asc'


def _order(shape, table):
    columns = table.c.image_created_at, table.c.image_id
    return [column.asc() if _ascends(shape) else column.desc()
            for column in columns]


def _after_a_page(shape, table, others):
    """:returns: the conditions that a page full of others comes before."""
    if not others:
        return []
    merged = sqlalchemy.union(*map(sqlalchemy.select, others)).subquery()
    moment, its = table.c.image_created_at, merged.c.created_at
    ascends = _ascends(shape)
    last = (sqlalchemy.select(its)
            .order_by(its.asc() if ascends else its.desc())
            .limit(1).offset(_last).scalar_subquery())
    return [moment > last if ascends else moment < last]


def _beyond(shape, table, dialect):
    """:returns: the conditions that an image comes after the marker.

    MySQL finds its place in an index by the longer form alone, the others
    by the shorter.
    """
    if not shape.sort[0].after:
        return []
    moment, image_id = table.c.image_created_at, table.c.image_id
    marker = (sqlalchemy.bindparam('after_created_at', type_=moment.type),
              sqlalchemy.bindparam('after_id', type_=image_id.type))

    def past(one, other):
        return one > other if _ascends(shape) else one < other

    if dialect != 'mysql':
        return [past(sqlalchemy.tuple_(moment, image_id),
                     sqlalchemy.tuple_(*marker))]
    return [sqlalchemy.or_(
        past(moment, marker[0]),
        sqlalchemy.and_(moment == marker[0], past(image_id, marker[1])))]
