# SPDX-License-Identifier: Apache-2.0
"""Images in the database: the only place that reads and writes them.

An image, and a page of images, is read in one statement whatever it holds.
Deletion marks rows, as Glance does; an id, once used, stays used, and so does
what lists are sorted by: the image may be somebody's marker.
"""
import functools
import json

from oslo_db import exception as db_exception
import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import api
from glancelite.db import image_belongings
from glancelite.db import image_query
from glancelite.db import image_record
from glancelite.db import image_shape
from glancelite.db import models
from glancelite.db import narrowing
from glancelite.db import unindexed
from glancelite.db import unlisted
from glancelite.db import usage
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

_images = models.images
_properties = models.image_properties
_tags = models.image_tags
_locations = models.image_locations
_members = models.image_members

#: Times a change is made anew when another request was first.
_ATTEMPTS = 10


class Images:
    """The repository of images.

    :param database: a :class:`glancelite.db.api.Database`.
    :param leases: a :class:`glancelite.db.leases.Leases`.
    :ivar unlisted: a :class:`glancelite.db.unlisted.Unlisted`.
    """

    def __init__(self, database, leases):
        self._database = database
        self._leases = leases
        self.unlisted = unlisted.Unlisted(database)

    @functools.cached_property
    def _reader(self):
        return image_record.Reader(self._database.dialect,
                                   self._database.urls.open)

    @functools.cached_property
    def _narrowing(self):
        return narrowing.Narrowing(self._statements, self._database.dialect,
                                   self.unlisted)

    @functools.cached_property
    def _statements(self):
        return image_query.Statements(self._reader, self._database.dialect)

    @api.transaction
    def get(self, context, image_id, check_visibility=True):
        """:returns: the image ``image_id`` with all that belongs to it.

        :param check_visibility: False for the service's own work.
        :raises ImageNotFound: when it is not there, or not for the caller.
        """
        # MySQL would refuse to compare some texts with an id.
        if not image_id.isascii():
            raise exception.ImageNotFound(image_id=image_id)
        statement = self._statements.one(
            image_shape.kind_of_caller(context))
        with self._database.reader() as connection:
            document = connection.execute(statement, {
                'image_id': image_id,
                'project_id': context.project_id}).scalar()
        image = document and self._reader.image(document)
        # MySQL's collations find an id in capitals too.
        if image is None or image.id != image_id or (
                check_visibility and not image.is_visible_to(context)):
            raise exception.ImageNotFound(image_id=image_id)
        return image.remember()

    @api.transaction
    def list(self, context, query):
        """:returns: the :class:`Page` of images the caller may see.

        :param query: an :class:`ImageQuery`.
        :raises MarkerNotFound: when the marker is no image that the caller
            may see, or could see until it was deleted.
        """
        with self._database.reader() as connection:
            after = self._marker(connection, context, query)
            if query.limit == 0:
                return query_object.Page([])
            shape = image_shape.of(context, query, after)
            values = image_shape.parameters(context, query, after)
            for way in self._narrowing.ways(connection, shape, query, values):
                images = self._read(connection, way.shape,
                                    {**values, 'end': way.end})
                if way.is_whole(images, query.limit):
                    break
        if shape.caller == image_shape.PROJECT:
            self.unlisted.note_project(context.project_id)
        full = len(images) == query.limit
        return query_object.Page(images, images[-1].id if full else None)

    def _read(self, connection, shape, values):
        rows = connection.execute(self._statements.page(shape), values).all()
        return [document and self._reader.image(document)
                for position, document in sorted(rows)]

    def _marker(self, connection, context, query):
        if query.marker is None:
            return None
        row = connection.execute(self._statements.marker(), {
            'marker': query.marker,
            'project_id': context.project_id}).mappings().first()
        if (row is None or row['id'] != query.marker
                # What it was sorted by is still known, but for its status.
                or row['deleted'] and 'status' in dict(query.sort)
                or not image_object.is_visible(
                    context, row['visibility'], row['owner'],
                    row['member_status'])):
            raise exception.MarkerNotFound(marker=query.marker)
        return {key: row[key] for key in query_object.SORT_KEYS}

    @api.transaction
    def add(self, context, image, limit=None):
        """Store a new image.

        :param limit: a :class:`~glancelite.objects.usage.Limit` on the
            number of images, or None.
        :raises QuotaExceeded: the project has as many as it may.
        :raises ImageExists: when its id is or ever was in use.
        :raises Invalid: two of its property names are one to the database.
        """
        moment = self._database.now()
        image.values['created_at'] = image.values['updated_at'] = moment
        with self._database.writer() as connection:
            if limit:
                usage.require(connection, self._database, limit, 1)
            try:
                connection.execute(_images.insert(), {
                    **image.values, 'deleted': False})
            except db_exception.DBDuplicateEntry:
                raise exception.ImageExists(image_id=image.id) from None
            inserted = image_belongings.insert(connection, image, moment,
                                               self._database.urls.seal)
        image_belongings.number(inserted)
        image.remember()

    @staticmethod
    def insist(image_id, attempt):
        """:returns: what ``attempt()`` returns, which reads an image, changes
            it and saves it; made anew while other requests are first.

        :raises ImageChanged: they were so all the time.
        """
        for _attempt in range(_ATTEMPTS):
            try:
                return attempt()
            except exception.ImageChanged:
                continue
        raise exception.ImageChanged(image_id=image_id)

    @api.transaction
    def save(self, context, image, from_status=None, release=None,
             reservations=(), maxima=None, acquire=None, idle=False,
             holding=None, permitted=False):
        """Write what changed of ``image`` since it was read.

        The row is written first, which keeps others from it until the end
        of the transaction; so two saves never mix.

        :param from_status: the status the stored row must still have;
            by default the one that was read.
        :param release: a lease on the image that ends with the save.
        :param reservations: of quota, which the save makes usage.
        :param maxima: how many 'properties', 'tags' and 'locations' an image
            may have, where there is a limit.
        :param acquire: a lease on the image that begins with the save.
        :param idle: whether ``acquire`` waits for whoever claims it.
        :param holding: a lease on the image that the save requires.
        :param permitted: whether a caller was permitted to do it: the image
            must still be whose it was then, and as visible.
        :raises ImageHeld: somebody holds the image already.
        :raises LeaseLost: ``release``, or ``holding``, is not ours any more.
        :raises LimitExceeded: the image would have more of what was added.
        :raises ImageChanged: when the row, or a property or the set of
            locations that the change rests on, is no longer as it was read.
        """
        changes = image.changes()
        moment = self._database.now()
        expected = from_status or image.stored_status
        with self._database.writer() as connection:
            self._update_row(connection, image, expected,
                             {**changes.values, 'updated_at': moment},
                             *(_still(image) if permitted else ()))
            usage.settle(connection, self._database, reservations)
            inserted = image_belongings.save(
                connection, image, moment, changes, maxima or {},
                self._database.urls.seal)
            if holding:
                self._leases.require(connection, holding)
            if release:
                self._leases.drop(connection, release)
            if acquire:
                self._leases.take(connection, acquire, idle)
        image_belongings.number(inserted)
        image.values['updated_at'] = moment
        image.remember()

    @api.transaction
    def move(self, context, image, status, from_status, acquire=None,
             release=None, permitted=False):
        """Take one status for another, if the row still has the one.

        :param acquire: a lease on the image that begins with the move.
        :param release: a lease on the image that ends with it.
        :param permitted: as of :meth:`save`.
        :raises ImageChanged: the row has another status, or is deleted.
        :raises ImageHeld: somebody holds the image already.
        :raises LeaseLost: ``release`` is not ours any more.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            self._update_row(connection, image, from_status,
                             {'status': status, 'updated_at': moment},
                             *(_still(image) if permitted else ()))
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
            deletion wins over an upload. Its detail is told every location
            there is.
        :param status: 'pending_delete' when a scrubber removes the data.
        :raises ImageChanged: the image was deleted, has another status,
            owner or visibility than when it was read, or is protected now.
        """
        moment = self._database.now()
        gone = {'deleted': True, 'deleted_at': moment}
        with self._database.writer() as connection:
            self._update_row(connection, image, image.stored_status, {
                'status': status, **gone},
                _images.c.protected == sql.false(), *_still(image))
            if lease:
                lease.detail['locations'] = self._urls(connection, image)
            for table in _children_of(image):
                values = dict(gone)
                if table is _locations:
                    values['status'] = status
                connection.execute(
                    table.update().where(table.c.image_id == image.id,
                                         unindexed.not_deleted(table))
                    .values(**values))
            if lease:
                self._leases.seize(connection, lease)
        image.values.update(status=status)

    def _urls(self, connection, image):
        """:returns: [url, store] of every location, as the row is now."""
        rows = connection.execute(
            sqlalchemy.select(_locations.c.value, _locations.c.meta_data)
            .where(_locations.c.image_id == image.id,
                   unindexed.not_deleted(_locations)))
        return [[self._database.urls.open(url),
                 json.loads(metadata or '{}').get('store')]
                for url, metadata in rows]

    @staticmethod
    def _update_row(connection, image, expected, values, *conditions):
        done = connection.execute(
            _images.update().where(_images.c.id == image.id,
                                   _images.c.deleted == sql.false(),
                                   _images.c.status == expected, *conditions)
            .values(**values))
        if not done.rowcount:
            raise exception.ImageChanged(image_id=image.id)


def _still(image):
    """:returns: conditions: what the caller's rights rest on is as read."""
    return [_images.c[name] == image.was(name)
            for name in ('owner', 'visibility')]


def _children_of(image):
    """:returns: the tables that may have rows of ``image``.

    Properties and tags are asked for anew: another request may have added
    some since the image was read. Members are kept when an image ceases to
    be shared.
    """
    tables = [_properties, _tags, _members]
    return [*tables, _locations] if image.locations else tables
