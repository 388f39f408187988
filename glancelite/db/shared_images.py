# SPDX-License-Identifier: Apache-2.0
"""What is shared with a project that is a member of many images.

Few memberships are read, and their images put in order. Where there are many,
a page in an order that memberships are not in has few of these images, and
they are near the beginning of all that are shared by anybody. So the first
ones of these are read, by the index of that order, and each is asked whether
the project is its member. Where they end is put among what is merged into a
page: no page that it is not on lacks an image.
"""
import sqlalchemy
from sqlalchemy import sql

from glancelite.db import image_filters
from glancelite.db import image_order
from glancelite.db import memberships
from glancelite.db import models
from glancelite.db import remembered

_images = models.images

_first_shared = sqlalchemy.bindparam('first_shared', type_=sqlalchemy.Integer)
_before_last = sqlalchemy.bindparam('before_last', type_=sqlalchemy.Integer)


def are_in_order(sort):
    """:returns: whether an index has all shared images in that order."""
    return (tuple(each.name for each in sort)
            == models.in_order_of(sort[0].name)
            and len({each.direction for each in sort}) == 1)


def of_members(shape, dialect):
    """:returns: a select of what images are sorted by: those of the first
    ones of which the project is a member.
    """
    first = _first(shape, dialect)
    found = sqlalchemy.select(*first.c).where(
        memberships.is_member(shape.member_status, first))
    if shape.filters or shape.times:
        found = (found.where(
            first.c.id == _images.c.id,
            *image_filters.conditions(shape, dialect, image_filters.BY_ID))
            .with_hint(_images, image_filters.BY_ID_ALONE, 'mysql'))
    return found


def with_their_end(merged, shape, dialect):
    """:returns: ``merged``, and the last one of the first shared images, if
    more may follow, as a row of its own that says ``is_end``.
    """
    first = _first(shape, dialect)
    end = (sqlalchemy.select(*first.c)
           .order_by(*image_order.order(shape.sort, first, dialect))
           .limit(1).offset(_before_last).subquery())
    return sqlalchemy.union_all(*(
        sqlalchemy.select(*each.c, value.label('is_end'))
        for each, value in ((merged, sql.literal_column('0')),
                            (end, sql.literal_column('1'))))).subquery()


def unless_their_end(column, page):
    """:returns: ``column``, or NULL where ``page`` says ``is_end``."""
    return sqlalchemy.case((page.c.is_end == 0, column))


def many_memberships(status):
    """:returns: a select of a row if the project has more memberships of
    that status than images are read.
    """
    return (sqlalchemy.select(sql.literal_column('1'))
            .select_from(models.image_members).where(
                *memberships.of_project(status))
            .limit(1).offset(_first_shared))


def _first(shape, dialect):
    """The first shared images, whoever they are shared with."""
    index = models.index_of('visibility', shape.sort[0].name, 'mysql')
    hint = f'FORCE INDEX ({index})'
    columns = [_images.c[each.name] for each in shape.sort]
    parts = [
        sqlalchemy.select(*columns)
        .where(_images.c.visibility == 'shared', *beyond,
               *image_filters.not_hidden(shape, _images.c))
        .order_by(*image_order.order(shape.sort, _images, dialect))
        .limit(_first_shared).with_hint(_images, hint, 'mysql').subquery()
        for beyond in image_order.beyond(shape.sort, dialect)]
    if len(parts) == 1:
        return parts[0]
    merged = sqlalchemy.union_all(*map(sqlalchemy.select, parts)).subquery()
    return (sqlalchemy.select(merged)
            .order_by(*image_order.order(shape.sort, merged, dialect))
            .limit(_first_shared).subquery())


class Crowds:
    """Knows for some minutes which projects are members of many images.

    :param statements: the :class:`~glancelite.db.image_query.Statements`.
    """

    def __init__(self, statements):
        self._statements = statements
        self._many = remembered.Remembered()
        self._vain = remembered.Remembered()

    def are_worth_it(self, connection, shape, values):
        """:returns: whether a page is sooner read among all shared images.

        :param values: of the parameters of the page's statement.
        """
        if self._vain.get(_key(shape, values)):
            return False
        key = values['project_id'], values['limit'], shape.member_status
        many = self._many.get(key)
        if many is None:
            many = connection.execute(
                self._statements.many_memberships(shape.member_status),
                values).first() is not None
            self._many.update([(key, many)])
        return many

    def forget(self, shape, values):
        """Try that no more: the page went beyond what was read."""
        self._vain.update([(_key(shape, values), True)])


def _key(shape, values):
    return values['project_id'], values['limit'], shape
