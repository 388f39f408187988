# SPDX-License-Identifier: Apache-2.0
"""Whether a filter of a list leads to images, or is looked up for each.

Finding all images that have a property and putting them in order takes
longer the more they are; filling a page with those that are met in the order
asked for takes longer the fewer they are. In the usual order, a walk along
the index of the property finds them one by one, and takes longer the fewer
of them the caller may see. What is decided here is no more than which is
quickest; how common something is may be known from some minutes ago.
"""
import math
import time
import typing

import sqlalchemy

from glancelite.db import image_filters
from glancelite.db import image_shape
from glancelite.db import image_walk

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

#: How many of the newest images are looked at to know how common something
#: is; what none of them has is taken to be as common as this.
_NEWEST, _SELDOM = 100, .005

#: A walk is given up after so many times the rows that would be looked at
#: otherwise, but not before and not after so many for each image of a page.
_SLACK, _AT_LEAST, _AT_MOST = 2, 16, 64


class _Known(typing.NamedTuple):
    """What is known of a filter."""

    #: 0, 1, 2: of few images, of some more, of many.
    rank: int
    #: The part of all images that have it, about.
    part: float


class Plan(typing.NamedTuple):
    """How a list is read."""

    #: The shape of a list that is all that was asked for.
    shape: object
    #: The shape of one to be tried before: a walk, or None.
    walk: object = None
    #: Rows after which the walk ends; None if it is not to.
    steps: int = None


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
        self._known = _Memory()
        self._vain = _Memory()

    def plan(self, connection, shape, query, values):
        """:returns: the :class:`Plan` of a list.

        :param values: of the parameters of the query's statement.
        """
        asked = image_filters.asked(query)
        if not asked:
            return Plan(shape)
        many = self.many(connection, query.limit, len(asked))
        keys = [(each, many) for each in asked]
        known = [self._known.get(key) for key in keys]
        new = None in known
        if new:
            known = self._learn(connection, shape, values, many)
            self._known.update(zip(keys, known))
        best = min(range(len(known)), key=known.__getitem__)
        few = known[best].rank < 2
        plain = shape._replace(narrow=best) if few else shape
        along = self._along(shape, query, values, known)
        # What has just been learnt has taken the statement of an end.
        if along is None or few and along != best or new and not few:
            return Plan(plain)
        walk = shape._replace(walk=image_shape.Walk(along, ends=not few))
        return Plan(plain, walk, None if few else self._steps(
            query.limit, known))

    def _learn(self, connection, shape, values, many):
        found = connection.execute(self._statements.commonness(shape), {
            **values, 'some': many // _BETTER, 'many': many,
            'newest': _NEWEST}).one()
        return [_Known(bool(some) + bool(more), (having or 0) / _NEWEST)
                for some, more, having
                in zip(found[::3], found[1::3], found[2::3])]

    def _along(self, shape, query, values, known):
        """:returns: the number of a property or tag along which there may be
        a walk: of the rarest; or None.
        """
        if (not image_walk.is_in_order(query.sort)
                or any(each.name == 'id' for each in query.filters)):
            return None
        belongings = [*query.properties, *query.tags]
        fit = [number for number, each in enumerate(belongings)
               if image_filters.is_listed(shape, number)
               and not self._vain.get((values['project_id'], each))]
        return min(fit, key=known.__getitem__, default=None)

    @staticmethod
    def _steps(limit, known):
        """:returns: the rows after which a walk is given up."""
        part = math.prod(max(each.part, _SELDOM) for each in known)
        return limit * int(min(max(_SLACK * _RANGES / part, _AT_LEAST),
                               _AT_MOST))

    def remember_in_vain(self, query, values, plan):
        """Remember that the walk of a plan was given up.

        :param query: the :class:`ImageQuery`, of a first page: the last one
            is never full.
        """
        belongings = [*query.properties, *query.tags]
        along = belongings[plan.walk.walk.number]
        self._vain.update([((values['project_id'], along), True)])

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


class _Memory:
    """What is true for a while."""

    def __init__(self):
        self._values = {}

    def get(self, key):
        """:returns: what is remembered, or None."""
        value, until = self._values.get(key, (None, 0))
        return value if until > time.monotonic() else None

    def update(self, items):
        """Remember (key, value) of each."""
        if len(self._values) > _KEPT:
            self._values = {}
        until = time.monotonic() + _GOOD
        self._values |= {key: (value, until) for key, value in items}
