# SPDX-License-Identifier: Apache-2.0
"""Databases for tests: each made for one test, and dropped after it.

The servers are those of this machine unless the environment names others,
by a URL of an account that may create databases:

``GLANCELITE_TEST_MYSQL``
    by default ``mysql+pymysql://root@127.0.0.1:3306``
``GLANCELITE_TEST_POSTGRESQL``
    by default ``postgresql+psycopg2://postgres@127.0.0.1:5432/postgres``
"""
import atexit
import functools
import os
import shutil
import uuid

import fixtures
import sqlalchemy
from sqlalchemy import exc

from glancelite.db import models

BACKENDS = ('sqlite', 'mysql', 'postgresql')

_SERVERS = {
    'mysql': ('GLANCELITE_TEST_MYSQL',
              'mysql+pymysql://root@127.0.0.1:3306'),
    'postgresql': (
        'GLANCELITE_TEST_POSTGRESQL',
        'postgresql+psycopg2://postgres@127.0.0.1:5432/postgres'),
}

#: What URLs in configuration files name besides the server; Glance's
#: documentation has the charset.
_QUERY = {'mysql': {'charset': 'utf8'}, 'postgresql': {}}


def use(test, backend):
    """:returns: the URL of a new database, dropped when ``test`` ends.

    The test is skipped where the server is not there.
    """
    reason = unavailable(backend)
    if reason:
        test.skipTest(reason)
    database = Database(backend)
    database.setUp()
    test.addCleanup(database.cleanUp)
    return database.url


def unavailable(backend):
    """:returns: why there is no such server, or None where there is one."""
    return None if backend == 'sqlite' else _refusal(backend)


class Database(fixtures.Fixture):
    """A database with a name of its own.

    :ivar url: how to reach it, as text.
    """

    def __init__(self, backend):
        super().__init__()
        self._backend = backend
        self.url = None

    def _setUp(self):
        if self._backend == 'sqlite':
            folder = self.useFixture(fixtures.TempDir(_memory())).path
            self.url = f'sqlite:///{folder}/glancelite.sqlite'
            return
        server = _server(self._backend)
        name = f'glancelite_test_{uuid.uuid4().hex[:12]}'
        _run(server, f'CREATE DATABASE {name}')
        self.addCleanup(_drop, self._backend, server, name)
        url = server.set(database=name, query=_QUERY[self._backend])
        self.url = url.render_as_string(hide_password=False)


class Emptied(fixtures.Fixture):
    """A database of a server that another test may have had, without rows.

    To make the tables anew takes longer than most tests do.

    :ivar url: how to reach it, as text; its tables may have to be made.
    """

    def __init__(self, backend):
        super().__init__()
        self._backend = backend
        self.url = None

    def _setUp(self):
        free = _free.setdefault(self._backend, [])
        self.url = next((url for url in reversed(free)
                         if not _is_used(url)), None)
        if self.url:
            free.remove(self.url)
            _run(sqlalchemy.make_url(self.url), *(
                f'DELETE FROM {table}'
                for table in reversed(models.metadata.sorted_tables)))
        else:
            database = Database(self._backend)
            database.setUp()
            atexit.register(database.cleanUp)
            self.url = database.url
        self.addCleanup(free.append, self.url)


#: URLs of databases that no test has now, by backend.
_free = {}

#: How many sessions a database has.
_SESSIONS = {
    'mysql': 'SELECT COUNT(*) FROM information_schema.processlist'
             ' WHERE db = :name',
    'postgresql': 'SELECT COUNT(*) FROM pg_stat_activity'
                  ' WHERE datname = :name'}


def _is_used(url):
    """:returns: whether something is connected: a service that ends, say,
        which could still do what the next one is asked to.
    """
    url = sqlalchemy.make_url(url)
    backend = url.get_backend_name()
    with _connected(_server(backend)) as connection:
        return connection.execute(sqlalchemy.text(_SESSIONS[backend]),
                                  {'name': url.database}).scalar() > 0


def narrow(url, tables):
    """Have MySQL's tables in three-byte UTF-8, as Glance makes them."""
    _run(sqlalchemy.make_url(url), *(
        f'ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb3'
        for table in tables))


@functools.cache
def _memory():
    """:returns: a folder in memory, or None where there is none with room.

    SQLite has no disk to wait for there at each commit; and what tests kill
    is a process, not the machine.
    """
    folder = '/dev/shm'
    try:
        room = shutil.disk_usage(folder).free
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) and room > 1 << 30 else None


def _server(backend):
    variable, default = _SERVERS[backend]
    return sqlalchemy.make_url(os.environ.get(variable) or default)


@functools.cache
def _refusal(backend):
    server = _server(backend)
    try:
        _run(server, 'SELECT 1')
    except (exc.OperationalError, ImportError) as refused:
        return f'No {backend} at {server}: {refused}'.splitlines()[0]
    return None


def _drop(backend, server, name):
    # A connection that a test has left open must not keep the database.
    force = ' WITH (FORCE)' if backend == 'postgresql' else ''
    _run(server, f'DROP DATABASE {name}{force}')


def _connected(server):
    """:returns: a context manager of a connection."""
    return sqlalchemy.create_engine(
        server, isolation_level='AUTOCOMMIT',
        poolclass=sqlalchemy.NullPool).connect()


def _run(server, *statements):
    with _connected(server) as connection:
        for statement in statements:
            connection.execute(sqlalchemy.text(statement))
