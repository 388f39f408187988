# SPDX-License-Identifier: Apache-2.0
"""A list request taken apart: its shape, and the values in it.

Putting a statement together takes longer than anything else in a list, so
statements are kept: queries that differ in nothing but values are of one
shape, and a shape has one statement, with parameters.
"""
import datetime
import typing

from glancelite.db import models

#: Kinds of callers: an administrator, a project, anybody else.
ADMIN, PROJECT, ANYBODY = 'admin', 'project', 'anybody'

#: Images that anybody shares, for each one of a page, of which it is asked
#: whether they are shared with the caller.
_SHARED = 4

_SECOND = datetime.timedelta(seconds=1)


def kind_of_caller(context):
    """:returns: which kind of caller ``context`` is."""
    if context.is_admin:
        return ADMIN
    return PROJECT if context.project_id else ANYBODY


class SortKey(typing.NamedTuple):
    """One key of the order."""

    name: str
    direction: str
    #: None on the first page; else whether the marker image has a value.
    after: bool


class Walk(typing.NamedTuple):
    """A list read along the index of a property or a tag: see image_walk."""

    #: Which of them, properties first.
    number: int
    #: Whether it ends at a time.
    ends: bool


class Shape(typing.NamedTuple):
    """What a statement depends on: a query and its caller, less values."""

    caller: str
    has_project: bool
    visibility: str
    member_status: str
    os_hidden: bool
    #: (name, op) of each.
    filters: tuple
    times: tuple
    #: Whether the value of each is one that PostgreSQL's index holds.
    properties: tuple
    #: How many.
    tags: int
    #: A :class:`SortKey` each.
    sort: tuple
    #: Which of the properties and tags few images have, if one of them is
    #: so: its number, properties first.
    narrow: int = None
    #: A :class:`Walk`, if images are met along one.
    walk: Walk = None
    #: Whether what is shared with the project is met among all that is
    #: shared: see shared_images.
    among: bool = False


def of(context, query, after=None):
    """:returns: the :class:`Shape` of ``query``.

    :param after: the row of the marker image, by sort key, or None.
    """
    return Shape(
        kind_of_caller(context), bool(context.project_id), query.visibility,
        query.member_status, query.os_hidden,
        tuple((each.name, each.op) for each in query.filters),
        tuple((each.name, each.op) for each in query.times),
        tuple(len(value) <= models.INDEXED_VALUE_LENGTH
              for name, value in query.properties),
        len(query.tags),
        tuple(SortKey(key, direction, after and after[key] is not None)
              for key, direction in _decisive(query.sort)))


def _decisive(sort):
    """:returns: the sort keys up to the one that no two images share."""
    names = [key for key, direction in sort]
    return sort[:names.index('id') + 1]


def parameters(context, query, after=None):
    """:returns: the values of ``query``, by parameter of its statement."""
    values = {'project_id': context.project_id, 'limit': query.limit,
              'last': query.limit - 1,
              'first_shared': _SHARED * query.limit,
              'before_last': _SHARED * query.limit - 1}
    for number, each in enumerate(query.filters):
        values[f'filter_{number}'] = each.value
    for number, each in enumerate(query.times):
        values[f'moment_{number}'] = each.moment
        values[f'next_{number}'] = _next(each.moment)
    for number, (name, value) in enumerate(query.properties):
        values[f'name_{number}'] = name
        values[f'value_{number}'] = value
    for number, tag in enumerate(query.tags):
        values[f'tag_{number}'] = tag
    for key, value in (after or {}).items():
        values[f'after_{key}'] = value
    return values


def _next(moment):
    """A second later, as far as there are later ones."""
    return min(moment, datetime.datetime.max - _SECOND) + _SECOND
