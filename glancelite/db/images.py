# SPDX-License-Identifier: Apache-2.0
"""Images in the database: the only place that reads and writes them.

An image is read in two statements whatever it holds: its row, and its
properties, tags and locations together. Deletion marks rows, as Glance does;
an id, once used, stays used.
"""
import json

from oslo_db import exception as db_exception
import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import api
from glancelite.db import image_query
from glancelite.db import models
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

_images = models.images
_properties = models.image_properties
_tags = models.image_tags
_locations = models.image_locations
_members = models.image_members

_FIELDS = image_object.FIELDS
_COLUMNS = tuple(_images.c[name] for name in _FIELDS)

_PROPERTY, _TAG, _LOCATION = range(3)

#: Marks that a deleted row bears.
_CHILDREN = (_properties, _tags, _locations, _members)


class Images:
    """The repository of images.

    :param database: a :class:`glancelite.db.api.Database`.
    :param leases: a :class:`glancelite.db.leases.Leases`.
    """

    def __init__(self, database, leases):
        self._database = database
        self._leases = leases

    @api.transaction
    def get(self, context, image_id, check_visibility=True):
        """:returns: the image ``image_id`` with all that belongs to it.

        :param check_visibility: False for the service's own work.
        :raises ImageNotFound: when it is not there, or not for the caller.
        """
        statement = sqlalchemy.select(*_COLUMNS).where(
            _images.c.id == image_id, _images.c.deleted == sql.false())
        member = context.project_id if check_visibility else None
        if member:
            statement = statement.add_columns(
                image_query.membership(member))
        if check_visibility:
            statement = statement.where(image_query.visible(context))
        with self._database.reader() as connection:
            row = connection.execute(statement).first()
            if row is None:
                raise exception.ImageNotFound(image_id=image_id)
            return _assemble(connection, [row], bool(member))[0].remember()

    @api.transaction
    def list(self, context, query):
        """:returns: the :class:`Page` of images the caller may see.

        :param query: an :class:`ImageQuery`.
        :raises MarkerNotFound: when the marker is no image of the caller.
        """
        columns = _COLUMNS
        if context.project_id and not context.is_admin:
            columns += (image_query.membership(context.project_id),)
        with self._database.reader() as connection:
            after = self._marker(connection, context, query)
            if query.limit == 0:
                return query_object.Page([])
            rows = connection.execute(image_query.page(
                context, query, columns, self._database.dialect,
                after)).all()
            images = _assemble(connection, rows, len(columns) > len(_COLUMNS))
        full = len(images) == query.limit
        return query_object.Page(images, images[-1].id if full else None)

    def _marker(self, connection, context, query):
        if query.marker is None:
            return None
        keys = [_images.c[key] for key, direction in query.sort]
        statement = sqlalchemy.select(*keys).where(
            _images.c.id == query.marker, image_query.visible(context))
        if not context.is_admin:
            statement = statement.where(_images.c.deleted == sql.false())
        row = connection.execute(statement).mappings().first()
        if row is None:
            raise exception.MarkerNotFound(marker=query.marker)
        return row

    @api.transaction
    def add(self, context, image):
        """Store a new image.

        :raises ImageExists: when its id is or ever was in use.
        """
        moment = self._database.now()
        image.values['created_at'] = image.values['updated_at'] = moment
        try:
            with self._database.writer() as connection:
                connection.execute(_images.insert(), {
                    **image.values, 'deleted': False})
                self._insert_properties(connection, image.id, moment,
                                        image.properties)
                self._insert_tags(connection, image.id, moment, image.tags)
                inserted = self._insert_locations(connection, image, moment)
        except db_exception.DBDuplicateEntry:
            raise exception.ImageExists(image_id=image.id) from None
        _number(inserted)
        image.remember()

    @api.transaction
    def save(self, context, image, from_status=None, release=None):
        """Write what changed of ``image`` since it was read.

        The row is written first, which keeps others from it until the end
        of the transaction; so two saves never mix.

        :param from_status: the status the stored row must still have;
            by default the one that was read.
        :param release: a lease on the image that ends with the save.
        :raises LeaseLost: ``release`` is not ours any more.
        :raises ImageChanged: when the row, or a property that the change
            rests on, is no longer as it was read.
        """
        changes = image.changes()
        moment = self._database.now()
        expected = from_status or image.stored_status
        with self._database.writer() as connection:
            self._update_row(connection, image, expected,
                             {**changes.values, 'updated_at': moment})
            for name, value in changes.properties.items():
                self._save_property(connection, image, moment, name, value)
            self._remove_properties(connection, image, moment,
                                    changes.removed_properties)
            self._remove_tags(connection, image.id, moment,
                              changes.removed_tags)
            self._insert_tags(connection, image.id, moment,
                              changes.added_tags)
            inserted = self._insert_locations(connection, image, moment)
            if release:
                self._leases.drop(connection, release)
        _number(inserted)
        image.values['updated_at'] = moment
        image.remember()

    @api.transaction
    def move(self, context, image, status, from_status, acquire=None,
             release=None):
        """Take one status for another, if the row still has the one.

        :param acquire: a lease on the image that begins with the move.
        :param release: a lease on the image that ends with it.
        :raises ImageChanged: the row has another status, or is deleted.
        :raises ImageHeld: somebody holds the image already.
        :raises LeaseLost: ``release`` is not ours any more.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            self._update_row(connection, image, from_status,
                             {'status': status, 'updated_at': moment})
            if acquire:
                self._leases.take(connection, acquire)
            if release:
                self._leases.drop(connection, release)
        image.values.update(status=status, updated_at=moment)
        image.remember()

    @api.transaction
    def delete(self, context, image, lease=None, status='deleted'):
        """Mark the image and all that belongs to it as deleted.

        :param lease: taken with it, in place of whatever lease there was:
            deletion wins over an upload.
        :param status: 'pending_delete' when a scrubber removes the data.
        :returns: the former lease, or None.
        :raises ImageNotFound: when another request deleted it first.
        """
        moment = self._database.now()
        gone = {'deleted': True, 'deleted_at': moment}
        with self._database.writer() as connection:
            done = connection.execute(
                _images.update().where(_images.c.id == image.id,
                                       _images.c.deleted == sql.false())
                .values(status=status, updated_at=moment, **gone))
            if not done.rowcount:
                raise exception.ImageNotFound(image_id=image.id)
            for table in _CHILDREN:
                values = dict(gone)
                if table is _locations:
                    values['status'] = status
                connection.execute(
                    table.update().where(table.c.image_id == image.id,
                                         table.c.deleted == sql.false())
                    .values(**values))
            former = lease and self._leases.seize(connection, lease)
        image.values.update(status=status, updated_at=moment)
        return former

    @api.transaction
    def remove_location(self, context, image, location, status='deleted'):
        """Mark one stored location as deleted or pending_delete."""
        moment = self._database.now()
        with self._database.writer() as connection:
            self._update_row(connection, image, image.stored_status,
                             {'updated_at': moment})
            connection.execute(
                _locations.update().where(_locations.c.id == location.id)
                .values(deleted=True, deleted_at=moment, status=status))
        image.locations = [each for each in image.locations
                           if each.id != location.id]

    @staticmethod
    def _update_row(connection, image, expected, values):
        done = connection.execute(
            _images.update().where(_images.c.id == image.id,
                                   _images.c.deleted == sql.false(),
                                   _images.c.status == expected)
            .values(**values))
        if not done.rowcount:
            raise exception.ImageChanged(image_id=image.id)

    @staticmethod
    def _insert_properties(connection, image_id, moment, properties):
        if properties:
            connection.execute(_properties.insert(), [
                {'image_id': image_id, 'name': name, 'value': value,
                 'created_at': moment, 'updated_at': moment, 'deleted': False}
                for name, value in properties.items()])

    def _save_property(self, connection, image, moment, name, value):
        """Write one property; a deleted row of its name comes back."""
        new = image.is_new_property(name)
        values = {'value': value, 'updated_at': moment}
        if new:
            values.update(deleted=False, deleted_at=None)
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
            self._insert_properties(connection, image.id, moment,
                                    {name: value})
        except db_exception.DBDuplicateEntry:
            raise exception.ImageChanged(image_id=image.id) from None

    @staticmethod
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

    @staticmethod
    def _insert_tags(connection, image_id, moment, tags):
        if tags:
            connection.execute(_tags.insert(), [
                {'image_id': image_id, 'value': tag, 'created_at': moment,
                 'updated_at': moment, 'deleted': False}
                for tag in sorted(tags)])

    @staticmethod
    def _remove_tags(connection, image_id, moment, tags):
        if tags:
            connection.execute(
                _tags.update().where(_tags.c.image_id == image_id,
                                     _tags.c.value.in_(tags),
                                     _tags.c.deleted == sql.false())
                .values(deleted=True, deleted_at=moment))

    @staticmethod
    def _insert_locations(connection, image, moment):
        """:returns: (location, id) of each that is new.

        The ids are given when the transaction is through, because it may be
        run again.
        """
        inserted = []
        for location in image.locations:
            if location.id is None:
                done = connection.execute(_locations.insert().values(
                    image_id=image.id, value=location.url,
                    meta_data=json.dumps(location.metadata),
                    status=location.status, created_at=moment,
                    updated_at=moment, deleted=False))
                inserted.append((location, done.inserted_primary_key[0]))
        return inserted


def _number(inserted):
    for location, number in inserted:
        location.id = number


def _assemble(connection, rows, with_membership):
    """:returns: images of ``rows``, in order, their children read at once."""
    width = len(_FIELDS)
    images = {}
    for row in rows:
        values = dict(zip(_FIELDS, row))
        images[values['id']] = image_object.Image.stored(
            values, {}, set(), [], row[width] if with_membership else None)
    if images:
        for row in connection.execute(_children(list(images))):
            _attach(images[row.image_id], row)
    return list(images.values())


def _attach(image, row):
    if row.kind == _PROPERTY:
        image.properties[row.name] = row.value
    elif row.kind == _TAG:
        image.tags.add(row.name)
    else:
        image.locations.append(image_object.Location(
            row.value, json.loads(row.meta_data or '{}'), row.name, row.id))


def _children(ids):
    """:returns: one statement for all that belongs to the images ``ids``."""
    def of(table, kind, *columns):
        return sqlalchemy.select(
            sqlalchemy.literal_column(str(kind)).label('kind'), table.c.id,
            table.c.image_id, *columns).where(
                table.c.image_id.in_(ids), table.c.deleted == sql.false())

    nothing = sqlalchemy.cast(sql.null(), sqlalchemy.String)
    return sqlalchemy.union_all(
        of(_properties, _PROPERTY, _properties.c.name.label('name'),
           _properties.c.value, nothing.label('meta_data')),
        of(_tags, _TAG, _tags.c.value.label('name'), nothing, nothing),
        of(_locations, _LOCATION, _locations.c.status.label('name'),
           _locations.c.value, _locations.c.meta_data)).order_by('id')
