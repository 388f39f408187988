# SPDX-License-Identifier: Apache-2.0
"""The order of an image list in SQL, and what comes after a marker in it."""
import sqlalchemy

from glancelite.db import keyset
from glancelite.db import models

_images = models.images


def order(sort, table, dialect):
    """:returns: the order of ``table``, which has what images are sorted by.

    :param sort: a :class:`~glancelite.db.image_shape.SortKey` each.
    """
    return keyset.order(table, [(key.name, key.direction) for key in sort],
                        dialect)


def beyond(sort, dialect):
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
