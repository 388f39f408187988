# SPDX-License-Identifier: Apache-2.0
"""How an image is read: one row, with what belongs to it as JSON in the row.

Properties, tags and locations come as three objects, which MariaDB makes of
rows in half the time that it needs for arrays. So an image is one row of one
statement however many of them it has, and nothing is multiplied by a join.
Its own fields are an array: a client library written in Python takes rows
apart slowly, value by value, and JSON does not.
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

#: What each dialect calls an object made of rows, and an array.
_FUNCTIONS = {
    'sqlite': ('json_group_object', 'json_array'),
    'mysql': ('json_objectagg', 'json_array'),
    'postgresql': ('json_object_agg', 'json_build_array'),
}


class Reader:
    """The columns of an image in one dialect, and images made of rows.

    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    """

    def __init__(self, dialect):
        self._object, array = (
            getattr(sqlalchemy.func, name) for name in _FUNCTIONS[dialect])
        properties, tags = models.image_properties, models.image_tags
        locations = models.image_locations
        columns = (
            sqlalchemy.cast(array(*(_images.c[name] for name in _PACKED)),
                            sqlalchemy.Text),
            _images.c.created_at, _images.c.updated_at,
            self._of(properties, properties.c.name, properties.c.value),
            self._of(tags, tags.c.value, tags.c.id),
            self._of(locations,
                     sqlalchemy.cast(locations.c.id, sqlalchemy.String),
                     array(locations.c.value, locations.c.meta_data,
                           locations.c.status)))
        self.columns = (*columns, sqlalchemy.null())
        #: The same, and the caller's membership (parameter project_id).
        self.columns_for_member = (*columns, membership())

    def _of(self, table, name, value):
        return sqlalchemy.cast(
            sqlalchemy.select(self._object(name, value))
            .where(table.c.image_id == _images.c.id,
                   unindexed.not_deleted(table))
            .correlate(_images).scalar_subquery(), sqlalchemy.Text)

    @staticmethod
    def image(row):
        """:returns: the image of a row of either set of columns."""
        packed, created_at, updated_at, *texts, member_status = row
        properties, tags, locations = (
            orjson.loads(text) if text else {} for text in texts)
        values = dict(zip(_PACKED, orjson.loads(packed)),
                      created_at=created_at, updated_at=updated_at)
        for name in _TRUTHS:
            values[name] = bool(values[name])
        return image_object.Image.stored(
            values, properties, set(tags),
            [_location(number, *locations[number])
             for number in sorted(locations, key=int)], member_status)


def _location(number, url, metadata, status):
    return image_object.Location(url, json.loads(metadata or '{}'), status,
                                 int(number))


def membership():
    """:returns: a column: the status of the project that asks as a member.

    The project is the parameter ``project_id`` of the statement.
    """
    return (sqlalchemy.select(_members.c.status)
            .where(_members.c.image_id == _images.c.id,
                   _members.c.member == sqlalchemy.bindparam('project_id'),
                   unindexed.not_deleted(_members))
            .correlate(_images).scalar_subquery())
