# SPDX-License-Identifier: Apache-2.0
"""What the database says of image data: for fsck, and for the scrubber.

Everything is read in pages by key, so statements and memory are bounded
however large the catalogue is.
"""
import collections
import dataclasses
import datetime
import json
import typing

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import api
from glancelite.db import models
from glancelite.objects import image as image_object

_images = models.images
_locations = models.image_locations
_leases = models.image_leases
_uploads = models.resumable_uploads

#: Statuses in which somebody has to be at work, and to hold a lease. What is
#: staged waits without one.
_TRANSIENT = ('saving', 'importing')

PENDING = 'pending_delete'

_PAGE = 500

_FIELDS = (_images.c.id, _images.c.status, _images.c.size,
           _images.c.checksum, _images.c.os_hash_algo,
           _images.c.os_hash_value)


@dataclasses.dataclass
class Record:
    """An image that is not deleted, as far as its data goes.

    :ivar locations: list of (URL, identifier of a store or None).
    """

    id: str
    status: str
    size: int
    checksum: str
    os_hash_algo: str
    os_hash_value: str
    locations: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Claim:
    """By what the database knows bytes that bear the id of an image.

    :ivar status: of the image, None where it has never been or is purged.
    :ivar deleted: whether it is deleted.
    :ivar updated_at: when it was changed last, naive UTC.
    :ivar urls: of its data, also of such as waits for the scrubber.
    :ivar held: whether there is a lease on it, or a resumable upload.
    """

    status: str = None
    deleted: bool = False
    updated_at: datetime.datetime = None
    urls: set = dataclasses.field(default_factory=set)
    held: bool = False

    @property
    def lives(self):
        """:returns: whether users see the image."""
        return not self.deleted and self.status not in (None, PENDING)


class Place(typing.NamedTuple):
    """Where data of an image is: a row of the table of locations."""

    id: int
    url: str


class Inventory:
    """The repository of what ought to be in the stores.

    :param database: a :class:`glancelite.db.api.Database`.
    :param leases: the repository of leases.
    """

    def __init__(self, database, leases):
        self._database = database
        self._leases = leases

    def now(self):
        """:returns: this moment, as the columns hold it."""
        return self._database.now()

    def age(self, moment):
        """:returns: seconds since ``moment``, as a column holds it."""
        return (self._database.now() - moment).total_seconds()

    @staticmethod
    def pages(read, after=''):
        """Yield pages of what a method here reads, until there are no more.

        :param read: called with the last key seen, and a limit.
        """
        while page := read(after, _PAGE):
            yield page
            after = getattr(page[-1], 'id', page[-1])

    @api.transaction
    def count(self):
        """:returns: how many images there are that are not deleted."""
        with self._database.reader() as connection:
            return connection.execute(
                sqlalchemy.select(sqlalchemy.func.count()).select_from(
                    _images).where(_images.c.deleted == sql.false())).scalar()

    @api.transaction
    def records(self, after, limit):
        """:returns: up to ``limit`` records with ids beyond ``after``."""
        return self._records(
            sqlalchemy.select(*_FIELDS)
            .where(_images.c.id > after, _images.c.deleted == sql.false())
            .order_by(_images.c.id).limit(limit))

    @api.transaction
    def record(self, image_id):
        """:returns: the record of one image, None when it is deleted."""
        found = self._records(sqlalchemy.select(*_FIELDS).where(
            _images.c.id == image_id, _images.c.deleted == sql.false()))
        return found[0] if found else None

    def _records(self, statement):
        with self._database.reader() as connection:
            records = {row.id: Record(*row)
                       for row in connection.execute(statement)}
            rows = connection.execute(
                sqlalchemy.select(_locations.c.image_id, _locations.c.value,
                                  _locations.c.meta_data)
                .where(_locations.c.image_id.in_(list(records)),
                       _locations.c.deleted == sql.false())
                .order_by(_locations.c.id)) if records else ()
            for image_id, url, metadata in rows:
                records[image_id].locations.append(
                    (self._database.urls.open(url), _store(metadata)))
        return list(records.values())

    @api.transaction
    def claims(self, image_ids):
        """:returns: a dict of a :class:`Claim` for every one of the ids."""
        claims = collections.defaultdict(Claim)
        with self._database.reader() as connection:
            # What is held is read first: when it is not held any more, the
            # record says what became of it.
            for table in (_leases, _uploads):
                for image_id in connection.execute(
                        sqlalchemy.select(table.c.image_id).where(
                            table.c.image_id.in_(image_ids))).scalars():
                    claims[image_id].held = True
            for row in connection.execute(
                    sqlalchemy.select(
                        _images.c.id, _images.c.status, _images.c.deleted,
                        _images.c.updated_at, _images.c.created_at)
                    .where(_images.c.id.in_(image_ids))):
                claim = claims[row.id]
                claim.status, claim.deleted = row.status, row.deleted
                claim.updated_at = row.updated_at or row.created_at
            for image_id, url in connection.execute(
                    sqlalchemy.select(_locations.c.image_id,
                                      _locations.c.value)
                    .where(_locations.c.image_id.in_(image_ids), _wanted())):
                claims[image_id].urls.add(self._database.urls.open(url))
        return claims

    @api.transaction
    def locations(self, after, limit):
        """:returns: up to ``limit`` :class:`Place`, beyond number ``after``.

        Those of all images, and such as wait for the scrubber.
        """
        with self._database.reader() as connection:
            rows = connection.execute(
                sqlalchemy.select(_locations.c.id, _locations.c.value)
                .where(_locations.c.id > after, _wanted())
                .order_by(_locations.c.id).limit(limit)).all()
        return [Place(number, self._database.urls.open(value))
                for number, value in rows]

    def first_unreadable(self):
        """:returns: the :class:`Place` of data with the lowest number whose
            URL cannot be read, or None.
        """
        return next((place for page in self.pages(self.locations, 0)
                     for place in page
                     if not image_object.is_url(place.url)), None)

    @api.transaction
    def stuck(self, after, limit):
        """:returns: images that nobody is at work on, against their status.

        Up to ``limit`` (id, status, updated_at) with ids beyond ``after``.
        """
        held = sqlalchemy.exists().where(
            _leases.c.image_id == _images.c.id)
        changed = sqlalchemy.func.coalesce(_images.c.updated_at,
                                           _images.c.created_at)
        with self._database.reader() as connection:
            return connection.execute(
                sqlalchemy.select(_images.c.id, _images.c.status,
                                  changed.label('updated_at'))
                .where(_images.c.id > after, ~held,
                       _images.c.status.in_(_TRANSIENT),
                       _images.c.deleted == sql.false())
                .order_by(_images.c.id).limit(limit)).all()

    @api.transaction
    def hold(self, lease):
        """Take a lease by itself. :raises ImageHeld: there is one."""
        with self._database.writer() as connection:
            self._leases.take(connection, lease)

    @api.transaction
    def pending(self, before, after, limit):
        """:returns: ids of images whose data a scrubber is to remove.

        :param before: naive UTC; what was deleted later is left alone.
        :param after: ids up to this one are left out.
        """
        images = sqlalchemy.select(_images.c.id).where(
            _images.c.status == PENDING, _images.c.deleted_at <= before,
            _images.c.id > after)
        locations = sqlalchemy.select(_locations.c.image_id).where(
            _pending(before), _locations.c.image_id > after)
        both = sqlalchemy.union(
            images.order_by(_images.c.id).limit(limit).subquery().select(),
            locations.distinct().order_by(_locations.c.image_id)
            .limit(limit).subquery().select()).subquery()
        with self._database.reader() as connection:
            return connection.execute(
                sqlalchemy.select(both).order_by(both.c[0])
                .limit(limit)).scalars().all()

    @api.transaction
    def hold_pending(self, lease, before):
        """Take a lease for the data that a scrubber is to remove.

        Its detail is told where that is; of what another location of the
        same image names, nothing.

        :raises ImageHeld: somebody is at work on the image.
        """
        of_image = _locations.c.image_id == lease.image_id
        with self._database.writer() as connection:
            kept = set(map(self._database.urls.open, connection.execute(
                sqlalchemy.select(_locations.c.value).where(
                    of_image, _locations.c.deleted == sql.false())
            ).scalars()))
            rows = connection.execute(
                sqlalchemy.select(_locations.c.id, _locations.c.value,
                                  _locations.c.meta_data)
                .where(of_image, _pending(before))).all()
            lease.detail.update(
                rows=[row.id for row in rows],
                removed=[[url, _store(row.meta_data)] for row in rows
                         if (url := self._database.urls.open(row.value))
                         not in kept])
            self._leases.take(connection, lease)

    @api.transaction
    def forget_pending(self, lease):
        """Mark as deleted what :meth:`hold_pending` took, and end the lease.

        :raises LeaseLost: it is not ours any more.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            connection.execute(
                _locations.update()
                .where(_locations.c.id.in_(lease.detail['rows']))
                .values(status='deleted', deleted_at=moment,
                        updated_at=moment))
            left = sqlalchemy.exists().where(
                _locations.c.image_id == lease.image_id,
                _locations.c.status == PENDING)
            connection.execute(
                _images.update()
                .where(_images.c.id == lease.image_id,
                       _images.c.status == PENDING, ~left)
                .values(status='deleted', updated_at=moment))
            self._leases.drop(connection, lease)


def _wanted():
    """:returns: a condition: the data of a location is not to go, or waits
        for the scrubber."""
    alive = sqlalchemy.exists().where(
        _images.c.id == _locations.c.image_id,
        _images.c.deleted == sql.false())
    return sqlalchemy.or_(
        _locations.c.status == PENDING,
        sqlalchemy.and_(_locations.c.deleted == sql.false(), alive))


def _pending(before):
    return sqlalchemy.and_(_locations.c.status == PENDING,
                           _locations.c.deleted == sql.true(),
                           _locations.c.deleted_at <= before)


def _store(metadata):
    try:
        return json.loads(metadata or '{}').get('store')
    except (ValueError, AttributeError):
        # Glance has written other things there, in other times.
        return None
