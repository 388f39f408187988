# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads in the database.

An unfinished upload has the lease on its image, whose detail names it. While
a request brings bytes it owns the lease like any other owner; between
requests nobody does, and the lease runs out when the upload does. Whoever
takes the lease over ends the request before: that one can record nothing
more. A row without ``state`` is a completed upload, kept so that a client who
missed the last answer can ask.

The row of the lease is locked first, always: a record is made by its owner
or not at all.
"""
import json

from oslo_utils import uuidutils
import sqlalchemy

from glancelite import exception
from glancelite.db import api
from glancelite.db import models
from glancelite.db.models import columns
from glancelite.objects import lease as lease_object
from glancelite.objects import upload as upload_object
from glancelite.objects import usage as usage_object

_leases = models.image_leases
_reservations = models.usage_reservations
_uploads = models.resumable_uploads

#: What the owner of a lease is called while there is none.
_NOBODY = 'nobody-'


class Uploads:
    """The repository of resumable uploads.

    :param database: a :class:`glancelite.db.api.Database`.
    :param ttl: seconds an upload may wait for more.
    :param lease_ttl: seconds a lease holds unless it is renewed.
    :param reserved: seconds for which quota is kept beyond ``ttl``.
    """

    def __init__(self, database, ttl, lease_ttl, reserved):
        self._database = database
        self._lease_ttl = lease_ttl
        self._reserved = reserved
        self.ttl = ttl

    @api.transaction
    def add(self, context, upload):
        """Store a new upload. It can be used once its lease is taken."""
        now = self._database.clock()
        with self._database.writer() as connection:
            connection.execute(_uploads.insert().values(
                id=upload.id, image_id=upload.image_id,
                project_id=upload.project_id, created_at=now,
                **self._values(upload)))
        upload.seconds_left = self.ttl

    @api.transaction
    def remove(self, context, upload):
        """Forget an upload whose lease could not be taken."""
        with self._database.writer() as connection:
            connection.execute(
                _uploads.delete().where(_uploads.c.id == upload.id))

    @api.transaction
    def unfinished(self, context, image_id):
        """:returns: the unfinished upload of an image, or None."""
        with self._database.reader() as connection:
            row = connection.execute(sqlalchemy.select(
                _leases.c.detail, _leases.c.purpose).where(
                    _leases.c.image_id == image_id)).first()
            if row is None or row.purpose != lease_object.RESUMABLE:
                return None
            return self._read(connection, image_id,
                              json.loads(row.detail)['upload'])

    @api.transaction
    def is_busy(self, context, image_id):
        """:returns: whether a request has the upload of an image."""
        with self._database.reader() as connection:
            owner = connection.execute(
                sqlalchemy.select(_leases.c.owner).where(
                    _leases.c.image_id == image_id,
                    _leases.c.purpose == lease_object.RESUMABLE)).scalar()
        return owner is not None and not owner.startswith(_NOBODY)

    @api.transaction
    def settled(self, context, image_id, upload_id):
        """:returns: the upload as it is when nobody appends to it.

        Whoever does so loses the lease by this.

        :raises UploadNotFound: there is none, or it has run out.
        """
        with self._database.writer() as connection:
            lease = self._lock(connection, image_id, upload_id)
            upload = self._required(connection, image_id, upload_id, lease)
            if lease and not (upload.sealed
                              or lease.owner.startswith(_NOBODY)):
                self._leave(connection, image_id, upload_id)
        return upload

    @api.transaction
    def take_over(self, context, lease, upload_id):
        """Make ``lease`` the one on the image, whoever had it.

        :returns: the upload; a completed one has no lease any more.
        :raises UploadNotFound: there is none, or it has run out.
        """
        with self._database.writer() as connection:
            row = self._lock(connection, lease.image_id, upload_id)
            upload = self._required(connection, lease.image_id, upload_id,
                                    row)
            if row:
                lease.detail = json.loads(row.detail)
                self._update_lease(connection, lease.image_id,
                                   owner=lease.token,
                                   expires_at=self._database.clock(
                                       self._lease_ttl))
        return upload

    @api.transaction
    def record(self, lease, upload):
        """Store how far the upload is, which makes it last longer.

        :raises LeaseLost: it is not ours any more.
        """
        with self._database.writer() as connection:
            self._record(connection, lease, upload)

    @api.transaction
    def park(self, lease, upload):
        """Record, and leave the upload for whoever goes on with it.

        :raises LeaseLost: it is not ours any more.
        """
        with self._database.writer() as connection:
            self._record(connection, lease, upload)
            self._leave(connection, lease.image_id, upload.id)

    @api.transaction
    def leave(self, lease):
        """Leave an upload, whose owner died, for whoever goes on with it.

        :returns: whether it may go on; not so when it has run out.
        :raises LeaseLost: the lease is not ours any more.
        """
        with self._database.writer() as connection:
            self._require_owner(connection, lease)
            left = self._read(connection, lease.image_id,
                              lease.detail['upload']) is not None
            if left:
                self._leave(connection, lease.image_id,
                            lease.detail['upload'])
        return left

    @api.transaction
    def purge(self):
        """Forget completed uploads, and such as never began, in time."""
        held = sqlalchemy.exists().where(
            _leases.c.image_id == _uploads.c.image_id)
        gone = sqlalchemy.and_(
            _uploads.c.expires_at < self._database.clock(), ~held)
        with self._database.reader() as connection:
            ids = connection.execute(
                sqlalchemy.select(_uploads.c.id).where(gone)
                .limit(1000)).scalars().all()
        if ids:
            with self._database.writer() as connection:
                connection.execute(
                    _uploads.delete().where(_uploads.c.id.in_(ids)))

    def _record(self, connection, lease, upload):
        self._require_owner(connection, lease)
        connection.execute(
            _uploads.update().where(_uploads.c.id == upload.id)
            .values(updated_at=self._database.clock(),
                    **self._values(upload)))
        connection.execute(
            _reservations.update().where(_reservations.c.id.in_(
                usage_object.lasting_tokens(upload.id)))
            .values(expires_at=self._database.clock(
                self.ttl + self._reserved)))
        upload.seconds_left = self.ttl

    def _values(self, upload):
        state = {'store': upload.store, 'digests': upload.digests}
        return {'offset': upload.offset, 'length': upload.length,
                'state': json.dumps(state),
                'expires_at': self._database.clock(self.ttl)}

    def _leave(self, connection, image_id, upload_id):
        expires = sqlalchemy.select(_uploads.c.expires_at).where(
            _uploads.c.id == upload_id).scalar_subquery()
        self._update_lease(connection, image_id, expires_at=expires,
                           owner=_NOBODY + lease_object.new_token())

    def _update_lease(self, connection, image_id, **values):
        connection.execute(
            _leases.update().where(_leases.c.image_id == image_id)
            .values(renewed_at=self._database.clock(), **values))

    @staticmethod
    def _require_owner(connection, lease):
        owner = connection.execute(
            sqlalchemy.select(_leases.c.owner).where(
                _leases.c.image_id == lease.image_id)
            .with_for_update()).scalar()
        if owner != lease.token:
            lease.lost = True
            raise exception.LeaseLost(image_id=lease.image_id)

    @staticmethod
    def _lock(connection, image_id, upload_id):
        """:returns: the lease of an unfinished upload, or None."""
        row = connection.execute(
            sqlalchemy.select(_leases).where(_leases.c.image_id == image_id)
            .with_for_update()).first()
        if row is None or row.purpose != lease_object.RESUMABLE:
            return None
        return row if json.loads(row.detail)['upload'] == upload_id else None

    def _required(self, connection, image_id, upload_id, lease):
        upload = self._read(connection, image_id, upload_id, lock=True)
        if upload is None or not (upload.complete or lease):
            raise exception.UploadNotFound(upload_id=upload_id,
                                           image_id=image_id)
        upload.sealed = bool(lease) and 'facts' in json.loads(lease.detail)
        return upload

    def _read(self, connection, image_id, upload_id, lock=False):
        """:returns: the upload, None if there is none or it has run out."""
        if not uuidutils.is_uuid_like(upload_id):
            # No database is asked about what it cannot compare.
            return None
        now = sqlalchemy.type_coerce(self._database.clock(), columns.Moment)
        statement = sqlalchemy.select(_uploads, now.label('now')).where(
            _uploads.c.id == upload_id, _uploads.c.image_id == image_id)
        if lock:
            statement = statement.with_for_update()
        row = connection.execute(statement).first()
        if row is None or row.expires_at <= row.now:
            return None
        state = json.loads(row.state) if row.state else {}
        return upload_object.Upload(
            id=row.id, image_id=row.image_id, project_id=row.project_id,
            offset=row.offset, length=row.length,
            complete=row.state is None, store=state.get('store'),
            digests=state.get('digests', []),
            seconds_left=int((row.expires_at - row.now).total_seconds()))


def settle(connection, lease):
    """End an upload in the transaction that ends the lease on its image.

    A completed one is kept for a while; its size is in the lease's detail.
    """
    upload_id = lease.detail.get('upload')
    if upload_id is None:
        return
    chosen = _uploads.c.id == upload_id
    size = lease.detail.get('completed')
    if size is None:
        connection.execute(_uploads.delete().where(chosen))
    else:
        connection.execute(_uploads.update().where(chosen).values(
            offset=size, length=size, state=None))
    connection.execute(_reservations.delete().where(
        _reservations.c.id.in_(usage_object.lasting_tokens(upload_id))))
