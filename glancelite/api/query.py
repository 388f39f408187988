# SPDX-License-Identifier: Apache-2.0
"""Query strings of lists, made into a query. Pure functions."""
import datetime
import re
import urllib.parse

import iso8601

from glancelite import exception
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

_IN = ('container_format', 'disk_format', 'id', 'name', 'status')
_TEXTS = ('checksum', 'owner', 'os_hash_algo', 'os_hash_value')
_NUMBERS = ('size', 'virtual_size', 'min_disk', 'min_ram')
_TIMES = ('created_at', 'updated_at')
_TIME_OPERATORS = ('gt', 'gte', 'eq', 'neq', 'lt', 'lte')
_MEMBER_STATUSES = ('pending', 'accepted', 'rejected', 'all')

_SPECIAL = ('limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'tag')
#: Accepted and without effect, as they always were.
_IGNORED = ('deleted',)

#: The largest number that a size column can hold.
_MAX_NUMBER = 2 ** 63 - 1

_SEPARATED = re.compile(r'"([^"]*)"(?:,|$)|([^",]*)(?:,|$)')


def parse_images(pairs, default_limit, max_limit):
    """:returns: the :class:`ImageQuery` that a query string asks for.

    :param pairs: (name, value) of every parameter, in order. A parameter
        that is given twice counts as last given, ``tag``, ``sort_key`` and
        ``sort_dir`` excepted.
    :raises InvalidParameter: names the parameter.
    """
    require_storable(pairs)
    single = dict(pairs)
    every = {name: [value for other, value in pairs if other == name]
             for name in ('tag', 'sort_key', 'sort_dir')}
    query = query_object.ImageQuery(
        limit=parse_limit(single.get('limit'), default_limit, max_limit),
        marker=single.get('marker'),
        sort=parse_sort(every['sort_key'], every['sort_dir'],
                        single.get('sort')),
        tags=every['tag'])
    for name, value in single.items():
        if name not in _SPECIAL and name not in _IGNORED:
            _filter(query, name, value)
    return query


def require_storable(pairs):
    """PostgreSQL cannot be asked for what has a NUL character.

    :raises InvalidParameter: names the parameter.
    """
    for name, value in pairs:
        if '\0' in name or '\0' in value:
            raise _invalid(name, value, 'it contains a NUL character')


def parse_page(pairs, default_limit, max_limit, sort_keys):
    """:returns: dict of the ``limit``, ``marker`` and ``sort`` asked for.

    :param pairs: as of :func:`parse_images`.
    :param sort_keys: those that the list may be sorted by.
    :raises InvalidParameter: names the parameter.
    """
    require_storable(pairs)
    single = dict(pairs)
    return {'marker': single.get('marker'),
            'limit': parse_limit(single.get('limit'), default_limit,
                                 max_limit),
            'sort': parse_sort(
                [value for name, value in pairs if name == 'sort_key'],
                [value for name, value in pairs if name == 'sort_dir'],
                None, sort_keys)}


def parse_limit(text, default, maximum):
    """:returns: items a page, at most ``maximum``.

    :raises InvalidParameter: it is no whole number from 0 up.
    """
    if text is None:
        return min(default, maximum)
    try:
        limit = int(text)
    except ValueError:
        raise exception.Invalid(
            'limit param must be an integer') from None
    if limit < 0:
        raise exception.Invalid('limit param must be positive')
    return min(limit, maximum)


def parse_sort(keys, directions, combined, allowed=query_object.SORT_KEYS):
    """:returns: (key, direction) pairs, ending in ones that never tie.

    :raises InvalidParameter: a key or direction is unknown, or the numbers
        of them do not fit.
    """
    if combined is not None:
        if keys or directions:
            raise exception.Invalid(
                'Old and new sorting syntax cannot be combined')
        pairs = [_sort_pair(part) for part in combined.split(',')]
    else:
        pairs = _sort_pairs(keys or ['created_at'], directions)
    for key, direction in pairs:
        if key not in allowed:
            raise exception.Invalid(
                'Invalid sort key: %(key)s. It must be one of the '
                'following: %(allowed)s.', key=key,
                allowed=', '.join(allowed))
        if direction not in ('asc', 'desc'):
            raise exception.Invalid(
                'Invalid sort direction: %(direction)s', direction=direction)
    named = {key: direction for key, direction in reversed(pairs)}
    pairs = list({key: (key, named[key]) for key, _ in pairs}.values())
    tail = pairs[0][1] if len({each for _, each in pairs}) == 1 else 'desc'
    return pairs + [(key, tail) for key in query_object.TIE_BREAKERS
                    if key not in named]


def _sort_pair(part):
    key, separator, direction = part.strip().partition(':')
    return key.strip(), direction.strip() if separator else 'desc'


def _sort_pairs(keys, directions):
    if len(directions) == 1:
        directions = directions * len(keys)
    if not directions:
        directions = ['desc'] * len(keys)
    if len(directions) != len(keys):
        raise exception.Invalid(
            'Number of sort dirs does not match the number of sort keys')
    return list(zip(keys, directions))


def _filter(query, name, value):
    """Add what one parameter asks to ``query``."""
    if name in _READERS:
        _READERS[name](query, name, value)
    else:
        query.properties.append((name, value))


def _visibility(query, name, value):
    if value not in (*image_object.VISIBILITIES, 'all'):
        raise exception.Invalid('Invalid visibility value: %(value)s',
                                value=value)
    query.visibility = value


def _member_status(query, name, value):
    if value not in _MEMBER_STATUSES:
        raise exception.Invalid('Invalid status: %(value)s', value=value)
    query.member_status = value


def _boolean(name, value):
    if value.lower() not in ('true', 'false'):
        raise exception.Invalid(
            "Invalid value '%(value)s' for '%(name)s' filter. Valid values "
            "are 'true' or 'false'.", value=value, name=name)
    return value.lower() == 'true'


def _hidden(query, name, value):
    query.os_hidden = _boolean(name, value)


def _protected(query, name, value):
    query.filters.append(
        query_object.Filter(name, 'eq', _boolean(name, value)))


def _text(query, name, value):
    query.filters.append(query_object.Filter(name, 'eq', value))


def _choice(query, name, value):
    """``in:`` with several values, or one; ``eq:`` may stand before it."""
    operator, separator, rest = value.partition(':')
    if not separator or not operator.isalnum():
        return _text(query, name, value)
    if operator == 'in':
        query.filters.append(
            query_object.Filter(name, 'in', split_values(rest)))
    elif operator == 'eq':
        _text(query, name, rest)
    else:
        raise exception.Invalid(
            "Unable to filter by unknown operator '%(operator)s'.",
            operator=operator)


def _integer(name, value):
    try:
        number = int(value)
    except ValueError:
        raise _invalid(name, value, 'it is not an integer') from None
    return max(-_MAX_NUMBER, min(number, _MAX_NUMBER))


def _number(query, name, value):
    query.filters.append(
        query_object.Filter(name, 'eq', _integer(name, value)))


def _range(query, name, value):
    column, _, operator = name.rpartition('_')
    query.filters.append(
        query_object.Filter(column, operator, _integer(name, value)))


def _time(query, name, value):
    head, separator, rest = value.partition(':')
    if not separator or not head.isalpha():
        head, rest = 'eq', value
    if head not in _TIME_OPERATORS:
        raise _invalid(name, value, 'the operator is not one of '
                       + ', '.join(_TIME_OPERATORS))
    try:
        moment = iso8601.parse_date(rest)
        moment = moment.astimezone(datetime.timezone.utc)
    except (iso8601.ParseError, OverflowError, ValueError):
        raise _invalid(name, value,
                       'it is not a time in ISO 8601 notation') from None
    query.times.append(query_object.TimeFilter(
        name, head, moment.replace(tzinfo=None, microsecond=0)))


def _gone(query, name, value):
    raise exception.Invalid(
        'The "%(name)s" filter is no longer available on v2.', name=name)


_READERS = {
    'changes-since': _gone,
    'visibility': _visibility, 'member_status': _member_status,
    'os_hidden': _hidden, 'protected': _protected,
    'size_min': _range, 'size_max': _range,
    **dict.fromkeys(_IN, _choice), **dict.fromkeys(_TEXTS, _text),
    **dict.fromkeys(_NUMBERS, _number), **dict.fromkeys(_TIMES, _time),
}


def split_values(text):
    """:returns: the values of an ``in:`` list; quoted ones may hold commas.

    :raises Invalid: a quotation mark stands where it should not.
    """
    values, position = [], 0
    while position < len(text):
        found = _SEPARATED.match(text, position)
        if not found:
            raise exception.Invalid(
                'Invalid filter value %(text)s. A quoted value must be '
                'closed, and commas must stand around it.', text=text)
        quoted, plain = found.groups()
        values.append(plain if quoted is None else quoted)
        position = found.end()
    return values


def link(path, pairs, drop=(), **add):
    """:returns: ``path`` with the query ``pairs``, less ``drop``, plus
    ``add``; every parameter is kept, repeated ones too.
    """
    kept = [(name, value) for name, value in pairs
            if name not in drop and name not in add]
    kept += add.items()
    return f'{path}?{urllib.parse.urlencode(kept)}' if kept else path


def _invalid(name, value, reason):
    return exception.InvalidParameter(name=name, value=value[:200],
                                      reason=reason)
