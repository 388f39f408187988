# SPDX-License-Identifier: Apache-2.0
"""What projects use, and the reservations of requests in flight.

A limit holds however many requests there are, in however many processes:
what a project uses and what its reservations hold never exceed it together.

* A reservation is taken, or made larger, in a transaction that first writes
  the lock row of the project. Whoever comes second waits there, and reads
  what the first one left: PostgreSQL takes a new snapshot for each statement,
  MySQL its only one with the first SELECT, which comes after the lock; and
  SQLite has but one writer. SELECT ... FOR UPDATE would do too, except with
  Galera, which lets other nodes pass it: there the counter in the lock row
  makes the slower one fail at its commit, and it is done again.
* Usage and reservations are read in one statement, so an upload that becomes
  active at that moment is seen as the one or as the other.
* An upload that becomes active removes its reservation in the transaction
  that makes it count as used (:func:`settle`). That needs no lock, since the
  sum stays what it was.
* A reservation counts for as long as its row stands; time alone ends none.
  Who holds the lock removes rows that have run out, and a holder who was slow
  to renew finds its row gone, and takes it anew or is refused.
"""
import uuid

from oslo_db import exception as db_exception
import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import api
from glancelite.db import models
from glancelite.objects import usage as usage_object

_images = models.images
_locations = models.image_locations
_properties = models.image_properties
_reservations = models.usage_reservations

#: The resource that a lock row bears; its amount counts how often it was
#: taken.
_LOCK = 'lock'

#: Lock rows are named after their project.
_NAMESPACE = uuid.UUID('6d0f7f0e-1f7c-5f0d-9a39-4c5d5f7a4b1e')

#: The property that names the stores a copy is still on its way to.
_COPYING = 'os_glance_importing_to_stores'

_STAGED = ('uploading', 'importing')
_TRANSIENT = ('saving', *_STAGED)


class Usage:
    """The repository of usage and reservations.

    :param database: a :class:`glancelite.db.api.Database`.
    :param ttl: seconds a reservation holds unless it is renewed.
    """

    def __init__(self, database, ttl):
        self._database = database
        self._ttl = ttl

    @api.transaction
    def of(self, context, project_id):
        """:returns: what a project uses: {resource: bytes or images}."""
        statement = sqlalchemy.select(*(
            _used(resource, project_id).scalar_subquery().label(resource)
            for resource in usage_object.RESOURCES))
        with self._database.reader() as connection:
            row = connection.execute(statement).mappings().one()
        return {name: int(amount) for name, amount in row.items()}

    @api.transaction
    def take(self, context, wishes):
        """Have every reservation of ``wishes`` hold what it is to hold.

        They are new ones, or are made larger. All are of one project.

        :raises QuotaExceeded: one cannot; then none is made larger, and
            those whose wish yields are gone.
        """
        project_id = wishes[0].reservation.limit.project_id
        yielding = [wish.reservation for wish in wishes if wish.yields]
        refusal = None
        with self._database.writer() as connection:
            _lock(connection, self._database, project_id)
            present = _Present(connection, self._database, project_id,
                               [each.reservation.limit.resource
                                for each in wishes])
            try:
                granted = [present.grant(wish) for wish in wishes]
            except exception.QuotaExceeded as error:
                refusal = error
                connection.execute(
                    _reservations.delete().where(_chosen(yielding)))
            else:
                for wish, amount in zip(wishes, granted):
                    self._write(connection, wish.reservation, amount)
        if refusal:
            raise refusal
        for wish, amount in zip(wishes, granted):
            wish.reservation.amount = amount

    def _write(self, connection, reservation, amount):
        """Store a reservation; one that was lost is stored anew."""
        until = self._database.clock(self._ttl)
        done = connection.execute(
            _reservations.update().where(_chosen([reservation]))
            .values(amount=amount, expires_at=until))
        if not done.rowcount:
            connection.execute(_reservations.insert().values(
                id=reservation.token,
                project_id=reservation.limit.project_id,
                resource=reservation.limit.resource, amount=amount,
                image_id=reservation.image_id,
                created_at=self._database.clock(), expires_at=until))

    @api.transaction
    def renew(self, reservations):
        """Have those of ``reservations`` that still stand hold on."""
        with self._database.writer() as connection:
            connection.execute(
                _reservations.update().where(_chosen(reservations))
                .values(expires_at=self._database.clock(self._ttl)))

    @api.transaction
    def release(self, context, reservations):
        """Give back what ``reservations`` hold."""
        with self._database.writer() as connection:
            connection.execute(
                _reservations.delete().where(_chosen(reservations)))


def _chosen(reservations):
    return _reservations.c.id.in_([each.token for each in reservations])


def settle(connection, database, reservations):
    """End ``reservations`` in the transaction that makes them usage.

    To be called when the image's row is written, and its locations are not.

    :raises QuotaExceeded: one had run out, and others have its room now.
    """
    for reservation in reservations:
        done = connection.execute(
            _reservations.delete().where(_chosen([reservation])))
        if not done.rowcount:
            # Size counts by location; anything else counts by the row, so
            # what has to fit is there already.
            by_location = (reservation.limit.resource
                           == usage_object.IMAGE_SIZE_TOTAL)
            require(connection, database, reservation.limit,
                    reservation.amount if by_location else 0)


def require(connection, database, limit, amount):
    """Keep the caller's transaction within ``limit``.

    Others of the project wait until it ends.

    :param amount: what the transaction adds, and has not written yet.
    :raises QuotaExceeded: it would be too much.
    """
    _lock(connection, database, limit.project_id)
    present = _Present(connection, database, limit.project_id,
                       [limit.resource])
    present.grant(usage_object.Wish(
        usage_object.Reservation(limit, None), amount, amount))


def _lock(connection, database, project_id):
    """Let nobody else reserve for the project until the transaction ends."""
    name = str(uuid.uuid5(_NAMESPACE, project_id))
    done = connection.execute(
        _reservations.update().where(_reservations.c.id == name)
        .values(amount=_reservations.c.amount + 1))
    if done.rowcount:
        return
    try:
        connection.execute(_reservations.insert().values(
            id=name, project_id=project_id, resource=_LOCK, amount=1,
            created_at=database.clock(), expires_at=database.clock()))
    except db_exception.DBDuplicateEntry as error:
        raise db_exception.RetryRequest(error) from error


class _Present:
    """Usage and reservations as the holder of the lock finds them."""

    def __init__(self, connection, database, project_id, resources):
        expired = sqlalchemy.and_(
            _reservations.c.expires_at < database.clock(),
            _reservations.c.resource != _LOCK)
        statement = sqlalchemy.select(
            _reservations.c.id, _reservations.c.resource,
            _reservations.c.amount, expired.label('expired'),
            *(_unreserved(resource, project_id).label(f'used_{resource}')
              for resource in resources)
        ).where(_reservations.c.project_id == project_id)
        # The lock row is always among them.
        rows = connection.execute(statement).mappings().all()
        if self._remove(connection, rows, expired):
            rows = connection.execute(statement).mappings().all()
        self._used = {resource: int(rows[0][f'used_{resource}'])
                      for resource in resources}
        self._reserved = rows

    @staticmethod
    def _remove(connection, rows, expired):
        """:returns: whether there were expired rows.

        By id, for a scan would wait for rows that others are at; and if not
        renewed meanwhile.
        """
        ids = [row['id'] for row in rows if row['expired']]
        if ids:
            connection.execute(_reservations.delete().where(
                _reservations.c.id.in_(ids), expired))
        return bool(ids)

    def grant(self, wish):
        """:returns: what the reservation may hold.

        :raises QuotaExceeded: it is less than it needs.
        """
        limit = wish.reservation.limit
        used = self._used[limit.resource] + sum(
            row['amount'] for row in self._reserved
            if row['resource'] == limit.resource
            and row['id'] != wish.reservation.token)
        remaining = limit.maximum - used
        if remaining < wish.needed:
            raise limit.exceeded(used, wish.announced)
        return wish.needed + max(0, min(
            wish.ahead, remaining - wish.needed - wish.spare))


def _used(resource, project_id):
    """:returns: a subquery: what the images of a project make up."""
    size = sqlalchemy.func.coalesce(sqlalchemy.func.sum(_images.c.size), 0)
    number = sqlalchemy.func.count()
    source, what = _images, number
    conditions = [_images.c.owner == project_id,
                  _images.c.deleted == sql.false()]
    if resource == usage_object.IMAGE_SIZE_TOTAL:
        # Once for each place where it is stored.
        source, what = _images.join(_locations), size
        conditions.append(_locations.c.deleted == sql.false())
    elif resource == usage_object.IMAGE_STAGE_TOTAL:
        what = size
        conditions.append(_in_status(_STAGED))
    elif resource == usage_object.IMAGE_COUNT_UPLOADING:
        conditions.append(_in_status(_TRANSIENT))
    return sqlalchemy.select(what).select_from(source).where(*conditions)


def _in_status(statuses):
    """:returns: a condition: in one of these, or being copied."""
    copying = sqlalchemy.exists().where(
        _properties.c.image_id == _images.c.id, _properties.c.name == _COPYING,
        _properties.c.value != '', _properties.c.deleted == sql.false())
    return sqlalchemy.or_(_images.c.status.in_(statuses), copying)


def _unreserved(resource, project_id):
    """:returns: a subquery: what is used, less what reservations tell."""
    statement = _used(resource, project_id)
    if resource == usage_object.IMAGE_COUNT_UPLOADING:
        # Its status counts a second time what has a reservation.
        statement = statement.where(~sqlalchemy.exists().where(
            _reservations.c.image_id == _images.c.id,
            _reservations.c.project_id == project_id,
            _reservations.c.resource == resource).correlate(_images))
    return statement.scalar_subquery()
