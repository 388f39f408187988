# SPDX-License-Identifier: Apache-2.0
"""How an image is read: as one JSON document, made by the database.

An image is one row of one statement however many properties, tags and
locations it has, nothing is multiplied by a join, and the row has a single
value: a client library written in Python takes rows apart slowly, value by
value, and JSON does not. What belongs to the image comes as objects, which
MariaDB makes of rows in half the time that it needs for arrays.
"""
import datetime
import json

import orjson
import sqlalchemy

from glancelite.db import memberships
from glancelite.db import models
from glancelite.db import unindexed
from glancelite.objects import image as image_object

_images = models.images

_FIELDS = image_object.FIELDS

#: Fields that need more than JSON: SQLite and MySQL make numbers of truth
#: values, and all make texts of times.
_TRUTHS = tuple(name for name in _FIELDS
                if isinstance(_images.c[name].type, sqlalchemy.Boolean))
_TIMES = tuple(name for name in _FIELDS
               if isinstance(_images.c[name].type, sqlalchemy.DateTime))

#: What each dialect calls an object made of rows, and an array.
_FUNCTIONS = {
    'sqlite': ('json_group_object', 'json_array'),
    'mysql': ('json_objectagg', 'json_array'),
    'postgresql': ('json_object_agg', 'json_build_array'),
}


#: To MySQL's optimizer they are no better than Glance's: see models.listing.
_BY_IMAGE = {table: f'FORCE INDEX ({index})'
             for table, index in models.OF_AN_IMAGE.items()}


class Reader:
    """The column that is an image in one dialect, and images made of it.

    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    :param open_url: returns the URL of what a location has for it.
    """

    def __init__(self, dialect, open_url=str):
        self._dialect = dialect
        self._open_url = open_url
        self._object, self._array = (
            getattr(sqlalchemy.func, name) for name in _FUNCTIONS[dialect])
        properties, tags = models.image_properties, models.image_tags
        locations = models.image_locations
        parts = (
            *(self._field(_images.c[name]) for name in _FIELDS),
            self._of(properties, properties.c.name, properties.c.value),
            self._of(tags, tags.c.value, tags.c.id),
            self._of(locations, _text(locations.c.id), self._array(
                locations.c.value, locations.c.meta_data,
                locations.c.status)))
        self.column = _text(self._array(*parts, sqlalchemy.null()))
        #: The same, with the membership of the project that asks (parameter
        #: project_id).
        self.column_for_member = _text(self._array(
            *parts, memberships.current()))

    def _field(self, column):
        if self._dialect == 'postgresql' and column.name in _TIMES:
            # By itself it leaves out zeros at the end of a fraction.
            return sqlalchemy.func.to_char(column,
                                           'YYYY-MM-DD"T"HH24:MI:SS.US')
        return column

    def _of(self, table, name, value):
        """What belongs to an image: text, but in SQLite, an object."""
        found = sqlalchemy.select(self._object(name, value)).where(
            table.c.image_id == _images.c.id, unindexed.not_deleted(table))
        if table.name in _BY_IMAGE:
            found = found.with_hint(table, _BY_IMAGE[table.name], 'mysql')
        return _text(found.correlate(_images).scalar_subquery())

    def image(self, document):
        """:returns: the image of a value of either column."""
        *fields, properties, tags, locations, member_status = orjson.loads(
            document)
        values = dict(zip(_FIELDS, fields))
        for name in _TRUTHS:
            values[name] = bool(values[name])
        for name in _TIMES:
            if values[name]:
                values[name] = datetime.datetime.fromisoformat(values[name])
        properties, tags, locations = (
            orjson.loads(part) if isinstance(part, str) else part or {}
            for part in (properties, tags, locations))
        return image_object.Image.stored(
            values, properties, set(tags),
            [self._location(number, *locations[number])
             for number in sorted(locations, key=int)], member_status)

    def _location(self, number, url, metadata, status):
        return image_object.Location(
            self._open_url(url), json.loads(metadata or '{}'), status,
            int(number))


def _text(value):
    return sqlalchemy.cast(value, sqlalchemy.Text)
