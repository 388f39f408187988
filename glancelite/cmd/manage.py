# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage: the database's schema, made, adopted and given back.

``glancelite-manage --config-file FILE db sync|version|check|adopt|release``.
It exits with 0 when all is well, 1 with one line about what is not, and
``db check`` with 4 when ``db sync`` has something to do. ``fsck`` and
``scrub`` are in ``data_commands``, ``db purge`` is in ``purge``, those on
metadata definitions are in ``metadef_commands``, ``tasks`` in
``task_commands``, ``cache`` in ``cache_commands``.
"""
import functools
import sys

from oslo_config import cfg
from oslo_log import log

from glancelite import conf as configuration
from glancelite import exception
from glancelite import logs
from glancelite.cmd import cache_commands
from glancelite.cmd import config_commands
from glancelite.cmd import data_commands
from glancelite.cmd import metadef_commands
from glancelite.cmd import purge
from glancelite.cmd import task_commands
from glancelite.conf import files as conf_files
from glancelite.db import api as db
from glancelite.db import characters
from glancelite.db import migration

_NAME = 'glancelite-manage'

#: What ``db check`` of other OpenStack services says with an exit status.
_UPGRADE_NEEDED = 4


def _sync(database):
    """Make the schema, or bring it up to date."""
    migration.sync(database)
    print(f'The schema is at {migration.version(database)}.')


def _version(database):
    """Print the revision of the schema, ours and Glance's."""
    for name, revision in (('glancelite', migration.version(database)),
                           ('glance', migration.glance_version(database))):
        print(f'{name}: {revision or "none"}')


def _check(database):
    """Tell whether "db sync" has something to do (exit status 4)."""
    pending = migration.check(database)
    if not pending:
        print('The schema is up to date.')
        return 0
    print(f'"db sync" will bring: {", ".join(pending)}.')
    return _UPGRADE_NEEDED


def _adopt(database):
    """Take over a database of Glance; Glance can go on beside us."""
    migration.adopt(database)
    print('The database is adopted; its schema is at '
          f'{migration.version(database)}.')


def _release(database):
    """Drop what is ours, and leave the database to Glance."""
    migration.release(database)
    print('The database is released; what Glance made is as it was.')


def _convert(database):
    """Let the texts of a MySQL that Glance has made take all of Unicode."""
    for table in characters.convert(database):
        print(f'{table} is done.', flush=True)
    print('All texts take all of Unicode.')


_DATABASE_COMMANDS = {
    'sync': _sync, 'version': _version, 'check': _check, 'adopt': _adopt,
    'release': _release, 'convert-utf8mb4': _convert}

#: How glance-manage spells them besides.
_SPELLINGS_OF_GLANCE = {'db_sync': _sync, 'db_version': _version,
                        'db_check': _check}


def _add_commands(conf, parsers):
    actions = parsers.add_parser(
        'db', help='the schema of the database').add_subparsers(
            dest='action', required=True)
    for name, run in _DATABASE_COMMANDS.items():
        actions.add_parser(name, help=run.__doc__,
                           description=run.__doc__).set_defaults(run=run)
    metadef_commands.add_commands(actions, conf)
    for name, run in _SPELLINGS_OF_GLANCE.items():
        parsers.add_parser(name, help=run.__doc__,
                           description=run.__doc__).set_defaults(run=run)
    purge.add_commands(parsers, actions, conf)
    data_commands.add_commands(parsers, conf)
    config_commands.add_commands(parsers, conf)
    task_commands.add_commands(parsers, conf)
    cache_commands.add_commands(parsers, conf)


def _configure(arguments):
    conf = configuration.new()
    conf.register_cli_opt(cfg.SubCommandOpt(
        'command', title='commands',
        handler=functools.partial(_add_commands, conf)))
    log.set_defaults(default_log_levels=[
        *log.get_default_log_levels(), 'alembic=WARN'])
    conf(arguments, project='glancelite', prog=_NAME,
         default_config_files=conf_files.usual())
    if not (conf.log_file or conf.log_dir):
        # What a command prints may be read by a program.
        conf.set_default('use_stderr', True)
    logs.begin(conf, _NAME)
    # Whoever types a command wants to know at once, not in some minutes.
    conf.set_override('max_retries', 0, group='database')
    return conf


def main(arguments=None):
    """:returns: the exit status; ``arguments`` default to the command's."""
    try:
        conf = _configure(sys.argv[1:] if arguments is None else arguments)
    except (exception.ConfigurationError, cfg.Error) as error:
        print(f'{_NAME}: {error}', file=sys.stderr)
        return 1
    database = None
    try:
        database = db.Database(conf)
        return conf.command.run(database) or 0
    except exception.ConfigurationError as refused:
        print(refused, file=sys.stderr)
    except Exception as error:  # whatever the driver raises
        if conf.debug:
            raise
        print(f'The database cannot be used: {error}'.splitlines()[0],
              file=sys.stderr)
    finally:
        if database:
            database.dispose()
    return 1


if __name__ == '__main__':
    sys.exit(main())
