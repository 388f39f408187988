# SPDX-License-Identifier: Apache-2.0
"""Properties, tags and members that do not say when their image was created.

Glance writes no such rows but these, and a database that was its own has
only these. A list that would have been quicker if they said it notes what it
asked for, and they are told in the background, some at a time. An image's
time never changes, so whoever is first is right.
"""
import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import api
from glancelite.db import image_walk
from glancelite.db import models
from glancelite.db import remembered

#: Rows a transaction.
_BATCH = 500


class Unlisted:
    """Tells rows of properties, tags and members the time of their image.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database
        self._background = None
        self._noted = set()
        self._projects = remembered.Remembered()

    def work_in(self, background):
        """Tell rows in the background; without one, nothing is done.

        :param background: a :class:`glancelite.data.background.Background`,
            or None.
        """
        self._background = background

    def note(self, what, shape, values):
        """Have the rows told along which a walk finds nothing.

        :param what: the property or tag.
        :param shape: of the walk.
        :param values: of the parameters of its statement.
        """
        table, its = image_walk.walked(shape, self._database.dialect)
        self._submit(what, table, its, values)

    def note_project(self, project_id):
        """Have the memberships of a project told, if any is to be."""
        if self._background is None or self._projects.get(project_id):
            return
        self._projects.update([(project_id, True)])
        members = models.image_members
        self._submit((members.name, project_id), members, [
            members.c.member == project_id,
            members.c.deleted == sql.false()], {})

    def _submit(self, what, *work):
        if self._background is None or what in self._noted:
            return
        self._noted.add(what)
        if not self._background.submit(self._tell_all, what, *work):
            self._noted.discard(what)

    def _tell_all(self, what, table, its, values):
        try:
            while self._is_any(table, its, values):
                self._tell(table, its, values)
        except exception.DatabaseUnavailable:
            # The next list by it notes it again.
            pass
        finally:
            self._noted.discard(what)

    @api.transaction
    def _is_any(self, table, its, values):
        with self._database.reader() as connection:
            return connection.execute(
                _untold(table, its).limit(1), values).first() is not None

    @api.transaction
    def _tell(self, table, its, values):
        """Tell some rows.

        Nothing of an image is locked for it, nor are its rows for long.
        """
        with self._database.writer() as connection:
            moments = dict(tuple(row) for row in connection.execute(
                _untold(table, its).order_by(table.c.id).limit(_BATCH),
                values))
            if moments:
                connection.execute(table.update().where(
                    table.c.id.in_(moments)).values(
                        image_created_at=sqlalchemy.case(
                            moments, value=table.c.id)))


def _untold(table, its):
    """:returns: a select of rows that say no time, and of what it is."""
    return sqlalchemy.select(table.c.id, models.images.c.created_at).where(
        *its, table.c.image_created_at.is_(None),
        table.c.image_id == models.images.c.id)
