# SPDX-License-Identifier: Apache-2.0
"""The database: engine, transactions, retries, and what its errors mean."""
import contextlib
import datetime
import functools

from oslo_db import api as oslo_db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import engines
from oslo_log import log
import sqlalchemy

from glancelite import exception

LOG = log.getLogger(__name__)

_OPTIONS = ('sqlite_synchronous', 'mysql_sql_mode', 'mysql_wsrep_sync_wait',
            'connection_recycle_time', 'max_pool_size', 'max_retries',
            'retry_interval', 'max_overflow', 'connection_debug',
            'connection_trace', 'pool_timeout')

#: What every session with MySQL or MariaDB needs. The first also bounds what
#: JSON_ARRAYAGG returns in MariaDB, and an image may have more than the
#: default of properties. The second keeps the optimizer from intersecting
#: the rows of one image with all rows of the catalogue that are not deleted.
_MYSQL_SESSION = (
    "SET SESSION group_concat_max_len = 268435456,"
    " optimizer_switch = 'index_merge_intersection=off'")

#: Seconds a SQLite writer waits for another one.
_SQLITE_BUSY_SECONDS = 60

#: This moment and a while, as each server computes it.
_CLOCKS = {
    'sqlite': lambda later: datetime.datetime.now(
        datetime.timezone.utc).replace(tzinfo=None) + later,
    'mysql': lambda later: sqlalchemy.func.timestampadd(
        sqlalchemy.text('SECOND'), later.total_seconds(),
        sqlalchemy.func.utc_timestamp(6)),
    'postgresql': lambda later: sqlalchemy.func.timezone(
        'utc', sqlalchemy.func.clock_timestamp()) + later,
}

#: The execution option of connections that write.
_WRITES = 'glancelite_writes'


class Database:
    """Transactions on the database that ``[database] connection`` names.

    :param conf: a ``ConfigOpts`` with oslo.db's options registered.
    """

    def __init__(self, conf):
        self._connection = conf.database.connection
        self._slave_connection = conf.database.slave_connection
        options = {name: getattr(conf.database, name) for name in _OPTIONS}
        self._options = {name: value for name, value in options.items()
                         if value is not None}

    @functools.cached_property
    def engine(self):
        """:returns: the SQLAlchemy engine that writes.

        :raises ConfigurationError: there is no such database, or it cannot
            be reached now.
        """
        if not self._connection:
            raise exception.ConfigurationError(
                '[database] connection is not set')
        with _faults():
            engine = _engine(self._connection, self._options)
        if engine.dialect.name not in _CLOCKS:
            raise exception.ConfigurationError(
                f'[database] connection: {engine.dialect.name} is not one of '
                f'{", ".join(sorted(_CLOCKS))}')
        return engine

    @functools.cached_property
    def dialect(self):
        """:returns: 'sqlite', 'mysql' or 'postgresql'."""
        return self.engine.dialect.name

    @functools.cached_property
    def _reading(self):
        """The engine that reads.

        A server gives it connections of its own, on which each statement is
        a transaction by itself: nothing is sent before or after it.
        """
        if self.dialect == 'sqlite':
            return self.engine
        engine = _engine(self._slave_connection or self._connection,
                         self._options | {'max_retries': 0})
        _commit_each_statement(engine)
        return engine

    @functools.cached_property
    def _writing(self):
        return self.engine.execution_options(**{_WRITES: True})

    def reader(self):
        """:returns: a context manager of a connection that only reads.

        Two statements may see the database before and after a change.
        """
        return self._reading.connect()

    def writer(self):
        """:returns: a context manager of a connection in a transaction.

        The transaction is committed when the block ends, rolled back when
        it raises.
        """
        return self._writing.begin()

    def now(self):
        """:returns: naive UTC at the precision the columns keep.

        MySQL's DATETIME rounds half seconds up, which would date a row in
        the future; so whole seconds go in there.
        """
        moment = datetime.datetime.now(datetime.timezone.utc)
        moment = moment.replace(tzinfo=None)
        if self.dialect == 'mysql':
            return moment.replace(microsecond=0)
        return moment

    def clock(self, seconds=0):
        """:returns: the database's own time, for use in a statement.

        Naive UTC with fractions. The clocks of hosts do not matter then;
        with SQLite there is but one host.

        :param seconds: how much later than now.
        """
        return _CLOCKS[self.dialect](datetime.timedelta(seconds=seconds))

    def dispose(self):
        """Close the pooled connections."""
        for name in ('engine', '_reading'):
            if name in vars(self):
                getattr(self, name).dispose()


@contextlib.contextmanager
def _faults():
    """What is wrong with a database at the start, in one line.

    No error has more of the URL than names of plug-ins and databases.
    """
    try:
        yield
    except (sqlalchemy.exc.ArgumentError, sqlalchemy.exc.OperationalError,
            ImportError, db_exception.DBConnectionError,
            db_exception.DBNonExistentDatabase) as error:
        reason = str(error).splitlines()[0]
        raise exception.ConfigurationError(
            f'[database] connection: {reason}') from None


def _engine(connection, options):
    # oslo.db would sleep a moment whenever a connection comes back to the
    # pool, for programs that give green threads no other chance to run.
    engine = engines.create_engine(connection, sqlite_fk=True,
                                   thread_checkin=False, **options)
    prepare = {'sqlite': _prepare_sqlite, 'mysql': _prepare_mysql}.get(
        engine.dialect.name)
    if prepare:
        prepare(engine)
    # oslo.db has tried the database; that connection is not prepared.
    engine.dispose()
    return engine


def _commit_each_statement(engine):
    engine.dialect.skip_autocommit_rollback = True

    @sqlalchemy.event.listens_for(engine, 'connect')
    def configure(connection, record):
        engine.dialect.set_isolation_level(connection, 'AUTOCOMMIT')


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

    @sqlalchemy.event.listens_for(engine, 'begin')
    def begin(connection):
        # A deferred transaction that turns from reading to writing fails at
        # once when another one has written; taking the lock first waits.
        # oslo.db has just begun a deferred one, and there is no way before
        # it: SQLAlchemy ignores insert=True for this event.
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql('ROLLBACK')
            connection.exec_driver_sql('BEGIN IMMEDIATE')


#: MySQL's errors for characters that a table cannot hold, and that it cannot
#: compare with what the table holds: Glance's tables have three-byte UTF-8.
_UNSTORABLE = (1366, 1267)


def transaction(method):
    """Run a repository method again when its transaction was refused.

    A deadlock or a lost certification (Galera) starts it anew; a connection
    lost in it once as well.

    :raises DatabaseUnavailable: when the database cannot be reached, or
        refused every time.
    :raises UnstorableText: when its tables have no room for a character.
    """
    retried = oslo_db_api.wrap_db_retry(
        max_retries=10, retry_interval=0.05, inc_retry_interval=True,
        max_retry_interval=1, jitter=True, retry_on_deadlock=True)(method)

    @functools.wraps(method)
    def call(*args, **kwargs):
        try:
            return retried(*args, **kwargs)
        except db_exception.DBConnectionError:
            LOG.exception('The database cannot be reached')
            raise exception.DatabaseUnavailable() from None
        except db_exception.DBDeadlock:
            LOG.error('%s was refused by the database every time',
                      method.__name__)
            raise exception.DatabaseUnavailable() from None
        except (db_exception.DBError, sqlalchemy.exc.DBAPIError) as error:
            if _code(error) in _UNSTORABLE:
                raise exception.UnstorableText() from None
            raise
    return call


def _code(error):
    """:returns: what MySQL calls the error, None for others."""
    # oslo.db wraps the errors that it knows, and lets the others pass.
    error = getattr(error, 'inner_exception', error)
    original = getattr(error, 'orig', None)
    return original.args[0] if original and original.args else None
