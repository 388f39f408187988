# SPDX-License-Identifier: Apache-2.0
"""How far a list is read along the index of a property or a tag.

Where many images have it, the caller may see few of them, and a walk goes no
further than so many rows. At what time that is may be known from some minutes
ago: then rows that have come since are walked along besides.
"""
import datetime
import typing

from glancelite.db import image_filters
from glancelite.db import image_shape
from glancelite.db import remembered

#: Rows of a property or a tag for each image of a page, after which a walk
#: along them is given up; and how many times more for another filter, which
#: not all of them meet. Not for each of many.
_STEPS, _FURTHER, _MOST = 64, 2, 4


class End(typing.NamedTuple):
    """Along which filter a walk goes, and how far."""

    #: The filter's number.
    number: int
    #: The time at which it ends, or None where there are few rows.
    time: datetime.datetime
    #: Whether all rows were found to say when their image was created.
    told: bool


class WalkEnds:
    """Asks where walks end, and knows it for a while.

    :param statements: the :class:`~glancelite.db.image_query.Statements`.
    :param size: the :class:`~glancelite.db.catalogue_size.CatalogueSize`.
    :param unlisted: the :class:`~glancelite.db.unlisted.Unlisted`, or None.
    """

    def __init__(self, statements, size, unlisted):
        self._statements = statements
        self._size = size
        self._unlisted = unlisted
        self._known = remembered.Remembered()

    def find(self, connection, shape, query, values, fit):
        """:returns: the :class:`End` of the walk along what the fewest images
        have, or None if rows of a filter do not say when their image was
        created; they will be told in the background.

        :param values: of the parameters of the page's statement.
        :param fit: the numbers of filters along which there may be a walk.
        """
        keys = _keys(shape, query, fit)
        # Few rows are few from wherever a page begins.
        ends = {number: end for number, key in keys.items()
                if (end := self._known.get(key))
                and (query.marker is None or end[0] is None)}
        unknown = tuple(number for number in fit if number not in ends)
        if unknown:
            found = connection.execute(
                self._statements.ends(shape, unknown),
                {**values, 'steps': _steps(query)}).one()
            self._size.learn(found[-1])
            silent = [number for number, each in zip(unknown, found[1::2])
                      if each]
            if silent:
                self._note(shape, query, values, silent)
                return None
            asked = {number: (time,)
                     for number, time in zip(unknown, found[::2])}
            ends |= asked
            if query.marker is None:
                self._known.update((keys[number], end)
                                   for number, end in asked.items())
        # The further they reach back, the fewer there are.
        ascends = shape.sort[0].direction == 'asc'
        never = datetime.datetime.max if ascends else datetime.datetime.min
        far = max if ascends else min
        number = far(fit, key=lambda number: ends[number][0] or never)
        return End(number, *ends[number], told=len(unknown) == len(fit))

    def forget(self, shape, query, fit):
        """Ask anew: rows that say no time may have come."""
        self._known.update((key, None)
                           for key in _keys(shape, query, fit).values())

    def _note(self, shape, query, values, silent):
        belongings = [*query.properties, *query.tags]
        for number in silent:
            walk = image_shape.Walk(number, ends=False)
            self._unlisted.note(belongings[number],
                                shape._replace(walk=walk), values)


def _keys(shape, query, fit):
    asked = image_filters.asked(query)
    return {number: (asked[number], _steps(query), shape.sort[0].direction)
            for number in fit}


def _steps(query):
    others = len(image_filters.asked(query)) - 1
    return query.limit * _STEPS * min(_FURTHER ** others, _MOST)
