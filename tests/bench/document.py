# SPDX-License-Identifier: Apache-2.0
"""Puts saved results into the documentation, between marks it finds there.
"""
import json
import pathlib
import re

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
    for path in options.results:
        results = json.loads(path.read_text())
        if 'sizes' in results:
            plot.draw(results['sizes'], _PLOT)
            page = _between(page, 'catalogue', _catalogue(results))
        else:
            page = _between(page, 'data', table.restructured(
                *table.of_data(results)))
    _PAGE.write_text(page)


def _catalogue(results):
    lines = []
    for size, each in results['sizes'].items():
        lines += [f'{int(size):,} images:', '',
                  *table.restructured(*table.of_comparison(each)), '']
    if len(results['sizes']) > 1:
        lines += ['The median time of each request, by the number of images:',
                  '',
                  *table.restructured(*table.of_growth(results['sizes'])), '']
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
