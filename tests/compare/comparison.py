# SPDX-License-Identifier: Apache-2.0
"""What two normalized answers do not have in common, as lines to read."""
import json
import re

from tests.compare import everywhere
from tests.compare import scenario as scenario_file

DIFFERENCES = (scenario_file.HERE.parents[1] / 'doc' / 'source' /
               'reference' / 'differences.rst')

_ABSENT = object()
# The first cell of a row of a list table, over one or more lines.
_ROW = re.compile(r'^ *\* - (.+(?:\n(?! *(?:\*|-) ).+)*)', re.MULTILINE)
_MARKUP = '`'


def known_anchors(path=DIFFERENCES):
    """Return the names of the listed differences: what the table's first
    column says, without markup."""
    if not path.exists():
        return set()
    return {' '.join(cell.replace(_MARKUP, '').split())
            for cell in _ROW.findall(path.read_text())}


def _show(value, length=400):
    if value is _ABSENT:
        return 'absent'
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= length else text[:length] + '...'


def _pairs(peer, ours, where):
    """Yield (place, peer's value, our value) wherever two values differ."""
    if isinstance(peer, dict) and isinstance(ours, dict):
        for key in [*peer, *(key for key in ours if key not in peer)]:
            yield from _pairs(peer.get(key, _ABSENT), ours.get(key, _ABSENT),
                              f'{where}.{key}')
    elif (isinstance(peer, list) and isinstance(ours, list)
            and len(peer) == len(ours)):
        for number, items in enumerate(zip(peer, ours)):
            yield from _pairs(*items, f'{where}[{number}]')
    elif peer != ours or type(peer) is not type(ours):
        yield where, peer, ours


def _reduced(form, ignored):
    form = dict(form)
    if 'body' in ignored:
        for name in ('json', 'text', 'sha256'):
            form.pop(name, None)
    form['headers'] = {name: value for name, value in form['headers'].items()
                       if name not in ignored}
    return form


def _gist(form):
    """Say in one line what an answer is, for when statuses differ."""
    body = form.get('json', form.get('text', form.get('sha256', '')))
    if isinstance(body, dict) and 'message' in body:
        body = body['message'].partition('\n\n\n')[0]
    return f'{form["status"]} {_show(body, 300)}'


def differences(peer, ours, ignored=(), rules=()):
    """Return lines, each one difference of two normalized answers.

    :param rules: the rules of ``everywhere`` that are listed.
    """
    ignored = {name.lower() for name in ignored}
    if peer['status'] != ours['status']:
        return [f'peer {_gist(peer)}', f'ours {_gist(ours)}']
    peer, ours = _reduced(peer, ignored), _reduced(ours, ignored)
    for rule in rules:
        peer, ours = rule(peer, ours)
    return [f'{where.lstrip(".")}: peer {_show(theirs)}, ours {_show(own)}'
            for where, theirs, own in _pairs(peer, ours, '')]


def _missing(wanted, found, where):
    """Yield lines for what ``found`` lacks of ``wanted``."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            if value is None and where == 'headers':
                # A header that has to be absent.
                value = _ABSENT
            yield from _missing(value, found.get(key, _ABSENT),
                                f'{where}.{key}')
    elif wanted != found:
        yield f'{where}: wanted {_show(wanted)}, ours {_show(found)}'


class Judge:
    """Knows which differences are listed.

    :param anchors: names of the entries of the table of differences.
    :param wording: whether the sentences of errors count, listed or not.
    :param server: the WSGI server that we run under, as tests/servers
        names it.
    """

    def __init__(self, anchors, wording=False, server=None):
        self._anchors = anchors
        self._server = server
        self._rules = [rule for anchor, rule in everywhere.RULES
                       if anchor in anchors and not
                       (wording and anchor == everywhere.WORDING)]

    def complaints(self, step, peer, ours):
        """Return what is wrong with our answer to ``step``, as lines."""
        if self._server in step.get('answered_by', ()):
            return self._of_server(peer, ours)
        found = differences(peer, ours, step.get('ignore') or (), self._rules)
        if step.differs is None:
            return found
        if step.differs not in self._anchors:
            return [*found, f'no difference {step.differs!r} is listed']
        if not found:
            return [f'no longer differs: {step.differs!r} can go']
        return [line for name, value in (step.get('instead') or {}).items()
                for line in _missing(value, ours.get(name, _ABSENT), name)]

    def _of_server(self, peer, ours):
        """Return what is wrong with an answer of the WSGI server."""
        if 'x-openstack-request-id' in ours['headers']:
            return [f'{self._server} no longer answers it']
        if peer['status'] == ours['status']:
            return []
        return [f'peer {_gist(peer)}', f'ours {_gist(ours)}']
