# SPDX-License-Identifier: Apache-2.0
"""Puts saved results into the documentation, between marks it finds there.
"""
import json
import pathlib
import re

from tests.bench import encoders
from tests.bench import imports
from tests.bench import plot
from tests.bench import table

_DOC = pathlib.Path(__file__).parents[2] / 'doc' / 'source'
_PAGE = _DOC / 'reference' / 'performance.rst'
_PLOT = _DOC / 'images' / 'performance.png'


def write(options):
    """Write what the results hold into the page, and the plot beside it.

    :param options: those of the command.
    """
    page = _PAGE.read_text()
    found = [json.loads(path.read_text()) for path in options.results]
    catalogue = _merged([each for each in found if 'sizes' in each])
    if catalogue:
        growth = catalogue['sizes']
        if options.growth:
            growth = json.loads(options.growth.read_text())['sizes']
        plot.draw(catalogue['sizes'], _PLOT)
        page = _between(page, 'catalogue', _catalogue(catalogue, growth))
    for each in found:
        if 'measures' in each:
            page = _between(page, 'data', table.restructured(
                *table.of_data(each)))
        if 'imports' in each:
            page = _between(page, 'imports', table.restructured(
                *imports.of_imports(each)))
        if 'encoders' in each:
            page = _between(page, 'encoders', table.restructured(
                *encoders.of_encoders(each)))
    _PAGE.write_text(page)


def _merged(found):
    """:returns: results of several sizes and titles in one; later ones win.
    """
    merged = {}
    for results in found:
        for part, sizes in results.items():
            for size, each in sizes.items():
                merged.setdefault(part, {}).setdefault(size, {}).update(each)
    return merged


def _catalogue(results, growth):
    lines = []
    for size, each in results['sizes'].items():
        lines += [f'{int(size):,} images:', '',
                  *table.restructured(*table.of_comparison(each)), '']
    if len(growth) > 1:
        lines += ['The median time of each request, by the number of images:',
                  '', *table.restructured(*table.of_growth(growth)), '']
    return [*lines,
            'What of a request cannot be left out, in milliseconds:', '',
            *table.restructured(*table.of_floor(results)), '',
            'Start and memory:', '',
            *table.restructured(*table.of_processes(results))]


def _between(page, name, lines):
    """:returns: ``page`` with ``lines`` between the marks of that name."""
    begin, end = f'.. begin {name}\n', f'.. end {name}\n'
    return re.sub(f'(?s){re.escape(begin)}.*{re.escape(end)}',
                  lambda _: '\n'.join([begin, *lines, '', end]), page)
