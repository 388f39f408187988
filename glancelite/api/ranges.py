# SPDX-License-Identifier: Apache-2.0
"""Which bytes of a representation a request asks for (RFC 9110, section 14).

One range at a time: several are refused, as Glance refuses them.
"""
import re

from glancelite import exception
from glancelite.i18n import _

_RANGE = re.compile(r'(\d*)\s*-\s*(\d*)', re.ASCII)
_CONTENT_RANGE = re.compile(r'bytes\s+(\d+)-(\d+)/(?:\d+|\*)',
                            re.ASCII | re.IGNORECASE)

#: Digits that no size has; Python refuses to read numbers of thousands.
_MOST_DIGITS = 20

_MALFORMED = _('Invalid Range header.')
_START = _('Invalid start position in Range header. Start position MUST be in '
           'the inclusive range [0, %(last)d].')
_MALFORMED_CONTENT = _('Invalid Content-Range header.')
_STOP_CONTENT = _('Invalid stop position in Content-Range header. The stop '
                  'position MUST be in the inclusive range [0, %(last)d].')


def requested(headers, size):
    """:returns: (first byte, byte after the last), None for everything.

    :param headers: of the request.
    :param size: bytes there are.
    :raises RangeNotSatisfiable: it is malformed, or none of it is there.
    :raises SeveralRanges: more than one range is asked for.
    """
    header = headers.get('Range')
    if header:
        return _range(header, size)
    # Glance takes this form in a request too, and only clients that were
    # written against it send it: elsewhere it has no meaning in a GET.
    header = headers.get('Content-Range')
    if header:
        return _content_range(header, size)
    return None


def _range(header, size):
    unit, equals, specification = header.partition('=')
    if not equals:
        raise exception.RangeNotSatisfiable(size, _MALFORMED)
    if unit.strip().lower() != 'bytes':
        # Section 14.2: an unknown unit is ignored.
        return None
    # A list may have empty elements; section 5.6.1.2.
    found = [each.strip() for each in specification.split(',')
             if each.strip()]
    if len(found) > 1:
        raise exception.SeveralRanges()
    match = _RANGE.fullmatch(found[0]) if found else None
    if not match or not any(match.groups()):
        raise exception.RangeNotSatisfiable(size, _MALFORMED)
    first, last = match.groups()
    if not first:
        return _suffix(_number(last), size)
    start, stop = _number(first), size
    if last:
        stop = _number(last) + 1
        if stop <= start:
            raise exception.RangeNotSatisfiable(size, _MALFORMED)
    if start >= size:
        raise exception.RangeNotSatisfiable(size, _START)
    return start, min(stop, size)


def _suffix(length, size):
    if not length:
        raise exception.RangeNotSatisfiable(size, _MALFORMED)
    if not size:
        # Satisfiable (section 14.1.2), but Content-Range cannot say so.
        return None
    return max(0, size - length), size


def _content_range(header, size):
    match = _CONTENT_RANGE.fullmatch(header.strip())
    if not match:
        raise exception.RangeNotSatisfiable(size, _MALFORMED_CONTENT)
    start, last = (_number(text) for text in match.groups())
    if last < start:
        raise exception.RangeNotSatisfiable(size, _MALFORMED_CONTENT)
    if last >= size:
        raise exception.RangeNotSatisfiable(size, _STOP_CONTENT)
    return start, last + 1


def _number(digits):
    significant = digits.lstrip('0')
    if len(significant) >= _MOST_DIGITS:
        return 10 ** _MOST_DIGITS
    return int(significant or 0)
