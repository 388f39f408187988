# SPDX-License-Identifier: Apache-2.0
"""One migration at a time, among all processes that share a database."""
import contextlib
import hashlib
import pathlib
import time

from oslo_concurrency import lockutils
from oslo_log import log
import sqlalchemy

LOG = log.getLogger(__name__)

_NAME = 'glancelite-migration'

#: Seconds between two looks at a lock that another process holds.
_PAUSE = 0.2


def held(engine):
    """:returns: a context manager: the only migration of this database.

    It waits as long as another process works: with many images an index
    takes its time, and giving up would only start the service too early.
    """
    return _LOCKS.get(engine.dialect.name, contextlib.nullcontext)(engine)


@contextlib.contextmanager
def _on_connection(engine, take, give, name):
    """Hold a lock that the server keeps for our session.

    The server lets it go when we die. It lives on a connection of its own,
    in autocommit, since the migration commits and opens transactions on
    another one.
    """
    with engine.connect() as connection:
        connection = connection.execution_options(
            isolation_level='AUTOCOMMIT')
        _wait(lambda: connection.scalar(take, {'name': name}))
        try:
            yield
        finally:
            connection.execute(give, {'name': name})


def _wait(taken):
    told = False
    while not taken():
        if not told:
            LOG.warning('Another process migrates the database; waiting')
        told = True
        time.sleep(_PAUSE)


def _mysql(engine):
    """A named lock; names are the server's, so ours holds the database's.

    MySQL commits at every statement that changes a schema, so no row or
    table lock would last through a migration. On Galera the lock holds on
    the one node: there, run "db sync" before the services start.
    """
    name = hashlib.sha256((engine.url.database or '').encode()).hexdigest()
    return _on_connection(
        engine, sqlalchemy.text('SELECT GET_LOCK(:name, 0)'),
        sqlalchemy.text('SELECT RELEASE_LOCK(:name)'),
        f'{_NAME}-{name[:32]}')


def _postgresql(engine):
    """An advisory lock, which belongs to the database in any case.

    Asked for again and again, never waited for: a waiting statement holds a
    snapshot, and building an index concurrently waits for all snapshots, so
    that the two would wait for each other.
    """
    return _on_connection(
        engine,
        sqlalchemy.text('SELECT pg_try_advisory_lock(hashtext(:name))'),
        sqlalchemy.text('SELECT pg_advisory_unlock(hashtext(:name))'),
        _NAME)


def _sqlite(engine):
    """A locked file beside the database, which has no locks of its own.

    BEGIN IMMEDIATE would do for one transaction, but a migration is several.
    The file stays; taking it away would let a third process lock a new one
    while the second has just locked the old.
    """
    path = pathlib.Path(engine.url.database or ':memory:').absolute()
    # In memory there is one process; and where there is no directory, SQLite
    # has to say so, since the lock would make one.
    if path.name == ':memory:' or not path.parent.is_dir():
        return contextlib.nullcontext()
    return lockutils.lock(f'{path.name}-migration.lock', external=True,
                          lock_path=str(path.parent))


_LOCKS = {'mysql': _mysql, 'mariadb': _mysql, 'postgresql': _postgresql,
          'sqlite': _sqlite}
