# SPDX-License-Identifier: Apache-2.0
"""The peer's answers as files: one line an answer, repeated parts once."""
import collections
import json

from tests.compare import scenario as scenario_file

RECORDED = scenario_file.HERE / 'recorded'

_MARK = '$part'
_SHORTEST = 120


def _text(value):
    return json.dumps(value, ensure_ascii=False)


def _count(value, counts):
    if isinstance(value, dict):
        counts[_text(value)] += 1
    for item in (value.values() if isinstance(value, dict) else
                 value if isinstance(value, list) else ()):
        _count(item, counts)


def _pack(value, numbers):
    if isinstance(value, dict):
        number = numbers.get(_text(value))
        if number is not None:
            return {_MARK: number}
        return {key: _pack(item, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [_pack(item, numbers) for item in value]
    return value


def _unpack(value, parts):
    if isinstance(value, dict):
        if set(value) == {_MARK}:
            return parts[value[_MARK]]
        return {key: _unpack(item, parts) for key, item in value.items()}
    if isinstance(value, list):
        return [_unpack(item, parts) for item in value]
    return value


def path(name):
    """Return where the answers to the scenario ``name`` are kept."""
    return RECORDED / f'{name}.json'


def write(name, answers):
    """Keep ``answers``, a list of dicts, as those to the scenario ``name``.

    Objects that occur more than once stand in ``parts``, and in their places
    a reference to them.
    """
    counts = collections.Counter()
    for answer in answers:
        _count(answer, counts)
    shared = [text for text, count in counts.items()
              if count > 1 and len(text) >= _SHORTEST]
    numbers = {text: number for number, text in enumerate(shared)}
    packed = ',\n'.join(_text(_pack(answer, numbers)) for answer in answers)
    parts = ',\n'.join(shared)
    RECORDED.mkdir(exist_ok=True)
    path(name).write_text(
        f'{{"parts": [\n{parts}\n],\n"answers": [\n{packed}\n]}}\n')


def read(name):
    """Return the answers to the scenario ``name`` as ``write`` got them."""
    kept = json.loads(path(name).read_text())
    return [_unpack(answer, kept['parts']) for answer in kept['answers']]
