# SPDX-License-Identifier: Apache-2.0
"""The schema of a database: made, adopted from Glance, checked, given back.

``database`` is what ``glancelite.db.api`` gives; only its ``engine`` is used.
"""
import pathlib

from alembic import command
from alembic import config as alembic_config
from alembic import script
from alembic.runtime import migration as alembic_migration
from oslo_db import exception as db_exception
from oslo_log import log
import sqlalchemy

from glancelite import exception
from glancelite.db import location_urls
from glancelite.db import migration_lock
from glancelite.db import migrations
from glancelite.db import models
from glancelite.db.models import columns

#: The revisions of Glance's schema that this release can work on.
GLANCE_REVISIONS = ('2024_1_contract01',)


LOG = log.getLogger(__name__)


class SchemaError(exception.ConfigurationError):
    """The database is not one that we may migrate; the text says why."""


def sync(database):
    """Bring the schema to our head; what Glance has made stays as it is.

    Processes that start at once do this one after the other; where nothing
    is to be done, none waits.

    :raises SchemaError: when the tables are not Glance's at a revision that
        we know.
    """
    if glance_version(database) in GLANCE_REVISIONS and not check(database):
        return
    with migration_lock.held(database.engine):
        with database.engine.connect() as connection:
            _require_known(connection)
        run(database, command.upgrade, 'head')


def adopt(database):
    """As :func:`sync`, on a database that Glance has made.

    :raises SchemaError: also when Glance has made nothing there.
    :raises ConfigurationError: what it has made cannot be read.
    """
    if glance_version(database) is None:
        raise SchemaError('There is no Glance schema in this database.')
    location_urls.require_key(database)
    sync(database)


def release(database):
    """Drop what is ours; Glance's tables stay, with all that they hold.

    :raises SchemaError: when we have never been there, or left long ago.
    """
    with migration_lock.held(database.engine):
        if version(database) is None:
            raise SchemaError('This database has nothing of glancelite.')
        run(database, command.downgrade, 'base')
        with database.engine.begin() as connection:
            connection.execute(sqlalchemy.text(
                f'DROP TABLE {migrations.VERSION_TABLE}'))


def version(database):
    """:returns: our revision of the database, or None where there is none."""
    with database.engine.connect() as connection:
        return _revision(connection, migrations.VERSION_TABLE)


def glance_version(database):
    """:returns: Glance's revision of the database, or None."""
    with database.engine.connect() as connection:
        return _revision(connection, 'alembic_version')


def check(database):
    """:returns: the revisions that :func:`sync` would run, in their order.

    :raises SchemaError: when the database is newer than this release.
    """
    current = version(database)
    scripts = script.ScriptDirectory.from_config(_config())
    try:
        pending = [each.revision
                   for each in scripts.iterate_revisions('heads', current)]
    except script.revision.ResolutionError:
        raise SchemaError(f'The database is at revision {current}, which '
                          'this release does not know.') from None
    return pending[::-1]


def require_head(database):
    """Find out at start what every request would stumble over.

    A database that cannot be reached may come back: requests tell then.

    :raises ConfigurationError: the schema is not this release's.
    """
    try:
        pending = check(database)
    except db_exception.DBConnectionError:
        LOG.error('The database cannot be reached; serving begins when it '
                  'can be')
        return
    if pending:
        raise exception.ConfigurationError(
            'The database is not at the schema of this release: run '
            '"glancelite-manage db sync", or "db adopt" for one of Glance')


def run(database, step, target):
    """Run a step of alembic's, such as ``command.upgrade``, to a revision.

    :raises SchemaError: when the database is newer than this release.
    """
    settings = _config()
    check(database)
    with database.engine.connect() as connection:
        settings.attributes['connection'] = connection
        step(settings, target)


def _require_known(connection):
    glance = _revision(connection, 'alembic_version')
    if glance in GLANCE_REVISIONS:
        _require_complete(connection)
        return
    if glance is not None:
        known = ' or '.join(GLANCE_REVISIONS)
        raise SchemaError(f"Glance's schema is at {glance}; it has to be at "
                          f'{known}. Run "glance-manage db sync" of a '
                          'Glance that ends there.')
    present = sqlalchemy.inspect(connection)
    # Our version table is made first of all: with it, these are tables of a
    # first run of ours that was cut off.
    if (present.has_table('images')
            and not present.has_table(migrations.VERSION_TABLE)):
        raise SchemaError('The database has images but no revision of '
                          'Glance: it is older than all that can be adopted.')


def _require_complete(connection):
    """Are the tables there that the revision promises, with our columns?"""
    present = sqlalchemy.inspect(connection)
    for table in models.GLANCE_TABLES:
        wanted = {column.name for column in table.columns
                  if not column.name.startswith(columns.OURS)}
        found = set()
        if present.has_table(table.name):
            found = {each['name'] for each in present.get_columns(table.name)}
        if wanted - found:
            missing = ', '.join(sorted(wanted - found))
            raise SchemaError(f"Glance's table {table.name} lacks {missing}.")


def _revision(connection, version_table):
    context = alembic_migration.MigrationContext.configure(
        connection, opts={'version_table': version_table})
    return ' '.join(context.get_current_heads()) or None


def _config():
    folder = pathlib.Path(migrations.__file__).parent
    return alembic_config.Config(folder / 'alembic.ini')
