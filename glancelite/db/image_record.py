# SPDX-License-Identifier: Apache-2.0
"""How an image is read: one row, with what belongs to it as JSON in the row.

Properties, tags and locations come as three aggregated columns. So an image
is one row of one statement however many of them it has, and nothing is
multiplied by a join. Its own fields are an array as well: a client library
written in Python takes rows apart slowly, value by value, and JSON does not.
"""
import json

import orjson
import sqlalchemy

from glancelite.db import models
from glancelite.db import unindexed
from glancelite.objects import image as image_object

_images = models.images
_members = models.image_members

#: Fields that JSON carries as they are; it has no times, and SQLite and
#: MySQL make numbers of truth values.
_PACKED = tuple(name for name in image_object.FIELDS
                if not isinstance(_images.c[name].type, sqlalchemy.DateTime))
_TRUTHS = tuple(name for name in _PACKED
                if isinstance(_images.c[name].type, sqlalchemy.Boolean))

#: What each dialect calls an array of rows, and an array.
_FUNCTIONS = {
    'sqlite': ('json_group_array', 'json_array'),
    'mysql': ('json_arrayagg', 'json_array'),
    'postgresql': ('json_agg', 'json_build_array'),
}


class Reader:
    """The columns of an image in one dialect, and images made of rows.

    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    """

    def __init__(self, dialect):
        self._rows, self._row = (
            getattr(sqlalchemy.func, name) for name in _FUNCTIONS[dialect])
        properties, tags = models.image_properties, models.image_tags
        locations = models.image_locations
        columns = (
            sqlalchemy.cast(self._row(*(_images.c[name] for name in _PACKED)),
                            sqlalchemy.Text),
            _images.c.created_at, _images.c.updated_at,
            self._of(properties, properties.c.name, properties.c.value),
            self._of(tags, tags.c.value),
            self._of(locations, locations.c.id, locations.c.value,
                     locations.c.meta_data, locations.c.status))
        self.columns = (*columns, sqlalchemy.null())
        #: The same, and the caller's membership (parameter project_id).
        self.columns_for_member = (*columns, membership())

    def _of(self, table, *columns):
        return sqlalchemy.cast(
            sqlalchemy.select(self._rows(self._row(*columns)))
            .where(table.c.image_id == _images.c.id,
                   unindexed.not_deleted(table))
            .correlate(_images).scalar_subquery(), sqlalchemy.Text)

    @staticmethod
    def image(row):
        """:returns: the image of a row of either set of columns."""
        packed, created_at, updated_at, *texts, member_status = row
        properties, tags, locations = (
            orjson.loads(text) if text else () for text in texts)
        values = dict(zip(_PACKED, orjson.loads(packed)),
                      created_at=created_at, updated_at=updated_at)
        for name in _TRUTHS:
            values[name] = bool(values[name])
        return image_object.Image.stored(
            values, dict(properties), {tag for tag, in tags},
            [image_object.Location(url, json.loads(metadata or '{}'), status,
                                   number)
             for number, url, metadata, status in sorted(locations)],
            member_status)


def membership():
    """:returns: a column: the status of the project that asks as a member.

    The project is the parameter ``project_id`` of the statement.
    """
    return (sqlalchemy.select(_members.c.status)
            .where(_members.c.image_id == _images.c.id,
                   _members.c.member == sqlalchemy.bindparam('project_id'),
                   unindexed.not_deleted(_members))
            .correlate(_images).scalar_subquery())
