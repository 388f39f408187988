# SPDX-License-Identifier: Apache-2.0
"""Run as a program: fetches as the standalone server would."""
import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from eventlet import tpool  # noqa: E402

from glancelite import exception  # noqa: E402
from glancelite.fetch import fetcher  # noqa: E402
from tests.unit.fetch import wire  # noqa: E402


def main(url, size):
    """Read ``url`` in green and in native threads, many at once."""
    fetch = fetcher.Fetcher(wire.options(
        import_filtering_opts__allowed_hosts=['127.0.0.1'],
        import_filtering_opts__allowed_ports=[]))

    def green():
        with fetch.open(url) as stream:
            return _count(stream.read)

    def native():
        if tpool.execute(fetch.size, url) != size:
            raise AssertionError('another size')
        stream = tpool.execute(fetch.open, url)
        try:
            return _count(lambda count: tpool.execute(stream.read, count))
        finally:
            tpool.execute(stream.close)

    for thread in [eventlet.spawn(function) for _ in range(20)
                   for function in (green, native)]:
        if thread.wait() != size:
            raise AssertionError('other data')
    try:
        tpool.execute(fetch.open, 'http://127.0.0.1:1/')
    except exception.FetchRefused:
        print('done')


def _count(read):
    count = 0
    while block := read(1000):
        count += len(block)
    return count


if __name__ == '__main__':
    main(sys.argv[1], int(sys.argv[2]))
