# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage db purge and purge_images_table: what they print.

Their options are those of glance-manage, and so is what they default to.
"""
import argparse
import collections
import sys

from glancelite.db import purge

_DAYS, _ROWS = 30, 100


def _purge(conf, database):
    """Remove deleted rows for good, except those of images."""
    return _run(conf, database, purge.Purge.rows)


def _purge_images(conf, database):
    """Remove the rows of deleted images; their ids can be given again."""
    return _run(conf, database, purge.Purge.images)


#: As subcommands of ``db``; glance-manage knows them by ``db_`` too.
_COMMANDS = {'purge': _purge, 'purge_images_table': _purge_images}


def add_commands(parsers, actions, conf):
    """Add the commands to glancelite-manage, in both spellings."""
    for name, run in _COMMANDS.items():
        for owner, spelling in ((actions, name), (parsers, f'db_{name}')):
            parser = owner.add_parser(spelling, help=run.__doc__,
                                      description=run.__doc__)
            parser.add_argument(
                '--age-in-days', '--age_in_days', type=_days, default=_DAYS,
                metavar='N', help='deleted at least so long ago '
                                  f'(default: {_DAYS})')
            parser.add_argument(
                '--max-rows', '--max_rows', type=_rows, default=_ROWS,
                metavar='N', help='at most so many rows; -1 for all '
                                  f'(default: {_ROWS})')
            parser.set_defaults(run=lambda database, run=run: run(
                conf, database))


def _run(conf, database, work):
    command = conf.command
    counts = collections.Counter()
    told = None
    for table, count in work(purge.Purge(
            database, command.age_in_days, command.max_rows)):
        if told and told != table:
            print(f'{told}: {counts[told]}', flush=True)
        told = table
        counts[table] += count
        if sys.stderr.isatty():
            print(f'\r{table}: {counts[table]}', end='\r', file=sys.stderr,
                  flush=True)
    if told:
        print(f'{told}: {counts[told]}')
    print(f'{counts.total()} rows are removed.')


def _days(text):
    value = int(text)
    # What is older than the calendar was never deleted.
    if not 0 <= value <= 100 * 365:
        raise argparse.ArgumentTypeError('must be from 0 to 36500')
    return value


def _rows(text):
    value = int(text)
    if value < -1:
        raise argparse.ArgumentTypeError('must be -1 or more')
    return value
