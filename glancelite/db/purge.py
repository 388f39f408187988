# SPDX-License-Identifier: Apache-2.0
"""Rows that are marked as deleted, removed for good.

The rows of images stay, because they keep their ids from being given again:
who still names an old image must never get another one. They go by
:meth:`Purge.images` alone.
"""
import datetime

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import api
from glancelite.db import models
from glancelite.objects import task as task_object

_images = models.images
_locations = models.image_locations
_tasks = models.tasks

#: Rows that one transaction removes.
_BATCH = 1000

_OF_IMAGES = (models.image_properties, models.image_tags,
              models.image_members, _locations)

#: What says that something is still to be done about an image.
_WORK = (models.image_leases, models.resumable_uploads)


class Purge:
    """Removes rows, the oldest ids first, some at a time.

    :param database: a :class:`glancelite.db.api.Database`.
    :param days: how long ago a row has to have been deleted.
    :param most: how many rows to remove altogether; -1 for all.
    """

    def __init__(self, database, days, most):
        self._database = database
        self._before = database.now() - datetime.timedelta(days=days)
        self._left = most

    def rows(self):
        """Remove what belonged to images, and tasks, also expired ones.

        :returns: an iterator of (name of a table, rows removed just now).
        """
        for table in _OF_IMAGES:
            yield from self._table(table, self._is_gone(table))
        yield from self._table(_tasks, sqlalchemy.or_(
            self._is_gone(_tasks), self._is_expired()))

    def images(self):
        """Remove deleted images that nothing refers to; ids become free.

        :returns: an iterator as that of :meth:`rows`.
        """
        yield from self._table(_images, sqlalchemy.and_(
            self._is_gone(_images), *(
                ~sqlalchemy.exists().where(
                    table.c.image_id == _images.c.id)
                for table in (*_OF_IMAGES, *_WORK))))

    def _is_gone(self, table):
        gone = [table.c.deleted == sql.true(),
                table.c.deleted_at < self._before]
        if table in (_images, _locations):
            # The data of the others waits for the scrubber.
            gone.append(table.c.status != 'pending_delete')
        return sqlalchemy.and_(*gone)

    def _is_expired(self):
        return sqlalchemy.and_(
            _tasks.c.expires_at < self._before,
            _tasks.c.status.in_((task_object.SUCCESS, task_object.FAILURE)))

    def _table(self, table, condition):
        after = None
        while self._left:
            ids = self._find(table, condition, after)
            if not ids:
                return
            self._remove(table, ids)
            if self._left > 0:
                self._left -= len(ids)
            after = ids[-1]
            yield table.name, len(ids)

    @api.transaction
    def _find(self, table, condition, after):
        most = _BATCH if self._left < 0 else min(_BATCH, self._left)
        statement = (sqlalchemy.select(table.c.id).where(condition)
                     .order_by(table.c.id).limit(most))
        if after is not None:
            statement = statement.where(table.c.id > after)
        with self._database.reader() as connection:
            return connection.execute(statement).scalars().all()

    @api.transaction
    def _remove(self, table, ids):
        with self._database.writer() as connection:
            if table is _tasks:
                info = models.task_info
                connection.execute(info.delete().where(
                    info.c.task_id.in_(ids)))
            connection.execute(table.delete().where(table.c.id.in_(ids)))
