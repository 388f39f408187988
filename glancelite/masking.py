# SPDX-License-Identifier: Apache-2.0
"""No secret reaches a log, wherever the text comes from.

Our own lines have none. This is for what libraries write, and exceptions:
every line passes here on its way to every handler.
"""
import logging
import re

from oslo_utils import strutils

#: What a line must have for it to be worth a closer look.
_SUSPECT = re.compile(
    r'pass|secret|token|key|auth|credential|gAAAA|://[^\s/]*:', re.I)

_HIDDEN = '***'

#: Credentials of a URL; and tokens, which are known by how they begin.
_PATTERNS = (
    (re.compile(r'([a-z][\w+.-]*://[^\s/@:]*):[^\s@]+@', re.I),
     rf'\1:{_HIDDEN}@'),
    (re.compile(r'\bgAAAA[\w=-]{20,}'), _HIDDEN),
    (re.compile(r'''((?:X-[\w-]*Token|Authorization)['"]?\s*[:=,]\s*['"]?'''
                r'''(?:(?:Basic|Bearer)\s+)?)[^\s'",;]+''', re.I),
     rf'\1{_HIDDEN}'),
    (re.compile(r'''(\w*(?:secret|passw(?:or)?d|secret_key|access_key)['"]?'''
                r'''\s*[:=]\s*['"]?)[^\s'",;]+''', re.I), rf'\1{_HIDDEN}'))


#: What stands for a character in a URL, of those that can be printed.
_ESCAPE = re.compile(r'%([2-7][0-9a-f])', re.I)


def mask(text):
    """:returns: ``text`` without passwords, tokens, keys; if there are some
        behind escapes of URLs, without the escapes too.
    """
    masked = _masked(text)
    if '%' not in masked:
        return masked
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), masked)
    hidden = _masked(plain)
    return masked if hidden == plain else hidden


def _masked(text):
    if not _SUSPECT.search(text):
        return text
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return strutils.mask_password(text, secret=_HIDDEN)


class Formatter(logging.Formatter):
    """Masks what another formatter has made, tracebacks included."""

    def __init__(self, formatter):
        super().__init__()
        self._formatter = formatter

    def format(self, record):
        """:returns: the text of a record."""
        return mask(self._formatter.format(record))


def install():
    """Let every handler that logging has by now mask what it writes."""
    loggers = [logging.root, *(
        each for each in logging.root.manager.loggerDict.values()
        if isinstance(each, logging.Logger))]
    for handler in {each for logger in loggers for each in logger.handlers}:
        formatter = handler.formatter or logging.Formatter()
        if not isinstance(formatter, Formatter):
            handler.setFormatter(Formatter(formatter))
