# SPDX-License-Identifier: Apache-2.0
"""Whether a filter of a list leads to images, or is looked up for each.

Finding all images that have a property and putting them in order takes
longer the more they are; filling a page with those that are met in the order
asked for takes longer the fewer they are. In the usual order, a walk along
the index of the property finds them one by one, and takes longer the fewer
of them the caller may see. That is tried first, not for long. What is decided
here is no more than which is quickest; how common something is, and what was
tried in vain, may be known from some minutes ago.
"""
import datetime
import math
import time
import typing

import sqlalchemy

from glancelite.db import image_filters
from glancelite.db import image_shape
from glancelite.db import image_walk
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

#: Ways to see images whose ranges a page is put together from, usually.
_RANGES = 2

#: How much more is met in vain because of each further filter.
_FURTHER = 3

#: One filter is preferred to another that leads to so many times more.
_BETTER = 16

#: Seconds for which the size of the catalogue is good enough.
_GOOD = 300

#: Rows of a property or a tag for each image of a page, after which a walk
#: along them is given up.
_STEPS = 64


class Way(typing.NamedTuple):
    """One way to read a page."""

    #: The :class:`~glancelite.db.image_shape.Shape` of its statement.
    shape: object
    #: The time at which a walk ends, if it does.
    end: object = None
    #: Whether all rows are known to say when their image was created.
    told: bool = False

    def is_whole(self, images, limit):
        """:returns: whether a page that was read this way is all there is.

        :param images: of the page.
        """
        if self.shape.walk is None:
            return True
        if len({image.id for image in images}) < len(images):
            return False
        if self.end is not None:
            return len(images) == limit
        return bool(images) or self.told


class Narrowing:
    """Decides, and remembers what is common.

    :param statements: the :class:`~glancelite.db.image_query.Statements`.
    :param dialect: 'sqlite', 'mysql' or 'postgresql'.
    :param unlisted: the :class:`~glancelite.db.unlisted.Unlisted`, or None.
    """

    def __init__(self, statements, dialect, unlisted=None):
        self._statements = statements
        self._unlisted = unlisted
        self._size_statement = sqlalchemy.text(_SIZES[dialect])
        self._size = None
        self._good_until = 0
        self._ranks = remembered.Remembered()
        self._short = remembered.Remembered()
        self._vain = remembered.Remembered()

    def ways(self, connection, shape, query, values):
        """Yield each :class:`Way` to read a page, until one is whole.

        The last one is. No more than four statements are sent for all of
        it, three where a marker has taken one.

        :param values: of the parameters of the query's statement.
        """
        asked = image_filters.asked(query)
        fit = image_walk.fit(shape) if asked else []
        what = values['project_id'], query.limit, *asked
        told = silent = False
        if fit and not self._vain.get(what) and (
                query.marker is None or self._are_known(connection, query)):
            walk = self._walk(connection, shape, query, values, fit, what)
            silent = walk is None
            if walk is not None:
                yield walk
                if walk.end is None:
                    # There are few; but of them some may say no time.
                    yield Way(shape._replace(narrow=walk.shape.walk.number))
                    return
                told = True
                # A last page is never full: a first one tells.
                if query.marker is None:
                    self._vain.update([(what, True)])
        number = None
        if asked:
            number = self._narrowest(connection, shape, query, values)
        if number in fit and not silent:
            yield _along(shape, number)._replace(told=told)
        yield Way(shape._replace(narrow=number))

    def _walk(self, connection, shape, query, values, fit, what):
        """:returns: the walk along what the fewest images have, or None if
        rows of a filter do not say when their image was created.
        """
        short = self._short.get(what)
        if short is not None:
            return _along(shape, short)
        found = connection.execute(
            self._statements.ends(shape),
            {**values, 'steps': _STEPS * query.limit}).one()
        ends, silent = found[::2], found[1::2]
        if any(silent):
            self._note(shape, query, values, [
                number for number, each in zip(fit, silent) if each])
            return None
        # The further they reach back, the fewer there are.
        ascends = shape.sort[0].direction == 'asc'
        far = max if ascends else min
        number, end = far(zip(fit, ends), key=lambda pair: (
            _never(ascends) if pair[1] is None else pair[1]))
        if end is None and query.marker is None:
            self._short.update([(what, number)])
        return _along(shape, number, end)

    def _note(self, shape, query, values, numbers):
        belongings = [*query.properties, *query.tags]
        for number in numbers:
            self._unlisted.note(belongings[number],
                                _along(shape, number).shape, values)

    def _narrowest(self, connection, shape, query, values):
        """:returns: the number of the filter that leads to the fewest images,
        if they are few; else None.
        """
        keys = self._keys(connection, query)
        ranks = list(map(self._ranks.get, keys))
        if None in ranks:
            many = keys[0][1]
            found = connection.execute(
                self._statements.commonness(shape),
                {**values, 'some': many // _BETTER, 'many': many}).one()
            ranks = [bool(some) + bool(more)
                     for some, more in zip(found[::2], found[1::2])]
            self._ranks.update(zip(keys, ranks))
        rank, number = min(zip(ranks, range(len(ranks))))
        return None if rank == 2 else number

    def _are_known(self, connection, query):
        return None not in map(self._ranks.get, self._keys(connection, query))

    def _keys(self, connection, query):
        asked = image_filters.asked(query)
        many = self.many(connection, query.limit, len(asked))
        return [(each, many) for each in asked]

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


def _along(shape, number, end=None):
    """:returns: the way along a filter, to a time or as far as it goes."""
    walk = image_shape.Walk(number, ends=end is not None)
    return Way(shape._replace(walk=walk), end)


def _never(ascends):
    return datetime.datetime.max if ascends else datetime.datetime.min
