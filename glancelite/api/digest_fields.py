# SPDX-License-Identifier: Apache-2.0
"""Content-Digest and Repr-Digest (RFC 9530), which are structured fields.

The parser follows RFC 9651, sections 3.2 and 4.2: what is not a dictionary
is refused, what is a dictionary may hold members of any type.
"""
import base64
import hashlib
import re

from glancelite import exception

#: Names of the algorithms that are checked, and hashlib's for them.
ALGORITHMS = {'sha-512': 'sha512', 'sha-256': 'sha256', 'md5': 'md5'}

_KEY = re.compile(r'[a-z*][a-z0-9_.*-]*')
_BYTES = re.compile(r':([A-Za-z0-9+/]*={0,2}):')
_OTHER_ITEM = re.compile(
    r'-?\d{1,12}\.\d{1,3}'                           # decimal
    r'|@?-?\d{1,15}'                                 # date, integer
    r'|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"'  # string
    r'|%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"'  # display string
    r"|[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*"       # token
    r'|\?[01]', re.ASCII)                            # boolean
_COMMA = re.compile(r'[ \t]*,[ \t]*')
_SPACES = re.compile(r' *')


def digests(headers):
    """:returns: (hashlib name, bytes) of every digest that can be checked.

    What a client says in either field is true of the stored bytes: no coding
    is taken off them.

    :param headers: of the request.
    :raises MalformedDigest: a field is none, or a digest is too short.
    """
    found = []
    for name in ('Content-Digest', 'Repr-Digest'):
        field = headers.get(name)
        if field is None:
            continue
        for key, value in _Parser(field, name).dictionary().items():
            if key not in ALGORITHMS:
                continue
            algorithm = ALGORITHMS[key]
            size = hashlib.new(algorithm, usedforsecurity=False).digest_size
            if not isinstance(value, bytes) or len(value) != size:
                raise exception.MalformedDigest(name=name)
            found.append((algorithm, value))
    return found


def field(algorithm, digest):
    """:returns: the value of Repr-Digest, or None.

    :param algorithm: hashlib's name.
    :param digest: in hex.
    """
    if algorithm not in ('sha512', 'sha256') or not digest:
        return None
    encoded = base64.b64encode(bytes.fromhex(digest)).decode()
    return f'{algorithm[:3]}-{algorithm[3:]}=:{encoded}:'


class _Parser:
    """Reads one field; ``name`` is for the error."""

    def __init__(self, text, name):
        self._text = text.strip(' ')
        self._name = name
        self._at = 0

    def dictionary(self):
        """:returns: members by key; what are not bytes becomes None.

        :raises MalformedDigest: the field is no dictionary.
        """
        members = {}
        while self._at < len(self._text):
            key = self._take(_KEY).group()
            # A key without a value is true, and not bytes either.
            members[key] = self._member() if self._next('=') else None
            self._parameters()
            if self._at < len(self._text):
                self._take(_COMMA)
                if self._at == len(self._text):
                    raise exception.MalformedDigest(name=self._name)
        return members

    def _member(self):
        if not self._next('('):
            return self._item()
        self._take(_SPACES)
        while not self._next(')'):
            self._item()
            self._parameters()
            if not self._text.startswith((' ', ')'), self._at):
                raise exception.MalformedDigest(name=self._name)
            self._take(_SPACES)
        return None

    def _item(self):
        if not self._text.startswith(':', self._at):
            self._take(_OTHER_ITEM)
            return None
        encoded = self._take(_BYTES).group(1).rstrip('=')
        try:
            # Missing padding is to be accepted; RFC 9651, section 4.2.7.
            return base64.b64decode(encoded + '=' * (-len(encoded) % 4))
        except ValueError:
            raise exception.MalformedDigest(name=self._name) from None

    def _parameters(self):
        while self._next(';'):
            self._take(_SPACES)
            self._take(_KEY)
            if self._next('='):
                self._item()

    def _next(self, character):
        """:returns: whether ``character`` was next; it is consumed."""
        found = self._text.startswith(character, self._at)
        self._at += found
        return found

    def _take(self, pattern):
        found = pattern.match(self._text, self._at)
        if not found:
            raise exception.MalformedDigest(name=self._name)
        self._at = found.end()
        return found
