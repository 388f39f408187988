# SPDX-License-Identifier: Apache-2.0
"""Whether a filter of a list leads to images, or is looked up for each.

Finding all images that have a property and putting them in order takes
longer the more they are; filling a page with those that are met in the order
asked for takes longer the fewer they are. What is decided here once for a
query is no more than which of the two is quicker.
"""
import functools
import math
import time

import sqlalchemy

from glancelite.db import image_filters

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

#: Ways to see images whose ranges a page is put together from, usually.
_RANGES = 2

#: How much more is met in vain because of each further filter.
_FURTHER = 3

#: One filter is preferred to another that leads to so many times more.
_BETTER = 16

#: Seconds for which what was learnt is good enough, and how much is kept.
_GOOD, _KEPT = 300, 4096


class Narrowing:
    """Decides, and remembers what is common.

    :param statements: the :class:`~glancelite.db.image_query.Statements`.
    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    """

    def __init__(self, statements, dialect):
        self._statements = statements
        self._size_statement = sqlalchemy.text(_SIZES[dialect])
        self._size = None
        self._good_until = 0
        self._common = {}

    def apply(self, connection, shape, query, values):
        """:returns: the shape, with the filter that leads to images, if any.

        :param values: of the parameters of the query's statement.
        """
        asked = image_filters.asked(query)
        if not asked:
            return shape
        many = self.many(connection, query.limit, len(asked))
        now = time.monotonic()
        if all(map(functools.partial(self._is_common, many, now), asked)):
            return shape
        found = connection.execute(
            self._statements.commonness(shape),
            {**values, 'some': many // _BETTER, 'many': many}).one()
        beyond_some, beyond_many = found[::2], found[1::2]
        self._remember(asked, beyond_many, many, now)
        rank, number = min(
            (bool(some) + bool(more), number) for number, (some, more)
            in enumerate(zip(beyond_some, beyond_many)))
        return shape if rank == 2 else shape._replace(narrow=number)

    def many(self, connection, limit, filters=1):
        """:returns: how many images are as quickly found as passed by.

        Of ``size`` images with ``count`` that have a tag, about
        ``limit * size / count`` are met in each range before a page is full.
        """
        now = time.monotonic()
        if now >= self._good_until:
            size = connection.execute(self._size_statement).scalar()
            # PostgreSQL says -1 of a table that it has never analyzed.
            self._size = size if size and size > 0 else _UNKNOWN
            self._good_until = now + _GOOD
        return math.isqrt(_RANGES * limit * self._size) * _FURTHER ** (
            filters - 1)

    def _is_common(self, many, now, each):
        known, until = self._common.get(each, (0, 0))
        return known >= many and until > now

    def _remember(self, asked, beyond, many, now):
        if len(self._common) > _KEPT:
            self._common = {}
        self._common |= {each: (many, now + _GOOD) for each, more
                         in zip(asked, beyond) if more}
