# SPDX-License-Identifier: Apache-2.0
"""Tasks in the database."""
import json

import sqlalchemy
from sqlalchemy import sql

from glancelite.db import api
from glancelite.db import models
from glancelite.objects import task as task_object

_tasks = models.tasks
_info = models.task_info

_COLUMNS = tuple(
    _tasks.c[name] for name in (
        'id', 'type', 'status', 'owner', 'expires_at', 'created_at',
        'updated_at', 'deleted_at', 'deleted', 'image_id', 'request_id',
        'user_id')) + (_info.c.input, _info.c.result, _info.c.message)


class Tasks:
    """The repository of tasks.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database

    @api.transaction
    def of_image(self, context, image_id):
        """:returns: the tasks of an image, newest first.

        Who may see the image is asked before.
        """
        statement = (
            sqlalchemy.select(*_COLUMNS)
            .join(_info, _info.c.task_id == _tasks.c.id, isouter=True)
            .where(_tasks.c.image_id == image_id,
                   _tasks.c.deleted == sql.false())
            .order_by(_tasks.c.created_at.desc(), _tasks.c.id.desc()))
        with self._database.reader() as connection:
            return [_task(row) for row in connection.execute(statement)]


def _task(row):
    *fields, given, result, message = row
    return task_object.Task(*fields, _decoded(given), _decoded(result),
                            message)


def _decoded(text):
    return None if text is None else json.loads(text)
