# SPDX-License-Identifier: Apache-2.0
"""Scenarios as data: a YAML file becomes a list of steps to send.

A file has ``title``, ``settings`` (a name in ``settings.yaml``), ``steps``
and, where glancelite cannot do yet what is asked, ``pending``: why it is
left out unless named. A step has:

``call``
    method and path: ``GET /v2/images/${image}``
``as``
    a persona of ``personas.yaml``, or a list: one request for each
``json``, ``body``, ``bytes``
    the body: as JSON, as text, or a number of zero bytes
``type``
    its media type; null sends none
``headers``, ``accept``, ``chunked``
    accept is application/json unless said otherwise; null sends none
``each``
    a list of steps that complete this one: one request for each
``for``
    a mapping of a name to a list of values: one request for each value
``capture``
    a mapping of a name to a member of the answer's JSON (``id``,
    ``images.0.id``)
``wait``
    members that the answer's JSON must reach: the request is repeated until
    it has
``tick``
    first let the clock reach its next second
``ignore``
    what of the answer is not compared: ``body``, or names of headers
``answered_by``
    WSGI servers, as tests/servers names them, that answer this by
    themselves: under one of them only the status is compared
``differs``, ``instead``
    the entry of ``differences.rst`` that says why glancelite answers
    otherwise, and what it answers: ``status``, ``headers``, ``json`` (only
    the members named are compared), ``text``
"""
import dataclasses
import itertools
import pathlib

import yaml

# The one in C, where there is one, takes a tenth of the time.
_LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)

HERE = pathlib.Path(__file__).resolve().parent
SCENARIOS = HERE / 'scenarios'

_KNOWN = {'call', 'as', 'json', 'body', 'bytes', 'type', 'headers', 'accept',
          'chunked', 'capture', 'wait', 'tick', 'ignore', 'answered_by',
          'differs', 'instead', 'note'}


class BadScenario(Exception):
    """A scenario file that cannot be understood."""


@dataclasses.dataclass
class Step:
    """One request to send; ``key`` tells it from all others of its file."""

    key: str
    persona: str
    fields: dict

    def get(self, name, default=None):
        return self.fields.get(name, default)

    @property
    def differs(self):
        return self.fields.get('differs')


@dataclasses.dataclass
class Scenario:
    """A file of steps that need the same settings."""

    name: str
    title: str
    settings: str
    pending: str | None
    steps: list


def _values(mapping):
    """Yield every combination of ``for``: dicts of one value a name."""
    names = list(mapping)
    for values in itertools.product(*(mapping[name] for name in names)):
        yield dict(zip(names, values))


def _put(template, values):
    """Replace ``${name}`` of a ``for`` in ``template`` by its value."""
    if isinstance(template, str):
        for name, value in values.items():
            reference = '${%s}' % name
            if template == reference:
                return value
            if reference in template:
                template = template.replace(reference, str(value))
        return template
    if isinstance(template, list):
        return [_put(item, values) for item in template]
    if isinstance(template, dict):
        return {_put(key, values): _put(value, values)
                for key, value in template.items()}
    return template


def _expand(fields):
    """Yield the plain fields of every request that a step stands for."""
    fields = dict(fields)
    each, loops = fields.pop('each', None), fields.pop('for', None)
    if loops:
        for values in _values(loops):
            yield from _expand(_put({**fields, 'each': each}, values))
    elif each:
        for part in each:
            headers = {**fields.get('headers', {}),
                       **(part.get('headers') or {})}
            yield from _expand({**fields, **part, 'headers': headers})
    else:
        personas = fields.pop('as', 'alice')
        if isinstance(personas, str):
            personas = [personas]
        for persona in personas:
            yield {**fields, 'as': persona}


def _brief(value, length=60):
    text = ' '.join(str(value).split())
    return text if len(text) <= length else text[:length - 3] + '...'


def _key(number, fields):
    parts = [f'{number:03}', fields['as'], fields['call']]
    for name in ('json', 'body'):
        if name in fields:
            parts.append(_brief(fields[name]))
    if 'note' in fields:
        parts.append(f'({fields["note"]})')
    return ' '.join(parts)


def load(path):
    """Return the ``Scenario`` in the file ``path``.

    :raises BadScenario: for unknown words or missing ones.
    """
    data = yaml.load(path.read_text(), _LOADER)
    missing = {'title', 'settings', 'steps'} - set(data)
    if missing:
        raise BadScenario(f'{path.name}: no {", ".join(sorted(missing))}')
    steps = []
    for raw in data['steps']:
        for fields in _expand(raw):
            unknown = set(fields) - _KNOWN
            if unknown or 'call' not in fields:
                raise BadScenario(f'{path.name}: {sorted(unknown)} in {raw}')
            key = _key(len(steps) + 1, fields)
            steps.append(Step(key, fields.pop('as'), fields))
    return Scenario(path.stem, data['title'], data['settings'],
                    data.get('pending'), steps)


def _paths():
    return {path.stem: path for path in sorted(SCENARIOS.glob('*.yaml'))}


def load_all(names=()):
    """Return the scenarios of those ``names``, or all but pending ones."""
    paths = _paths()
    unknown = set(names) - set(paths)
    if unknown:
        raise BadScenario(f'no such scenario: {", ".join(sorted(unknown))}')
    found = [load(paths[name]) for name in (names or paths)]
    return [scenario for scenario in found
            if names or not scenario.pending]


def load_pending():
    """Return the scenarios that are left out unless named."""
    return [scenario for scenario in map(load, _paths().values())
            if scenario.pending]
