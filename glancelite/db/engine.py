# SPDX-License-Identifier: Apache-2.0
"""What an engine needs beyond what oslo.db gives it; hooks of its facade.

Each runs when oslo.db has made an engine and tried the database.
"""
import time

import sqlalchemy
from sqlalchemy import dialects
from sqlalchemy import pool

#: What every session with MySQL or MariaDB needs. The first also bounds what
#: JSON_ARRAYAGG returns in MariaDB, and an image may have more than the
#: default of properties. The second keeps the optimizer from intersecting
#: the rows of one image with all rows of the catalogue that are not deleted.
_MYSQL_SESSION = (
    "SET SESSION group_concat_max_len = 268435456,"
    " optimizer_switch = 'index_merge_intersection=off'")

#: Loaded where that driver is. With it even the connection is one of ours by
#: which oslo.db tries the database, before any hook.
_PLUGIN = 'glancelite-pymysql'

#: This node is not of the cluster; the server stops; connection killed.
_MYSQL_LOST = (1047, 1053, 1927)

#: Seconds a SQLite writer waits for another one.
_SQLITE_BUSY_SECONDS = 60


#: Seconds after which a connection that nobody used may have been closed.
_FRESH = 1


dialects.plugins.register(
    _PLUGIN, 'glancelite.db.pymysql_connection', 'Plugin')


def url(text, parameters):
    """:returns: the URL to connect to, with ``parameters`` added.

    MySQL is spoken to in all of Unicode, though Glance's documentation has
    ``charset=utf8`` there: a table with less room converts what it can.
    PyMySQL connects as ``pymysql_connection.py`` has it.
    """
    found = sqlalchemy.make_url(text)
    if parameters:
        found = found.update_query_string(parameters)
    if found.get_backend_name() in ('mysql', 'mariadb'):
        found = found.update_query_dict({'charset': 'utf8mb4'})
    if found.get_driver_name() == 'pymysql':
        found = found.update_query_dict({'plugin': _PLUGIN}, append=True)
    return found


def is_in_memory(engine):
    """:returns: whether the database is SQLite's, and nowhere else."""
    return isinstance(engine.pool, pool.StaticPool)


def prepare(engine):
    """Let every connection be set up for our statements."""
    _recognize_lost(engine.dialect)
    setup = {'sqlite': _prepare_sqlite, 'mysql': _prepare_mysql}.get(
        engine.dialect.name)
    if setup:
        setup(engine)
    # The connection that oslo.db has tried the database with is not.
    engine.dispose()


def commit_by_itself(engine):
    """Make a transaction of each statement: nothing is sent around it.

    SQLite sees one state of the database as long as a transaction lasts.
    """
    if engine.dialect.name == 'sqlite':
        return
    engine.dialect.skip_autocommit_rollback = True

    @sqlalchemy.event.listens_for(engine, 'connect')
    def configure(connection, record):
        engine.dialect.set_isolation_level(connection, 'AUTOCOMMIT')


def ask_idle_ones_alone(engine):
    """Ask a connection whether it is there only if it has been idle.

    oslo.db asks before each transaction, which for a show is half of what is
    sent. A server that went away has been gone for longer when it is back.
    """
    if engine.dialect.name == 'sqlite':
        return
    engine.pool._pre_ping = False

    @sqlalchemy.event.listens_for(engine, 'checkin')
    def note(connection, record):
        record.info['returned'] = time.monotonic()

    @sqlalchemy.event.listens_for(engine, 'checkout')
    def ask(connection, record, proxy):
        returned = record.info.get('returned')
        if returned is None or time.monotonic() - returned < _FRESH:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            # All are given up that were there, and a new one is taken.
            raise sqlalchemy.exc.InvalidatePoolError() from error


def lock_when_writing(engine):
    """Let SQLite's transactions take the lock of the writer first.

    A deferred one that turns from reading to writing fails at once when
    another one has written; taking the lock first waits.
    """
    if engine.dialect.name != 'sqlite':
        return

    @sqlalchemy.event.listens_for(engine, 'begin')
    def begin(connection):
        # oslo.db has just begun a deferred one, and there is no way before
        # it: SQLAlchemy ignores insert=True for this event.
        connection.exec_driver_sql('ROLLBACK')
        connection.exec_driver_sql('BEGIN IMMEDIATE')


def _recognize_lost(dialect):
    """Know more of a lost connection than SQLAlchemy and oslo.db do.

    One that cannot be had is one as well, whatever the reason. One that a
    cluster keeps open and does not serve is closed: the next may lead
    elsewhere. SQLAlchemy's event of errors comes to oslo.db alone.
    """
    known = dialect.is_disconnect

    def is_disconnect(error, connection, cursor):
        if known(error, connection, cursor):
            return True
        if not isinstance(error, dialect.loaded_dbapi.OperationalError):
            return False
        return connection is None or (
            dialect.name == 'mysql' and error.args[0] in _MYSQL_LOST)
    dialect.is_disconnect = is_disconnect


def _prepare_mysql(engine):
    @sqlalchemy.event.listens_for(engine, 'connect')
    def configure(connection, record):
        with connection.cursor() as cursor:
            cursor.execute(_MYSQL_SESSION)


def _prepare_sqlite(engine):
    @sqlalchemy.event.listens_for(engine, 'connect')
    def configure(connection, record):
        connection.execute(f'PRAGMA busy_timeout={_SQLITE_BUSY_SECONDS}000')
        connection.execute('PRAGMA journal_mode=WAL')
    if not is_in_memory(engine):
        _keep_connections(engine)


def _keep_connections(engine):
    """Pool the connections to a file.

    oslo.db closes one after each transaction. Opening it anew, reading the
    schema, and writing back the log with the last one that is closed took
    more than half the time of a request.
    """
    single = engine.pool
    engine.pool = pool.QueuePool(
        single._creator, dialect=single._dialect, _dispatch=single.dispatch)
