# SPDX-License-Identifier: Apache-2.0
"""What belongs to an image, written: properties, tags, locations.

The image's row is written first, by whoever calls; that keeps others from
the image until the end of the transaction.
"""
import json

from oslo_db import exception as db_exception
import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import models
from glancelite.db import unindexed

_properties = models.image_properties
_tags = models.image_tags
_locations = models.image_locations

#: What an image may have so many of, by the name that quotas use.
_COUNTED = {'properties': _properties.c.name, 'tags': _tags.c.value,
            'locations': _locations.c.id}


def insert(connection, image, moment, seal):
    """Write all that a new image has.

    :param seal: returns what a location has for a URL.

    :returns: new locations with their ids; see :func:`number`.
    :raises Invalid: two of its property names are one to the database.
    """
    try:
        _insert_properties(connection, image, moment, image.properties)
    except db_exception.DBDuplicateEntry:
        raise exception.Invalid(
            'Two property names differ only in ways that the database does '
            'not tell apart.') from None
    _insert_tags(connection, image, moment, image.tags)
    return _insert_locations(connection, image, moment, seal)


def save(connection, image, moment, changes, maxima, seal):
    """Write what changed.

    :param changes: of the image, as its object tells.
    :param maxima: how many 'properties', 'tags' and 'locations' an image
        may have, where there is a limit.
    :param seal: as of :func:`insert`.
    :returns: new locations with their ids; see :func:`number`.
    :raises ImageChanged: a property, or the set of tags or locations that
        the change rests on, is no longer as it was read.
    :raises LimitExceeded: the image would have more of what was added.
    """
    for name, value in changes.properties.items():
        _save_property(connection, image, moment, name, value)
    _remove_properties(connection, image, moment, changes.removed_properties)
    _save_tags(connection, image, moment, changes)
    inserted = _save_locations(connection, image, moment, changes, seal)
    _require_within(connection, image.id, maxima, {
        'properties': any(map(image.is_new_property, changes.properties)),
        'tags': changes.added_tags, 'locations': inserted})
    return inserted


def number(inserted):
    """Give locations their ids.

    When the transaction is through, because it may be run again.
    """
    for location, new_id in inserted:
        location.id = new_id


def _insert_properties(connection, image, moment, properties):
    if properties:
        connection.execute(_properties.insert(), [
            {**_new_row(image, moment), 'name': name, 'value': value}
            for name, value in properties.items()])


def _new_row(image, moment):
    """:returns: what a property and a tag have in common."""
    return {'image_id': image.id,
            'image_created_at': image.values['created_at'],
            'created_at': moment, 'updated_at': moment, 'deleted': False}


def _save_property(connection, image, moment, name, value):
    """Write one property; a deleted row of its name comes back."""
    new = image.is_new_property(name)
    values = {'value': value, 'updated_at': moment}
    if new:
        # The row may bear the name in other letters: see MySQL.
        values.update(name=name, deleted=False, deleted_at=None)
    done = connection.execute(
        _properties.update().where(
            _properties.c.image_id == image.id,
            _properties.c.name == name,
            _properties.c.deleted == (sql.true() if new
                                      else sql.false()))
        .values(**values))
    if done.rowcount:
        return
    if not new:
        raise exception.ImageChanged(image_id=image.id)
    try:
        _insert_properties(connection, image, moment, {name: value})
    except db_exception.DBDuplicateEntry:
        raise exception.ImageChanged(image_id=image.id) from None


def _remove_properties(connection, image, moment, names):
    if not names:
        return
    done = connection.execute(
        _properties.update().where(
            _properties.c.image_id == image.id,
            _properties.c.name.in_(names),
            _properties.c.deleted == sql.false())
        .values(deleted=True, deleted_at=moment))
    if done.rowcount != len(names):
        raise exception.ImageChanged(image_id=image.id)


def _insert_tags(connection, image, moment, tags):
    if tags:
        connection.execute(_tags.insert(), [
            {**_new_row(image, moment), 'value': tag}
            for tag in sorted(tags)])


def _save_tags(connection, image, moment, changes):
    """Write what is new of tags, and remove what is to go.

    :raises ImageChanged: what was to go is gone; or there are others
        than when the image was read, and these are to be all.
    """
    if changes.removed_tags or changes.sets_tags:
        # Two requests may have stored the same tag; both rows go. And
        # to MySQL tags in capitals are the same, so they are told apart
        # here.
        rows = connection.execute(
            sqlalchemy.select(_tags.c.id, _tags.c.value).where(
                _tags.c.image_id == image.id,
                unindexed.not_deleted(_tags))).all()
        present = {row.value for row in rows}
        if not changes.removed_tags <= present or (
                changes.sets_tags and present != image.stored_tags):
            raise exception.ImageChanged(image_id=image.id)
        gone = [row.id for row in rows
                if row.value in changes.removed_tags]
        connection.execute(_tags.update().where(_tags.c.id.in_(gone))
                           .values(deleted=True, deleted_at=moment))
    _insert_tags(connection, image, moment, changes.added_tags)


def _save_locations(connection, image, moment, changes, seal):
    """Write what is new of locations. :returns: as _insert_locations."""
    new = any(location.id is None for location in image.locations)
    if not (new or changes.removed_locations
            or changes.changed_locations):
        return []
    _require_unmoved(connection, image)
    for location in changes.removed_locations:
        connection.execute(
            _locations.update().where(_locations.c.id == location.id)
            .values(deleted=True, deleted_at=moment, status='deleted'))
    for location in changes.changed_locations:
        connection.execute(
            _locations.update().where(_locations.c.id == location.id)
            .values(meta_data=json.dumps(location.metadata),
                    updated_at=moment))
    return _insert_locations(connection, image, moment, seal)


def _insert_locations(connection, image, moment, seal):
    """:returns: (location, id) of each that is new."""
    inserted = []
    for location in image.locations:
        if location.id is None:
            done = connection.execute(_locations.insert().values(
                image_id=image.id, value=seal(location.url),
                meta_data=json.dumps(location.metadata),
                status=location.status, created_at=moment,
                updated_at=moment, deleted=False))
            inserted.append((location, done.inserted_primary_key[0]))
    return inserted


def _require_unmoved(connection, image):
    """Two requests must not both remove the last but one location.

    :raises ImageChanged: the image has other locations than when it was
        read.
    """
    stored = connection.execute(
        sqlalchemy.select(_locations.c.id).where(
            _locations.c.image_id == image.id,
            unindexed.not_deleted(_locations))
        .with_for_update()).scalars()
    if set(stored) != {each.id for each in image.stored_locations}:
        raise exception.ImageChanged(image_id=image.id)


def _require_within(connection, image_id, maxima, added):
    """Count what was added to: the row is ours, so the count holds.

    Two requests may have stored the same tag; it counts once.

    :raises LimitExceeded: it is more than its maximum.
    """
    for noun, maximum in maxima.items():
        if not added[noun]:
            continue
        column = _COUNTED[noun]
        stored = set(connection.execute(sqlalchemy.select(column).where(
            column.table.c.image_id == image_id,
            unindexed.not_deleted(column.table))).scalars())
        if len(stored) > maximum:
            raise exception.LimitExceeded(
                noun=f'image {noun}', attempted=len(stored), maximum=maximum)
