# SPDX-License-Identifier: Apache-2.0
"""The header fields of draft-ietf-httpbis-resumable-upload.

All are structured fields (RFC 9651). One that is not what it should be is
ignored, as the draft wants; so is any with a number that is out of range.
"""
import re

#: The version of the draft's text that interim responses are about.
INTEROP_VERSION = '8'

PARTIAL_UPLOAD = 'application/partial-upload'

#: An integer of a structured field has at most 15 digits.
_GREATEST = 10 ** 15 - 1

_PARAMETERS = (r'(?:; *[a-z*][a-z0-9_.*-]*'
               r'(?:=(?:"(?:[^"\\]|\\.)*"|[^;,\s"]+))?)*')
_BOOLEAN = re.compile(rf' *\?([01]){_PARAMETERS} *', re.ASCII)
_NUMBER = re.compile(rf' *(\d{{1,15}}){_PARAMETERS} *', re.ASCII)


def boolean(headers, name):
    """:returns: True or False, None where there is no such field."""
    found = _BOOLEAN.fullmatch(headers.get(name, ''))
    return found.group(1) == '1' if found else None


def number(headers, name):
    """:returns: a number, None where there is no such field."""
    found = _NUMBER.fullmatch(headers.get(name, ''))
    return int(found.group(1)) if found else None


def as_boolean(value):
    """:returns: the field that says so."""
    return '?1' if value else '?0'


def limits(max_size, max_age):
    """:returns: the value of Upload-Limit.

    :param max_size: bytes an image may have.
    :param max_age: seconds until the upload runs out, or None.
    """
    members = [f'max-size={min(max_size, _GREATEST)}']
    if max_age is not None:
        members.append(f'max-age={max_age}')
    return ', '.join(members)
