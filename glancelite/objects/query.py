# SPDX-License-Identifier: Apache-2.0
"""What a list request asks for, as plain values."""
import dataclasses
import datetime

#: Keys a list may be sorted by.
SORT_KEYS = ('name', 'status', 'container_format', 'disk_format', 'size',
             'id', 'created_at', 'updated_at')

#: Every list ends its sort with these, so that no two images tie.
TIE_BREAKERS = ('created_at', 'id')


@dataclasses.dataclass(frozen=True)
class Filter:
    """A condition on a base property: ``op`` is eq, in, min or max."""

    name: str
    op: str
    value: object


@dataclasses.dataclass(frozen=True)
class TimeFilter:
    """A condition on created_at or updated_at, to the second as shown."""

    name: str
    op: str
    moment: datetime.datetime


@dataclasses.dataclass
class ImageQuery:
    """Filters, order and page of an image list.

    ``visibility`` and ``member_status`` None mean the default list; 'all'
    takes away the restriction. ``sort`` is a list of (key, 'asc' | 'desc').
    """

    visibility: str = None
    member_status: str = 'accepted'
    os_hidden: bool = False
    filters: list = dataclasses.field(default_factory=list)
    times: list = dataclasses.field(default_factory=list)
    properties: list = dataclasses.field(default_factory=list)
    tags: list = dataclasses.field(default_factory=list)
    sort: list = dataclasses.field(
        default_factory=lambda: [('created_at', 'desc'), ('id', 'desc')])
    marker: str = None
    limit: int = 25


@dataclasses.dataclass
class Page:
    """One page of a list, and the marker of the next one or None."""

    items: list
    marker: str = None
