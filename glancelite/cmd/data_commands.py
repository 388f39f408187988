# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage fsck and scrub: what they print, and how they exit.

Both exit with 0 when all is well, with 1 when something is left that is not,
and with 2 when they could not do their work.
"""
import argparse
import dataclasses
import functools
import json
import sys
import time

from glancelite import exception
from glancelite.data import consistency as checker
from glancelite.data import leases as data_leases
from glancelite.data import removal
from glancelite.data import scrub
from glancelite.data import threads
from glancelite.db import images
from glancelite.db import inventory
from glancelite.db import leases
from glancelite.db import location_urls
from glancelite.fetch import fetcher
from glancelite.fetch import peer
from glancelite.objects import consistency
from glancelite.stores import registry

#: Seconds that a lease of ours holds: nobody else finishes what we do.
_TTL = 3600

#: Seconds between two lines of progress.
_INTERVAL = 0.2

_FAILED = 2
_GIB = 1024 ** 3


def add_commands(parsers, conf):
    """Add the commands to those of glancelite-manage."""
    parser = parsers.add_parser(
        'fsck', help='whether the database and the stores agree',
        description='Compare the database with the stores.',
        epilog='Problems are: ' + '; '.join(
            f'{kind}: {words}' for kind, words in consistency.KINDS.items())
        + '.')
    parser.add_argument('--verify', action='store_true',
                        help='read all data, and compare the digests')
    parser.add_argument(
        '--repair', action='store_true',
        help='remove bytes that no record names, and queue images that '
             'nobody is at work on, where they are older than --min-age')
    parser.add_argument('--store', help='look at this store alone')
    parser.add_argument('--min-age', type=_seconds, default=24 * 3600,
                        help='seconds (default: a day)')
    parser.add_argument('--format', choices=('table', 'json'),
                        default='table')
    parser.set_defaults(run=functools.partial(_guarded, _fsck, conf))
    parser = parsers.add_parser(
        'scrub', help='remove the data that delayed_delete has left',
        description='Remove the data of images in pending_delete.')
    parser.add_argument('--older-than', type=_seconds, default=0,
                        help='seconds since the deletion, at least '
                             '(default: 0)')
    parser.set_defaults(run=functools.partial(_guarded, _scrub, conf))


def _seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = -1
    # Not a number compares with nothing.
    if not value >= 0:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no number of seconds')
    return value


def _guarded(run, conf, database):
    try:
        return run(conf, database)
    except (exception.GlanceliteError,
            exception.ConfigurationError) as error:
        print(error, file=sys.stderr)
    except BrokenPipeError:
        # Whoever read what we print has gone.
        sys.stdout = None
    return _FAILED


class _Parts:
    """What both commands work with."""

    def __init__(self, conf, database):
        location_urls.require_key(database)
        self.leases = leases.Leases(database, _TTL)
        self.inventory = inventory.Inventory(database, self.leases)
        self.images = images.Images(database, self.leases)
        self.stores = registry.Stores(conf, fetcher.Fetcher(conf),
                                      threads.NativeThreads())


def _fsck(conf, database):
    command = conf.command
    parts = _Parts(conf, database)
    progress = _Progress() if sys.stderr.isatty() else consistency.Progress()
    printer = _PRINTERS[command.format](progress)
    wishes = consistency.Wishes(
        verify=command.verify, repair=command.repair, store=command.store,
        min_age=command.min_age)
    checking = checker.Checker(
        parts.inventory, parts.images, parts.leases, parts.stores, progress,
        conf.transfer_block_size, peer.Peers(conf).own)
    left = 0
    for problem in checking.run(wishes):
        left += not problem.repaired
        printer.add(dataclasses.replace(problem, url=_shown(problem.url)))
    printer.end(checking.unlisted(wishes))
    return 1 if left else 0


def _scrub(conf, database):
    parts = _Parts(conf, database)
    native = threads.NativeThreads()
    holder = data_leases.Holder(parts.leases, native, _TTL)
    scrubber = scrub.Scrubber(
        parts.inventory, parts.leases, holder,
        removal.Remover(parts.stores, holder, native))
    count = left = 0
    for image_id, gone in scrubber.scrub(conf.command.older_than):
        count += gone
        if not gone:
            left += 1
            print(f'{image_id}: its data is still there', file=sys.stderr)
    print(f'The data of {count} images is removed.')
    return 1 if left else 0


def _shown(url):
    """:returns: ``url`` without a password that it may contain."""
    if url is None or '@' not in url:
        return url
    scheme, _, rest = url.partition('://')
    return f'{scheme}://***@{rest.rpartition("@")[2]}'


class _Progress(consistency.Progress):
    """One line on a terminal, written over and over."""

    def __init__(self):
        self._stage = ''
        self._total = None
        self._count = self._size = 0
        self._shown_at = 0
        self._width = 0

    def begin(self, stage, total=None):
        self._stage, self._total = stage, total
        self._count = self._size = 0
        self._show()

    def step(self, count=1, size=0):
        self._count += count
        self._size += size
        if time.monotonic() - self._shown_at > _INTERVAL:
            self._show()

    def clear(self):
        """Leave the line to what is printed next."""
        if self._width:
            print('\r' + ' ' * self._width, end='\r', file=sys.stderr,
                  flush=True)
            self._width = 0

    def _show(self):
        self._shown_at = time.monotonic()
        line = f'{self._stage}: {self._count}'
        if self._total is not None:
            line += f' of {self._total}'
        if self._size:
            line += f', {self._size / _GIB:.1f} GiB read'
        print('\r' + line.ljust(self._width), end='', file=sys.stderr,
              flush=True)
        self._width = max(self._width, len(line))


class _Table:
    """Lines as they come, in columns wide enough for most."""

    _LINE = '{:12}  {:36}  {:16}  {:8}  {}'

    def __init__(self, progress):
        self._clear = getattr(progress, 'clear', lambda: None)
        self._count = self._repaired = 0

    def add(self, problem):
        self._clear()
        if not self._count:
            print(self._LINE.format('problem', 'image', 'store', 'repaired',
                                    'where and what'))
        self._count += 1
        self._repaired += problem.repaired
        where = ', '.join(filter(None, (problem.url, problem.detail)))
        print(self._LINE.format(
            problem.kind, problem.image_id or '-', problem.store or '-',
            'yes' if problem.repaired else 'no', where), flush=True)

    def end(self, unlisted):
        """Print the sum, and stores that do not tell what they hold."""
        self._clear()
        if unlisted:
            print('Not looked for: bytes that no record names in '
                  f'{", ".join(unlisted)}, which cannot be listed.')
        print(f'{self._count} problems, {self._repaired} repaired.')


class _Json:
    """A JSON document; a problem a line, so that none is kept in memory."""

    def __init__(self, progress):
        self._clear = getattr(progress, 'clear', lambda: None)
        self._count = self._repaired = 0
        print('{"problems": [', end='')

    def add(self, problem):
        self._clear()
        print(',' if self._count else '',
              json.dumps(dataclasses.asdict(problem)), sep='\n', end='',
              flush=True)
        self._count += 1
        self._repaired += problem.repaired

    def end(self, unlisted):
        """As of the table."""
        self._clear()
        print(f'\n], "count": {self._count}, "repaired": {self._repaired}, '
              f'"unlisted": {json.dumps(unlisted)}}}')


_PRINTERS = {'table': _Table, 'json': _Json}
