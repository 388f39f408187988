# SPDX-License-Identifier: Apache-2.0
"""Tasks in the database."""
import json

import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import api
from glancelite.db import keyset
from glancelite.db import models
from glancelite.objects import query as query_object
from glancelite.objects import task as task_object

_tasks = models.tasks
_info = models.task_info

_OF_TASK = ('id', 'type', 'status', 'owner', 'expires_at', 'created_at',
            'updated_at', 'deleted_at', 'deleted', 'image_id', 'request_id',
            'user_id')

_COLUMNS = (*(_tasks.c[name] for name in _OF_TASK),
            _info.c.input, _info.c.result, _info.c.message)

_EXPIRED_AT_ONCE = 1000

#: The statuses in which a task can expire.
_ENDED = (task_object.SUCCESS, task_object.FAILURE)


class Tasks:
    """The repository of tasks.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database

    @api.transaction
    def add(self, context, task):
        """Store a new task."""
        moment = self._database.now()
        task.created_at = task.updated_at = moment
        values = {name: getattr(task, name) for name in _OF_TASK}
        with self._database.writer() as connection:
            connection.execute(_tasks.insert(), values)
            connection.execute(_info.insert(), {
                'task_id': task.id, **_info_values(task)})

    @api.transaction
    def save(self, context, task):
        """Store what has become of a task: status, result, message."""
        task.updated_at = self._database.now()
        with self._database.writer() as connection:
            connection.execute(
                _tasks.update().where(_tasks.c.id == task.id)
                .values(status=task.status, expires_at=task.expires_at,
                        updated_at=task.updated_at))
            connection.execute(
                _info.update().where(_info.c.task_id == task.id)
                .values(**_info_values(task)))

    @api.transaction
    def expire(self):
        """Mark as deleted the tasks whose time is over, some at a time.

        They are looked up before, since MySQL locks what it looks at.
        """
        moment = self._database.now()
        over = sqlalchemy.and_(
            _tasks.c.deleted == sql.false(), _tasks.c.expires_at < moment,
            _tasks.c.status.in_(_ENDED))
        with self._database.reader() as connection:
            ids = connection.execute(
                sqlalchemy.select(_tasks.c.id).where(over)
                .limit(_EXPIRED_AT_ONCE)).scalars().all()
        if not ids:
            return
        with self._database.writer() as connection:
            connection.execute(
                _tasks.update().where(_tasks.c.id.in_(ids), over)
                .values(deleted=True, deleted_at=moment))

    @api.transaction
    def get(self, context, task_id):
        """:returns: one task.

        :raises TaskNotFound: it is not there, or another project's.
        """
        if not task_id.isascii():
            raise exception.TaskNotFound(task_id=task_id)
        statement = self._select().where(_tasks.c.id == task_id)
        if not context.is_admin:
            statement = statement.where(
                _tasks.c.owner == context.project_id)
        with self._database.reader() as connection:
            row = connection.execute(statement).first()
        if row is None:
            raise exception.TaskNotFound(task_id=task_id)
        return _task(row)

    @api.transaction
    def list(self, context, filters, sort, marker, limit):
        """:returns: a :class:`Page` of tasks; to others than administrators
        those of their project.

        :param filters: dict of column and value.
        :param sort: (key, direction) pairs, the last of which never ties.
        :raises MarkerNotFound: when the marker is no task of the caller.
        """
        statement = self._select().where(*(
            _tasks.c[name] == value for name, value in filters.items()))
        if not context.is_admin:
            statement = statement.where(
                _tasks.c.owner == context.project_id)
        with self._database.reader() as connection:
            if marker is not None:
                row = connection.execute(statement.with_only_columns(
                    *_tasks.c).where(_tasks.c.id == marker)).mappings()
                after = row.first()
                if after is None:
                    raise exception.MarkerNotFound(marker=marker)
                statement = statement.where(
                    keyset.beyond(_tasks, sort, after))
            statement = statement.order_by(*keyset.order(
                _tasks, sort, self._database.dialect)).limit(limit)
            tasks = [_task(row) for row in connection.execute(statement)]
        full = limit and len(tasks) == limit
        return query_object.Page(tasks, tasks[-1].id if full else None)

    @api.transaction
    def of_image(self, context, image_id):
        """:returns: the tasks of an image, newest first.

        Who may see the image is asked before.
        """
        statement = (
            self._select().where(_tasks.c.image_id == image_id)
            .order_by(_tasks.c.created_at.desc(), _tasks.c.id.desc()))
        with self._database.reader() as connection:
            return [_task(row) for row in connection.execute(statement)]

    def _select(self):
        """:returns: a statement for tasks that have not expired."""
        return (sqlalchemy.select(*_COLUMNS)
                .join(_info, _info.c.task_id == _tasks.c.id, isouter=True)
                .where(_tasks.c.deleted == sql.false(), sqlalchemy.or_(
                    _tasks.c.expires_at.is_(None),
                    _tasks.c.expires_at > self._database.now(),
                    _tasks.c.status.not_in(_ENDED))))


def _info_values(task):
    return {'input': json.dumps(task.input),
            'result': task.result and json.dumps(task.result),
            'message': task.message}


def _task(row):
    *fields, given, result, message = row
    return task_object.Task(*fields, _decoded(given), _decoded(result),
                            message)


def _decoded(text):
    return None if text is None else json.loads(text)
