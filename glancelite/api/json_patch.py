# SPDX-License-Identifier: Apache-2.0
"""Both dialects of JSON patch, made into changes. Pure functions.

The media types define a subset of RFC 6902 (add, replace, remove; a pointer
of one step, RFC 6901, or a position in ``/locations``); the v2.0 form is
draft 4 of it.
"""
import dataclasses
import re

from glancelite import exception

MEDIA_TYPE_V20 = 'application/openstack-images-v2.0-json-patch'
MEDIA_TYPE_V21 = 'application/openstack-images-v2.1-json-patch'
MEDIA_TYPES = (MEDIA_TYPE_V20, MEDIA_TYPE_V21)

OPERATIONS = ('add', 'remove', 'replace')

#: A tilde that starts no escape of RFC 6901, section 3.
_STRAY_TILDE = re.compile('~(?![01])')


@dataclasses.dataclass(frozen=True)
class Change:
    """One operation. ``position`` is set for items of ``/locations``.

    ``must_be_new`` is the meaning of add in draft 4: what is there already
    is a conflict.
    """

    op: str
    name: str
    value: object = None
    position: str = None
    must_be_new: bool = False


def parse(document, media_type):
    """:returns: the list of :class:`Change` that ``document`` asks for.

    :raises InvalidPatch: names what is wrong.
    """
    if not isinstance(document, list):
        raise _invalid('Request body must be a JSON array of operation '
                       'objects.')
    if media_type == MEDIA_TYPE_V21:
        return [_change(*_shape_v21(item)) for item in document]
    changes = [_change(*_shape_v20(item)) for item in document]
    return [dataclasses.replace(change, must_be_new=change.op == 'add')
            for change in changes]


def _shape_v21(item):
    _require_object(item)
    op = item.get('op')
    if op is None:
        raise _invalid('Unable to find `op` in JSON Schema change. It must '
                       'be one of the following: add, remove, replace.')
    if op not in OPERATIONS:
        raise _invalid(f'Invalid operation: `{_short(op)}`. It must be one '
                       'of the following: add, remove, replace.')
    if 'path' not in item:
        raise _invalid("Unable to find 'path' in JSON Schema change")
    return op, item['path'], item


def _shape_v20(item):
    _require_object(item)
    named = [op for op in OPERATIONS if op in item]
    if len(named) != 1:
        raise _invalid('Operation objects must contain '
                       f'{"only" if named else "exactly"} one member named '
                       '"add", "remove", or "replace".')
    return named[0], item[named[0]], item


def _require_object(item):
    if not isinstance(item, dict):
        raise _invalid('Operations must be JSON objects.')


def _change(op, pointer, item):
    steps = _steps(pointer)
    if steps[0] == 'locations':
        change = _location_change(op, steps, pointer)
    elif len(steps) > 1:
        raise _bad_pointer(pointer)
    else:
        change = Change(op, steps[0])
    if op == 'remove':
        return change
    if 'value' not in item:
        raise _invalid(f'Operation "{op}" requires a member named "value".')
    return dataclasses.replace(change, value=item['value'])


def _location_change(op, steps, pointer):
    """Locations are replaced whole, or added and removed one by one."""
    if op == 'replace' and len(steps) == 1:
        return Change(op, 'locations')
    if op in ('add', 'remove') and len(steps) == 2:
        return Change(op, 'locations', position=steps[1])
    raise _bad_pointer(pointer)


def _steps(pointer):
    """:returns: the unescaped steps of a JSON pointer (RFC 6901)."""
    if not isinstance(pointer, str):
        raise _invalid("The member 'path' must be a string.")
    if not pointer.startswith('/'):
        raise _invalid(f'Pointer `{_short(pointer)}` does not start with '
                       '"/".')
    if pointer.endswith('/') and pointer != '/':
        raise _invalid(f'Pointer `{_short(pointer)}` end with "/".')
    if '//' in pointer:
        raise _invalid(f'Pointer `{_short(pointer)}` contains adjacent '
                       '"/".')
    if _STRAY_TILDE.search(pointer):
        raise _invalid(f'Pointer `{_short(pointer)}` contains "~" not part '
                       'of a recognized escape sequence.')
    return [step.replace('~1', '/').replace('~0', '~')
            for step in pointer[1:].split('/')]


def _short(value):
    text = str(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


def _invalid(reason):
    return exception.InvalidPatch(reason=reason)


def _bad_pointer(pointer):
    return _invalid(
        f"Invalid JSON pointer for this resource: '{_short(pointer)}'")
