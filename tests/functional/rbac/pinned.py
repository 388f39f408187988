# SPDX-License-Identifier: Apache-2.0
"""The pinned answers of Glance, and where ours differ on purpose."""
import pathlib

import yaml

from tests.functional.rbac import matrix

_HERE = pathlib.Path(__file__).parent
PATH = _HERE / 'pinned.yaml'
DIFFERENCES = _HERE / 'differences.yaml'

_HEAD = '''# SPDX-License-Identifier: Apache-2.0
# What a real Glance answers: by call and relation of the caller's project to
# the image, the status for each role (%s),
# and the kinds of images that it is so for.
# Written by tools/compare --personas --record.
'''


def write(table):
    """Keep ``table``, in the form of ``matrix.play``, in the file."""
    lines = [_HEAD % ', '.join(matrix.ROLES)]
    for call, kinds in table.items():
        lines.append(f'{call}:\n')
        for relation in matrix.RELATIONS:
            groups = {}
            for kind, relations in kinds.items():
                if relation in relations:
                    row = ' '.join(relations[relation].values())
                    groups.setdefault(row, []).append(kind)
            if groups:
                lines.append(f'  {relation}:\n')
            for row, members in groups.items():
                which = ('all' if len(members) == len(kinds)
                         else f'[{", ".join(_short(members))}]')
                lines += _folded(f"    '{row}': {which}")
    PATH.write_text(''.join(lines))


def _of(name):
    """Return the kinds that ``name`` stands for: a part means all of it."""
    return [kind for kind in matrix.KINDS
            if name == kind or name in kind.split()]


def _short(kinds):
    """Return names for ``kinds``, those of parts where all of them are."""
    names, left = [], set(kinds)
    for part in (*matrix.VISIBILITIES, *matrix.STATUSES):
        if left.issuperset(_of(part)):
            names.append(part)
            left.difference_update(_of(part))
    return names + [kind for kind in kinds if kind in left]


def _folded(line):
    """Yield a line in parts of at most 79 columns."""
    while len(line) > 79:
        cut = line.rindex(' ', 0, 80)
        yield line[:cut] + '\n'
        line = ' ' * 8 + line[cut + 1:]
    yield line + '\n'


def _kinds(call, names):
    if call == 'create':
        return matrix.VISIBILITIES if names == 'all' else names
    if names == 'all':
        return matrix.KINDS
    return [kind for name in names for kind in _of(name)]


def read():
    """Return what ``write`` got, a table."""
    table = {}
    for call, relations in yaml.safe_load(PATH.read_text()).items():
        for relation, groups in relations.items():
            for row, names in groups.items():
                answers = dict(zip(matrix.ROLES, row.split()))
                for kind in _kinds(call, names):
                    by_kind = table.setdefault(call, {}).setdefault(kind, {})
                    by_kind[relation] = answers
    return table


class Differences:
    """Where glancelite answers otherwise than Glance, on purpose.

    Each entry of the file has ``difference`` (a row of the table of
    differences), ``calls``, ``answer``, and where it is not for all:
    ``relations``, ``roles``, ``kinds``.
    """

    def __init__(self):
        self._entries = yaml.safe_load(DIFFERENCES.read_text()) or []
        self.used = set()

    def anchors(self):
        """Return the names of the differences that entries refer to."""
        return {entry['difference'] for entry in self._entries}

    def answer(self, call, kind, relation, role, peer):
        """Return what we have to answer where Glance answers ``peer``."""
        for number, entry in enumerate(self._entries):
            if (call in entry['calls']
                    and kind in entry.get('kinds', [kind])
                    and relation in entry.get('relations', [relation])
                    and role in entry.get('roles', [role])
                    and peer in map(str, entry.get('instead_of', [peer]))):
                self.used.add(number)
                return str(entry['answer'])
        return peer


def complaints(peer, ours, differences):
    """Return sentences on answers in ``ours`` that are not the peer's."""
    found = []
    for call, kinds in ours.items():
        for kind, relations in kinds.items():
            for relation, roles in relations.items():
                for role, answer in roles.items():
                    theirs = peer[call][kind][relation][role]
                    wanted = differences.answer(call, kind, relation, role,
                                                theirs)
                    if answer != wanted:
                        found.append(
                            f'{call}, {kind} image, role {role} in the '
                            f'{relation} project: {answer} instead of '
                            f'{wanted}')
    return found
