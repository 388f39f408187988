# SPDX-License-Identifier: Apache-2.0
"""Properties and tags that do not say when their image was created.

Glance writes no such rows but these, and a database that was its own has
only these. A list that would have been quicker if they said it notes what it
asked for, and they are told in the background, some at a time. An image's
time never changes, so whoever is first is right.
"""
import sqlalchemy

from glancelite import exception
from glancelite.db import api
from glancelite.db import image_walk
from glancelite.db import models

#: Rows a transaction.
_BATCH = 500


class Unlisted:
    """Tells rows of properties and tags the time of their image.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database
        self._background = None
        self._noted = set()

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
        if self._background is None or what in self._noted:
            return
        self._noted.add(what)
        if not self._background.submit(
                self._tell_all, what, shape, values):
            self._noted.discard(what)

    def _tell_all(self, what, shape, values):
        try:
            while self.tell(shape, values) == _BATCH:
                pass
        except exception.DatabaseUnavailable:
            # The next list by it notes it again.
            pass
        finally:
            self._noted.discard(what)

    @api.transaction
    def tell(self, shape, values):
        """Tell some rows. :returns: how many.

        Nothing of an image is locked for it, nor are its rows for long.
        """
        table, its = image_walk.walked(shape, self._database.dialect)
        untold = (
            sqlalchemy.select(table.c.id, models.images.c.created_at)
            .where(*its, table.c.image_created_at.is_(None),
                   table.c.image_id == models.images.c.id)
            .order_by(table.c.id).limit(_BATCH))
        # Not from a replica, which may know later what has been told.
        with self._database.writer() as connection:
            moments = dict(tuple(row) for row in connection.execute(
                untold, values))
            if moments:
                connection.execute(table.update().where(
                    table.c.id.in_(moments)).values(
                        image_created_at=sqlalchemy.case(
                            moments, value=table.c.id)))
        return len(moments)
