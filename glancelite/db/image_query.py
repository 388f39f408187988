# SPDX-License-Identifier: Apache-2.0
"""The statement behind an image list: visibility, filters, keyset pages.

Every way in which a caller can see an image is a range of its own, ordered
and limited by an index, and the ranges are merged: so a page costs the same
however many images others have.
"""
import functools
import typing

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import image_filters
from glancelite.db import image_order
from glancelite.db import image_shape
from glancelite.db import image_walk
from glancelite.db import memberships
from glancelite.db import models
from glancelite.db import shared_images
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

_images = models.images
_members = models.image_members

#: Shapes remembered.
_REMEMBERED = 256

_IS_SHARED = image_filters.BY_ID['visibility'] == 'shared'

#: Few images have the same name, and MariaDB counts them before it decides.
_BY_ID_OR_NAME = 'FORCE INDEX (PRIMARY, glancelite_images_visibility_name)'

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
        self.commonness = remember(self._commonness)
        self.ends = remember(self._ends)
        self.may_be_among = remember(_may_be_among)
        self.many_memberships = remember(shared_images.many_memberships)

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
        merged = sqlalchemy.union(*map(
            sqlalchemy.select, self._ranges(shape))).subquery()
        columns = ['id']
        if shape.among:
            merged = shared_images.with_their_end(
                merged, shape, self._dialect)
            columns.append('is_end')
        order = image_order.order(shape.sort, merged, self._dialect)
        position = sqlalchemy.func.row_number().over(order_by=order)
        # Only what is left of all ranges is read with what belongs to it.
        page = (sqlalchemy.select(*(merged.c[name] for name in columns),
                                  position.label('position'))
                .order_by(*order).limit(_limit).subquery())
        document = self._column(shape.caller)
        if shape.among:
            document = shared_images.unless_their_end(document, page)
        return (sqlalchemy.select(page.c.position, document)
                .join(page, page.c.id == _images.c.id))

    def _ranges(self, shape):
        """The first images of each range that the page is put together of."""
        if shape.walk:
            return [image_walk.first(shape, self._dialect,
                                     _visible(shape), _limit).subquery()]
        found = [(way, self._range(shape, way, *beyond))
                 for way in _ways(shape)
                 for beyond in image_order.beyond(shape.sort, self._dialect)]
        ranges = [each for way, each in found]
        if shape.among:
            ranges.append(shared_images.of_members(
                shape, self._dialect).subquery())
        if _are_memberships_in_order(shape):
            others = [each for way, each in found if not way.repeats]
            ranges.append(image_walk.along_memberships(
                shape, self._dialect,
                memberships.of_project(shape.member_status), _IS_SHARED,
                _limit, others).subquery())
        return ranges

    def _range(self, shape, way, *conditions):
        """The first images that can be seen in one way."""
        hint = _in_order(shape, way)
        if way.columns is not _images.c:
            hint = (_BY_ID_OR_NAME if ('name', 'eq') in shape.filters
                    and way.repeats else image_filters.BY_ID_ALONE)
        found = (sqlalchemy.select(*(_images.c[key.name]
                                     for key in shape.sort))
                 .where(way.condition, *conditions,
                        *image_filters.conditions(shape, self._dialect,
                                                  way.columns))
                 .with_hint(_images, hint, 'mysql')
                 .order_by(*image_order.order(shape.sort, _images,
                                              self._dialect))
                 .limit(_limit))
        return (found.distinct() if way.repeats else found).subquery()

    def _commonness(self, shape):
        """Whether many images have what is asked for."""
        return image_filters.commonness(shape, self._dialect)

    def _ends(self, shape, numbers):
        """Of filters along which there may be a walk, where it ends."""
        return image_walk.ends(shape, numbers, self._dialect)

    def _marker(self):
        """What images are sorted by, of the image ``marker``.

        And whether it is deleted, and what decides who sees it, or saw it
        last.
        """
        keys = (*query_object.SORT_KEYS, 'deleted', 'visibility', 'owner')
        return sqlalchemy.select(
            *(_images.c[key] for key in keys),
            memberships.last().label('member_status')).where(
                _images.c.id == sqlalchemy.bindparam('marker'))


class _Way(typing.NamedTuple):
    """One way to see images."""

    #: Those of images, without indexes if the way, or a filter, leads to
    #: images by their ids.
    columns: object
    condition: object
    #: Whether it may find an image twice.
    repeats: bool = False
    #: Whether it finds images by their owner.
    is_own: bool = False


def _ways(shape):
    """:returns: each :class:`_Way` to see an image.

    Each is a range of one of our indexes, in the order of every sort key;
    only what is shared with the caller is found by the memberships of the
    project, which are few. Where filters lead to images, or to all of one
    owner, all ways are one.
    """
    by_id = image_filters.lead_to_images(shape)
    columns = image_filters.BY_ID if by_id else _images.c
    ways = [_Way(columns, columns['visibility'] == each)
            for each in _visible_to_all(shape)]
    if _asks_for_own(shape):
        ways.append(_Way(columns, _is_own(shape, columns), is_own=True))
    if _asks_for_shared(shape) and not shape.among:
        shared = _IS_SHARED
        its = memberships.of_project(shape.member_status)
        if by_id:
            shared &= _images.c.id.in_(
                sqlalchemy.select(_members.c.image_id).where(*its))
        else:
            # A join: as a subquery MariaDB would copy them first.
            shared = sqlalchemy.and_(
                shared, _images.c.id == _members.c.image_id, *its)
            if _are_memberships_in_order(shape):
                # Else they are a range of their own.
                shared &= image_walk.says_nothing(_members, its)
        ways.append(_Way(image_filters.BY_ID, shared, repeats=not by_id))
    of_one_owner = (shape.caller == image_shape.ADMIN
                    and ('owner', 'eq') in shape.filters)
    if by_id or of_one_owner:
        return [_Way(columns, sqlalchemy.or_(sql.false(), *(
            way.condition for way in ways)), is_own=of_one_owner)]
    return ways or [_Way(columns, sql.false())]


def _in_order(shape, way):
    """:returns: the hint which indexes MariaDB may choose from: that of the
    order, and those of what is asked for.

    Left alone it takes a shorter one and puts all of a range in order, or one
    that has all images, hoping to meet what is asked for soon.
    """
    families = ['own'] if way.is_own else ['visibility']
    if ('owner', 'eq') in shape.filters and not way.is_own:
        families.append('own')
    asked = {name for name, _op in (*shape.filters, *shape.times)}
    keys = [key for key in query_object.SORT_KEYS
            if key == shape.sort[0].name or key in asked]
    return 'FORCE INDEX ({})'.format(', '.join(
        models.index_of(family, key, 'mysql')
        for family in families for key in keys))


def _visible(shape):
    """:returns: the condition that an image met by its id can be seen."""
    columns = image_filters.BY_ID
    ways = [columns['visibility'].in_(_visible_to_all(shape))]
    if _asks_for_own(shape):
        ways.append(_is_own(shape, columns))
    if _asks_for_shared(shape):
        ways.append(_IS_SHARED & memberships.is_member(shape.member_status))
    return sqlalchemy.or_(*ways)


def _is_own(shape, columns):
    own = columns['owner'] == _project_id
    if shape.visibility not in (None, 'all'):
        own &= columns['visibility'] == shape.visibility
    return own


def _visible_to_all(shape):
    """:returns: the visibilities of which the caller sees every image."""
    chosen = shape.visibility
    if shape.caller != image_shape.ADMIN:
        return [each for each in ('public', 'community')
                if chosen in (each, 'all')
                or each == 'public' and chosen is None]
    if chosen == 'all':
        return image_object.VISIBILITIES
    return [chosen] if chosen else ['public', 'shared', 'private']


def _asks_for_own(shape):
    """An administrator sees own images anyway, unless they are community."""
    return shape.has_project and (shape.caller == image_shape.PROJECT
                                  or shape.visibility is None)


def _asks_for_shared(shape):
    return (shape.caller == image_shape.PROJECT
            and shape.visibility in (None, 'all', 'shared'))


def _are_memberships_in_order(shape):
    """Those of one status are, by an index, if all say when their image was
    created. Images of one name are found by it.
    """
    return (_asks_for_shared(shape) and shape.member_status != 'all'
            and ('name', 'eq') not in shape.filters
            and not image_filters.lead_to_images(shape)
            and image_walk.is_in_order(shape.sort))


def _may_be_among(shape):
    """:returns: whether what is shared with the caller may be looked for
    among all shared images: where its memberships are not in order.
    """
    return (_asks_for_shared(shape) and ('name', 'eq') not in shape.filters
            and not image_filters.lead_to_images(shape)
            and not _are_memberships_in_order(shape)
            and shared_images.are_in_order(shape.sort))
