# SPDX-License-Identifier: Apache-2.0
"""About how many images there are, as far as the database knows by itself."""
import sqlalchemy

from glancelite.db import remembered

#: What each database keeps for its optimizer, or knows at once: SQLite gives
#: numbers to rows as they come.
_SIZES = {
    'sqlite': 'SELECT max(rowid) FROM images',
    'mysql': 'SELECT table_rows FROM information_schema.tables'
             " WHERE table_schema = DATABASE() AND table_name = 'images'",
    'postgresql': 'SELECT CAST(reltuples AS BIGINT) FROM pg_class'
                  " WHERE oid = to_regclass('images')",
}

#: Images in the catalogue where the database has never looked.
_UNKNOWN = 100_000


class CatalogueSize:
    """Asks for it now and then.

    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    """

    def __init__(self, dialect):
        self._statement = sqlalchemy.text(_SIZES[dialect])
        self._known = remembered.Remembered()

    def is_known(self):
        """:returns: whether it need not be asked for now."""
        return self._known.get('size') is not None

    def get(self, connection):
        """:returns: how many images there are."""
        return self._known.get('size') or self.learn(
            connection.execute(self._statement).scalar())

    def learn(self, size):
        """Know it for a while, from a statement that had it besides.

        :returns: what is believed: PostgreSQL says -1 of a table that it has
            never analyzed.
        """
        size = size if size and size > 0 else _UNKNOWN
        self._known.update([('size', size)])
        return size


def column(dialect):
    """:returns: the size, as a column of another statement."""
    return sqlalchemy.literal_column(f'({_SIZES[dialect]})')
