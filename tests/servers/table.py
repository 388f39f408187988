# SPDX-License-Identifier: Apache-2.0
"""The table of servers and chunk sizes, as doc/source/admin/servers.rst has
it. Written to the file that GLANCELITE_SERVERS_TABLE names, if it is set.
"""
import atexit
import os

_MIB = 1024 * 1024
_rows = {}


def size_name(size):
    """:returns: bytes in the largest unit that fits."""
    if size is None:
        return 'length'
    for unit, name in ((_MIB, 'MiB'), (1024, 'KiB')):
        if size >= unit:
            return f'{size // unit} {name}'
    return f'{size} B'


def record(server, chunk_size, size, seconds):
    """Note that ``size`` bytes arrived whole in chunks of ``chunk_size``.

    :param chunk_size: bytes, None for a body with a length.
    """
    if not _rows:
        atexit.register(_write)
    rate = size / _MIB / seconds
    _rows.setdefault(server, {})[chunk_size] = (
        f'{rate:.1f}' if rate < 10 else f'{rate:.0f}')


def _write():
    path = os.environ.get('GLANCELITE_SERVERS_TABLE')
    if not path:
        return
    sizes = sorted({size for row in _rows.values() for size in row},
                   key=lambda size: size or 0)
    lines = ['.. list-table:: MiB/s', '   :header-rows: 1', '',
             '   * - server']
    lines += [f'     - {size_name(size)}' for size in sizes]
    for server, row in _rows.items():
        lines.append(f'   * - {server}')
        lines += [f'     - {row.get(size, "")}' for size in sizes]
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join([*lines, '']))
