# SPDX-License-Identifier: Apache-2.0
"""About how many images there are, as far as the database knows by itself."""
import time

import sqlalchemy

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

#: Seconds for which the size is good enough.
_GOOD = 300


class CatalogueSize:
    """Asks for it now and then.

    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    """

    def __init__(self, dialect):
        self._statement = sqlalchemy.text(_SIZES[dialect])
        self._size = None
        self._good_until = 0

    def is_known(self):
        """:returns: whether it need not be asked for now."""
        return time.monotonic() < self._good_until

    def get(self, connection):
        """:returns: how many images there are."""
        if not self.is_known():
            self.learn(connection.execute(self._statement).scalar())
        return self._size

    def learn(self, size):
        """Know it for a while, from a statement that had it besides."""
        # PostgreSQL says -1 of a table that it has never analyzed.
        self._size = size if size and size > 0 else _UNKNOWN
        self._good_until = time.monotonic() + _GOOD


def column(dialect):
    """:returns: the size, as a column of another statement."""
    return sqlalchemy.literal_column(f'({_SIZES[dialect]})')
