# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage tasks: who runs what, and a host that takes no more."""
import functools
import os
import pathlib
import sys
import time

from glancelite.db import leases
from glancelite.objects import lease as lease_object

#: Seconds between two looks whether tasks have ended.
_INTERVAL = 1


def add_commands(parsers, conf):
    """Add the commands to those of glancelite-manage."""
    actions = parsers.add_parser(
        'tasks', help='tasks that run, and whether this host takes more'
    ).add_subparsers(dest='action', required=True)
    for name, run in (('list', _list), ('drain', _drain),
                      ('resume', _resume)):
        parser = actions.add_parser(name, help=run.__doc__,
                                    description=run.__doc__)
        parser.set_defaults(run=functools.partial(run, conf))
        if run is _drain:
            parser.add_argument('--wait', action='store_true',
                                help='until those that run have ended')


def _list(conf, database):
    """Print the tasks that run now: image, host, attempt."""
    for lease in _running(conf, database):
        print(lease.image_id, lease.detail.get('runner', '-'),
              lease.detail.get('attempts', 0))


def _drain(conf, database):
    """Let this host finish the tasks it runs, and take no more."""
    path = pathlib.Path(conf.task.drain_file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        print(f'[task] drain_file {path}: {error.strerror}', file=sys.stderr)
        return 1
    host = os.uname().nodename
    while conf.command.wait and any(
            lease.detail.get('runner') == host
            for lease in _running(conf, database)):
        time.sleep(_INTERVAL)
    print(f'{host} takes no more tasks.')
    return 0


def _resume(conf, database):
    """Let this host take tasks again."""
    pathlib.Path(conf.task.drain_file).unlink(missing_ok=True)
    print(f'{os.uname().nodename} takes tasks.')


def _running(conf, database):
    return leases.Leases(database, conf.lease.ttl).held(lease_object.IMPORT)
