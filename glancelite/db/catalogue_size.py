# SPDX-License-Identifier: Apache-2.0
"""About how many images there are."""
import time

import sqlalchemy

#: What each database keeps for its optimizer, or knows at once: SQLite gives
#: numbers to rows as they come.
_ESTIMATES = {
    'sqlite': 'SELECT max(rowid) FROM images',
    'mysql': 'SELECT table_rows FROM information_schema.tables'
             ' WHERE table_schema = DATABASE() AND table_name = \'images\'',
    'postgresql': 'SELECT CAST(reltuples AS BIGINT) FROM pg_class'
                  ' WHERE oid = to_regclass(\'images\')',
}

#: Seconds for which an estimate is good enough.
_GOOD = 300


class CatalogueSize:
    """Remembers what the database estimates.

    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    """

    def __init__(self, dialect):
        self._statement = sqlalchemy.text(_ESTIMATES[dialect])
        self._size = None
        self._good_until = 0

    def estimate(self, connection):
        """:returns: images in the catalogue, None where it is not known."""
        now = time.monotonic()
        if now >= self._good_until:
            size = connection.execute(self._statement).scalar()
            # PostgreSQL says -1 of a table that it has never analyzed.
            self._size = size if size and size > 0 else None
            self._good_until = now + _GOOD
        return self._size
