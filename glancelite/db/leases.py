# SPDX-License-Identifier: Apache-2.0
"""Leases in the database: one for each image in a transient status.
"""
import collections
import json

from oslo_db import exception as db_exception
import sqlalchemy

from glancelite import exception
from glancelite.db import api
from glancelite.db import models
from glancelite.db import uploads
from glancelite.objects import lease as lease_object
from glancelite.objects import task as task_object

_leases = models.image_leases
_tasks = models.tasks

#: Leases of tasks looked at to choose the next one.
_WAITING = 1000


class Leases:
    """The repository of leases.

    :param database: a :class:`glancelite.db.api.Database`.
    :param ttl: seconds a lease holds unless it is renewed.
    :param host: who we are, where some leases are for one host alone.
    """

    def __init__(self, database, ttl, host=None):
        self._host = host
        self._database = database
        self._ttl = ttl

    def take(self, connection, lease, idle=False):
        """Store a new lease in the caller's transaction.

        :param idle: nobody holds it yet: whoever claims it first does.
        :raises ImageHeld: somebody else's stands there.
        """
        try:
            connection.execute(_leases.insert().values(
                image_id=lease.image_id,
                **self._values(lease, -1 if idle else self._ttl)))
        except db_exception.DBDuplicateEntry:
            raise exception.ImageHeld(image_id=lease.image_id) from None

    def seize(self, connection, lease):
        """Store a lease in place of whatever stands there.

        The former owner finds out by itself; what it had to undo becomes
        part of the lease, and a resumable upload ends.
        """
        row = connection.execute(
            sqlalchemy.select(_leases.c.detail).where(
                _leases.c.image_id == lease.image_id)
            .with_for_update()).first()
        if row is None:
            self.take(connection, lease)
            return
        lease.detail = {**json.loads(row.detail or '{}'), **lease.detail}
        connection.execute(
            _leases.update().where(_leases.c.image_id == lease.image_id)
            .values(**self._values(lease, self._ttl)))
        uploads.settle(connection, lease)

    def drop(self, connection, lease):
        """Remove a lease in the caller's transaction.

        :raises LeaseLost: it is not ours any more.
        """
        done = connection.execute(_leases.delete().where(
            _leases.c.image_id == lease.image_id,
            _leases.c.owner == lease.token))
        if not done.rowcount:
            lease.lost = True
            raise exception.LeaseLost(image_id=lease.image_id)
        uploads.settle(connection, lease)

    def require(self, connection, lease):
        """Renew a lease in the caller's transaction.

        :raises LeaseLost: it is not ours any more.
        """
        done = connection.execute(
            _leases.update().where(_leases.c.image_id == lease.image_id,
                                   _leases.c.owner == lease.token)
            .values(**self._renewed(self._ttl)))
        if not done.rowcount:
            lease.lost = True
            raise exception.LeaseLost(image_id=lease.image_id)

    @api.transaction
    def release(self, lease):
        """Remove a lease. :raises LeaseLost: it is not ours any more."""
        with self._database.writer() as connection:
            self.drop(connection, lease)

    @api.transaction
    def renew(self, leases):
        """Renew ``leases``; those that are not ours any more become lost."""
        # By image as well, which is the key: MySQL locks what it looks at.
        ours = sqlalchemy.and_(
            _leases.c.image_id.in_([lease.image_id for lease in leases]),
            _leases.c.owner.in_([lease.token for lease in leases]))
        with self._database.writer() as connection:
            connection.execute(_leases.update().where(ours).values(
                **self._renewed(self._ttl)))
            held = set(connection.execute(
                sqlalchemy.select(_leases.c.owner).where(ours)).scalars())
        for lease in leases:
            if lease.token not in held:
                lease.lost = True

    @api.transaction
    def note(self, lease, seconds=None):
        """Renew a lease of ours, and store what has become of its detail.

        :param seconds: for which it is to hold, where not as long as ever.
        :raises LeaseLost: it is not ours any more.
        """
        with self._database.writer() as connection:
            done = connection.execute(
                _leases.update().where(_leases.c.image_id == lease.image_id,
                                       _leases.c.owner == lease.token)
                .values(detail=json.dumps(lease.detail),
                        **self._renewed(seconds or self._ttl)))
        if not done.rowcount:
            lease.lost = True
            raise exception.LeaseLost(image_id=lease.image_id)

    @api.transaction
    def expired(self, purposes, limit):
        """:returns: up to ``limit`` leases of ``purposes`` that ran out."""
        with self._database.reader() as connection:
            return [_lease(row) for row in connection.execute(
                sqlalchemy.select(_leases)
                .where(_leases.c.expires_at < self._database.clock(),
                       _leases.c.purpose.in_(purposes), self._for_us())
                .order_by(_leases.c.expires_at).limit(limit)).mappings()]

    @api.transaction
    def of_others(self, purposes, age, limit):
        """:returns: up to ``limit`` leases of ``purposes`` that are for other
            hosts, and ran out ``age`` seconds ago, or longer.
        """
        with self._database.reader() as connection:
            return [_lease(row) for row in connection.execute(
                sqlalchemy.select(_leases)
                .where(_leases.c.expires_at < self._database.clock(-age),
                       _leases.c.purpose.in_(purposes), ~self._for_us())
                .order_by(_leases.c.expires_at).limit(limit)).mappings()]

    @api.transaction
    def waiting(self, purpose, per_project):
        """:returns: leases that nobody holds, in the order to claim them.

        Those of the project with the fewest running come first, so that
        none has to wait behind all of another's; among these the oldest.

        :param per_project: how many of one project may run; 0 for any.
        """
        # Of the task that is open; of one that has ended where only the last
        # step is missing. The image may have had others, of other projects.
        owner = sqlalchemy.func.coalesce(
            sqlalchemy.func.max(sqlalchemy.case(
                (_tasks.c.status.in_(task_object.OPEN), _tasks.c.owner))),
            sqlalchemy.func.max(_tasks.c.owner)).label('project')
        idle = (_leases.c.expires_at < self._database.clock()).label('idle')
        place = sqlalchemy.func.row_number().over(
            partition_by=(owner, idle), order_by=_leases.c.acquired_at)
        statement = (
            sqlalchemy.select(_leases, owner, idle)
            .join(_tasks, _tasks.c.image_id == _leases.c.image_id,
                  isouter=True)
            .where(_leases.c.purpose == purpose, sqlalchemy.or_(
                _leases.c.expires_at >= self._database.clock(),
                self._for_us()))
            .group_by(_leases.c.image_id)
            # First what runs, then the oldest of every project, then the
            # second oldest: whose many tasks wait hides nobody's.
            .order_by(idle, place, _leases.c.acquired_at).limit(_WAITING))
        with self._database.reader() as connection:
            rows = connection.execute(statement).mappings().all()
        running = collections.Counter(
            row['project'] for row in rows if not row['idle'])
        idle = [row for row in rows if row['idle']
                and not 0 < per_project <= running[row['project']]]
        idle.sort(key=lambda row: (running[row['project']],
                                   row['acquired_at']))
        return [_lease(row) for row in idle]

    def _for_us(self):
        """:returns: a condition: any host may have it, or we are the one."""
        # PostgreSQL wants another type for it; MariaDB has none.
        make = (sqlalchemy.cast if self._database.dialect == 'postgresql'
                else sqlalchemy.type_coerce)
        host = make(_leases.c.detail, sqlalchemy.JSON)['host'].as_string()
        return sqlalchemy.or_(host.is_(None), host == self._host)

    @api.transaction
    def tokens(self, image_ids):
        """:returns: {image id: token in the detail} of leases there are."""
        with self._database.reader() as connection:
            rows = connection.execute(
                sqlalchemy.select(_leases.c.image_id, _leases.c.detail)
                .where(_leases.c.image_id.in_(image_ids)))
            return {image_id: json.loads(detail or '{}').get('token')
                    for image_id, detail in rows}

    @api.transaction
    def held(self, purpose):
        """:returns: the leases of ``purpose`` that somebody holds."""
        with self._database.reader() as connection:
            return [_lease(row) for row in connection.execute(
                sqlalchemy.select(_leases)
                .where(_leases.c.expires_at >= self._database.clock(),
                       _leases.c.purpose == purpose)
                .order_by(_leases.c.acquired_at)).mappings()]

    @api.transaction
    def claim(self, lease, per_project=0, **noted):
        """Make an expired lease ours, under a token of our own.

        :param per_project: how many leases of that purpose one project may
            have held; 0 for any.
        :param noted: what its detail says from now on.
        :returns: the lease, or None when another process was quicker, the
            owner is alive after all, or its project has its fill.
        """
        token = lease_object.new_token()
        with self._database.writer() as connection:
            if per_project and not self._has_room(connection, lease,
                                                  per_project):
                return None
            done = connection.execute(
                _leases.update().where(
                    _leases.c.image_id == lease.image_id,
                    _leases.c.owner == lease.token,
                    _leases.c.expires_at < self._database.clock())
                .values(owner=token, **self._renewed(self._ttl)))
            if not done.rowcount:
                return None
            # The former owner may have noted more since it was found.
            claimed = _lease(connection.execute(
                sqlalchemy.select(_leases).where(
                    _leases.c.image_id == lease.image_id)).mappings().one())
            if noted:
                claimed.detail.update(noted)
                connection.execute(
                    _leases.update()
                    .where(_leases.c.image_id == lease.image_id)
                    .values(detail=json.dumps(claimed.detail)))
            return claimed

    @api.transaction
    def leave(self, lease):
        """Let others claim a lease of ours at once, if it still is."""
        with self._database.writer() as connection:
            connection.execute(
                _leases.update().where(_leases.c.image_id == lease.image_id,
                                       _leases.c.owner == lease.token)
                .values(**self._renewed(-1)))

    def _has_room(self, connection, lease, per_project):
        """:returns: whether fewer leases of its project are held.

        Whoever claims one of the same project meets us at the first of its
        rows, so the count holds until we are through.
        """
        own = _tasks.alias()
        of_project = sqlalchemy.and_(
            _leases.c.purpose == lease.purpose,
            _leases.c.image_id.in_(
                sqlalchemy.select(_tasks.c.image_id)
                .join(own, own.c.owner == _tasks.c.owner)
                .where(own.c.image_id == lease.image_id,
                       own.c.status.in_(task_object.OPEN),
                       _tasks.c.status.in_(task_object.OPEN))))
        first = connection.execute(
            sqlalchemy.select(_leases.c.image_id).where(of_project)
            .order_by(_leases.c.image_id).limit(1)
            .with_for_update(of=_leases)).first()
        if first is None:
            # Its task has ended, or is forgotten: little is left to be done.
            return True
        held = connection.execute(
            sqlalchemy.select(_leases.c.image_id).where(
                of_project, _leases.c.expires_at >= self._database.clock())
            .with_for_update(of=_leases)).all()
        return len(held) < per_project

    def _values(self, lease, seconds):
        return {'owner': lease.token, 'purpose': lease.purpose,
                'detail': json.dumps(lease.detail),
                'acquired_at': self._database.clock(),
                **self._renewed(seconds)}

    def _renewed(self, seconds):
        return {'renewed_at': self._database.clock(),
                'expires_at': self._database.clock(seconds)}


def _lease(row):
    return lease_object.Lease(row['image_id'], row['purpose'],
                              json.loads(row['detail'] or '{}'),
                              row['owner'])
