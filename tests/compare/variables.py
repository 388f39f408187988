# SPDX-License-Identifier: Apache-2.0
"""Names for what differs from run to run, both ways.

A scenario writes ``${image}``; the request carries the identifier; the
answer, normalized, reads ``<image>`` again.
"""
import re
import urllib.parse
import uuid

_REFERENCE = re.compile(r'\$\{([^}]+)\}')
_REPEATED = re.compile(r'(.)\*(\d+)$')


class UnknownName(Exception):
    """A scenario uses a name that nothing defined."""


class Variables:
    """Values by name for one play of one scenario.

    :param fixed: mapping of name to string, known from the start (URL of the
        file server, directory of the store).
    """

    def __init__(self, fixed):
        self._values = dict(fixed)
        self._made = 0
        # Ids that the scenario chooses sort in the order of their making,
        # so that images of one second have one order everywhere.
        self._random = uuid.uuid4().hex[8:]

    def _new_identifier(self):
        self._made += 1
        return str(uuid.UUID(f'{self._made:08x}{self._random}'))

    def _lookup(self, name):
        repeated = _REPEATED.match(name)
        if repeated:
            return repeated[1] * int(repeated[2])
        if name not in self._values:
            kind, _, rest = name.partition('.')
            if kind == 'new':
                self._values[name] = self._new_identifier()
            elif kind in ('project', 'user'):
                self._values[name] = uuid.uuid4().hex
            elif kind == 'upper':
                self._values[name] = str(self._lookup(rest)).upper()
            elif kind == 'quoted':
                return urllib.parse.quote(str(self._lookup(rest)), safe='')
            else:
                raise UnknownName(name)
        return self._values[name]

    def set(self, name, value):
        """Remember ``value``, captured from an answer."""
        self._values[name] = value

    def fill(self, template):
        """Return ``template`` with its references replaced.

        Strings within lists and mappings are filled as well, keys too. A
        string that is one reference alone takes the value's own type.

        :raises UnknownName: when a reference has no value.
        """
        if isinstance(template, str):
            whole = _REFERENCE.fullmatch(template)
            if whole:
                return self._lookup(whole[1])
            return _REFERENCE.sub(
                lambda found: str(self._lookup(found[1])), template)
        if isinstance(template, list):
            return [self.fill(item) for item in template]
        if isinstance(template, dict):
            return {self.fill(key): self.fill(value)
                    for key, value in template.items()}
        return template

    def labels(self):
        """Return (value, label) pairs to undo ``fill``, longest first."""
        pairs = {}
        for name, value in self._values.items():
            if isinstance(value, str) and len(value) >= 8:
                label = f'<{name.removeprefix("new.")}>'
                pairs.setdefault(value, label)
                pairs.setdefault(urllib.parse.quote(value, safe=''), label)
        return sorted(pairs.items(), key=lambda pair: -len(pair[0]))
