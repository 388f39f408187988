# SPDX-License-Identifier: Apache-2.0
"""In which way a page of a list is read: which is quickest.

Whether a filter of a list leads to images, or is looked up for each.

Finding all images that have a property and putting them in order takes
longer the more they are; filling a page with those that are met in the order
asked for takes longer the fewer they are. In the usual order, a walk along
the index of the property finds them one by one, and takes longer the fewer
of them the caller may see. That is tried first, not for long. What is decided
here is no more than which is quickest; how common something is, and what was
tried in vain, may be known from some minutes ago.
"""
import math
import typing

from glancelite.db import catalogue_size
from glancelite.db import image_filters
from glancelite.db import image_shape
from glancelite.db import image_walk
from glancelite.db import remembered
from glancelite.db import shared_images
from glancelite.db import walk_ends

#: Ways to see images whose ranges a page is put together from, usually.
_RANGES = 2

#: How much more is met in vain because of each further filter.
_FURTHER = 3

#: One filter is preferred to another that leads to so many times more.
_BETTER = 16


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

        :param images: of the page; None where it ends too soon.
        """
        if self.shape.among:
            return None not in images
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
        self._size = catalogue_size.CatalogueSize(dialect)
        self._ranks = remembered.Remembered()
        self._ends = walk_ends.WalkEnds(statements, self._size, unlisted)
        self._vain = remembered.Remembered()
        self._crowds = shared_images.Crowds(statements)

    def ways(self, connection, shape, query, values):
        """Yield each :class:`Way` to read a page, until one is whole.

        The last one is. No more than four statements are sent for all of
        it, three where a marker has taken one.

        :param values: of the parameters of the query's statement.
        """
        asked = image_filters.asked(query)
        if not asked:
            yield from self._unfiltered(connection, shape, values)
            return
        fit = image_walk.fit(shape)
        what = values['project_id'], query.limit, *asked
        told = unsure = False
        if fit and not self._vain.get(what) and (
                query.marker is None or self._are_known(connection, query)):
            end = self._ends.find(connection, shape, query, values, fit)
            if end is not None:
                yield _along(shape, end.number, end.time)
                if end.time is None:
                    # There are few; but of them some may say no time.
                    yield Way(shape._replace(narrow=end.number))
                    return
                told = end.told
                if not told:
                    self._ends.forget(shape, query, fit)
                elif query.marker is None:
                    # A last page is never full: a first one tells.
                    self._vain.update([(what, True)])
            unsure = not told
        number = self._narrowest(connection, shape, query, values)
        if number in fit and not unsure:
            yield _along(shape, number)._replace(told=told)
        yield Way(shape._replace(narrow=number))

    def _unfiltered(self, connection, shape, values):
        """Yield ways to read a page of what is asked for by nothing that may
        lead to images.
        """
        among = self._statements.may_be_among(shape)
        if among and self._crowds.are_worth_it(connection, shape, values):
            yield Way(shape._replace(among=True))
            self._crowds.forget(shape, values)
        yield Way(shape)

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
        return self._size.is_known() and None not in map(
            self._ranks.get, self._keys(connection, query))

    def _keys(self, connection, query):
        asked = image_filters.asked(query)
        many = self.many(connection, query.limit, len(asked))
        return [(each, many) for each in asked]

    def many(self, connection, limit, filters=1):
        """:returns: how many images are as quickly found as passed by.

        Of ``size`` images with ``count`` that have a tag, about
        ``limit * size / count`` are met in each range before a page is full.
        """
        size = self._size.get(connection)
        return math.isqrt(_RANGES * limit * size) * _FURTHER ** (filters - 1)


def _along(shape, number, end=None):
    """:returns: the way along a filter, to a time or as far as it goes."""
    walk = image_shape.Walk(number, ends=end is not None)
    return Way(shape._replace(walk=walk), end)
