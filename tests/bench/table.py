# SPDX-License-Identifier: Apache-2.0
"""Results as tables, for people to read and for the documentation."""

OURS, PEER = 'glancelite', 'peer'

TEE, NGINX = LIMITS = ('tee', 'nginx')
UPLOAD, CHUNKED = 'upload', 'upload, chunked'
IN_TURN, UPLOADS = 'uploads in turn', 'uploads at once'
DOWNLOAD, DOWNLOADS = 'download', 'downloads at once'


def number(value):
    """:returns: ``value`` with two or three digits that count."""
    if value is None:
        return '-'
    if value >= 100:
        return f'{value:.0f}'
    return f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def times(value):
    """:returns: a ratio."""
    return '-' if value is None else f'{number(value)}x'


def plain(header, rows):
    """:returns: lines of a table in text, numbers to the right."""
    widths = [max(len(row[column]) for row in (header, *rows))
              for column in range(len(header))]
    return [' '.join(
        cell.ljust(width) if not column else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths)))
        for row in (header, *rows)]


def restructured(header, rows):
    """:returns: lines of a table in reStructuredText."""
    widths = [max(len(row[column]) for row in (header, *rows))
              for column in range(len(header))]
    rule = '  '.join('=' * width for width in widths)
    lines = ['  '.join(cell.ljust(width) for cell, width
                       in zip(row, widths)).rstrip()
             for row in (header, *rows)]
    return [rule, lines[0], rule, *lines[1:], rule]


def of_catalogue(results):
    """:returns: header and rows for one size of a catalogue."""
    with_peer = any(PEER in each for each in results.values())
    header = ['request', 'CPU ms', 'database ms', 'p50 ms', 'p99 ms',
              'per second']
    if with_peer:
        header += ['peer CPU ms', 'database ms', 'p50 ms', 'p99 ms',
                   'per second', 'CPU ratio', 'rate ratio']
    rows = []
    for title, each in results.items():
        ours, peer = each[OURS], each.get(PEER)
        row = [title, *_figures(ours)]
        if with_peer:
            row += [*_figures(peer), times(peer['cpu'] / ours['cpu']),
                    times(ours['rate'] / peer['rate'])]
        rows.append(row)
    return header, rows


def of_comparison(results):
    """:returns: header and rows: processor time and rate, for a page."""
    header = ['request', 'CPU ms', 'peer', 'ratio', 'per second', 'peer',
              'ratio', 'database CPU ms', 'peer', 'p50 ms', 'p99 ms']
    rows = []
    for title, each in results.items():
        ours, peer = each[OURS], each.get(PEER, {})
        rows.append([
            title, number(ours['cpu']), number(peer.get('cpu')),
            times(peer and peer['cpu'] / ours['cpu'] or None),
            number(ours['rate']), number(peer.get('rate')),
            times(peer and ours['rate'] / peer['rate'] or None),
            number(ours['database_cpu']), number(peer.get('database_cpu')),
            number(ours['p50']), number(ours['p99'])])
    return header, rows


def _figures(each):
    return [number(each[name]) for name in
            ('cpu', 'database_cpu', 'p50', 'p99', 'rate')]


def of_growth(sizes):
    """:returns: header and rows: the p50 of each list at each size, and how
    processor time grows, the service's and the database's.

    Answers grow until the page is full. Those of the same number of images
    are compared: that of the largest catalogue, and that of the smallest one
    in which the page is as full.
    """
    names = sorted(sizes, key=int)
    header = ['p50 ms', *(f'{int(name):,}' for name in names), 'images',
              'from', 'growth', 'of CPU']
    rows = []
    for title in sizes[names[-1]]:
        each = [sizes[name].get(title, {}).get(OURS) for name in names]
        last = each[-1]
        first = next(number for number, figures in enumerate(each)
                     if figures and figures['images'] == last['images'])
        rows.append([
            title, *(number(figures and figures['p50']) for figures in each),
            str(last['images'] or '-'), f'{int(names[first]):,}',
            times(last['p50'] / each[first]['p50']),
            times(_processor(last) / _processor(each[first]))])
    return header, rows


def _processor(figures):
    return figures['cpu'] + figures['database_cpu']


def of_floor(results):
    """:returns: header and rows: what cannot be left out, and the rest."""
    header = ['images', 'request', 'p50 ms', 'SQL alone', 'JSON alone',
              'the rest']
    rows = []
    for size, floors in results['floor'].items():
        for title, floor in floors.items():
            measured = results['sizes'][size].get(title)
            if measured:
                whole = measured[OURS]['p50']
                rows.append([f'{int(size):,}', title, *map(number, (
                    whole, floor['sql'], floor['json'],
                    whole - floor['sql'] - floor['json']))])
    return header, rows


def of_processes(results):
    """:returns: header and rows: memory, and time to the first answer."""
    names = list(dict.fromkeys(
        name for each in results['memory'].values() for name in each))
    rows = []
    for label, part in (('seconds to the first answer', 'first_answer'),
                        ('MiB', 'memory')):
        rows += [[f'{label}, {int(size):,} images',
                  *(number(each.get(name)) for name in names)]
                 for size, each in results[part].items()]
    return ['', *names], rows


def of_data(results):
    """:returns: header and rows: transfers, as ratios too."""
    header = ['transfer', 'server', 'seconds', 'MiB/s', 'CPU s', 'peak MiB',
              'MiB in all', 'of the limit', 'of the peer', 'CPU of the peer',
              'MiB of the peer']
    mebibytes = results['size'] / (1 << 20)
    rows = []
    for what, sides in results['measures'].items():
        limit = next((each for name, each in sides.items()
                      if name in LIMITS), None)
        if what.startswith(UPLOAD) and limit is None:
            limit = results['measures'][UPLOAD][TEE]
        peer = sides.get(PEER)
        for name, each in sides.items():
            rows.append([
                what, name, number(each['seconds']),
                number(mebibytes / each['seconds']),
                number(each.get('cpu')), number(each.get('peak')),
                number(each.get('memory')),
                _ratio(each, limit, 'seconds'), _ratio(each, peer, 'seconds'),
                _ratio(each, peer, 'cpu'), _ratio(each, peer, 'memory')])
    return header, rows


def _ratio(figures, others, name):
    if others is None or figures is others or not others.get(name):
        return '-'
    return '-' if name not in figures else times(figures[name] / others[name])
