# SPDX-License-Identifier: Apache-2.0
"""The database: facades of oslo.db, retries, and what its errors mean."""
import contextlib
import datetime
import functools

from oslo_db import api as oslo_db_api
from oslo_db import exception as db_exception
from oslo_db.sqlalchemy import enginefacade
from oslo_log import log
import sqlalchemy
from sqlalchemy import exc

from glancelite import exception
from glancelite.db import engine
from glancelite.db import location_urls
from glancelite.db import spans

LOG = log.getLogger(__name__)

#: What oslo.db is told of ``[database]``; it would look up in the global
#: configuration whatever it is not told.
_OPTIONS = ('sqlite_synchronous', 'mysql_sql_mode', 'mysql_wsrep_sync_wait',
            'connection_recycle_time', 'max_pool_size', 'max_retries',
            'retry_interval', 'max_overflow', 'connection_debug',
            'connection_trace', 'pool_timeout')

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


class Database:
    """Transactions on the database that ``[database] connection`` names.

    Two facades of oslo.db, since their engines differ in more than the URL:
    what reads begins no transaction where the server needs none, and what
    writes to SQLite takes its lock at once. Writing is in the facade's
    transactions; reading takes a connection of its engine, for a facade
    would open and roll back a transaction that is none, at every request.

    :param conf: a ``ConfigOpts`` with oslo.db's options registered, and ours.
    :ivar urls: what seals URLs of image data, and opens them: see
        :func:`glancelite.db.location_urls.of`.
    :raises ConfigurationError: the key for them cannot be one.
    """

    def __init__(self, conf):
        self._conf = conf.database
        self._spans = None
        self.urls = location_urls.of(conf.metadata_encryption_key)

    @functools.cached_property
    def _writers(self):
        """The facade of what writes.

        :raises ConfigurationError: there is no such database, or it cannot
            be reached now.
        """
        if not self._conf.connection:
            raise exception.ConfigurationError(
                '[database] connection is not set')
        with _faults():
            facade = self._facade(self._conf.connection, engine.prepare,
                                  engine.lock_when_writing)
            dialect = facade.writer.get_engine().dialect.name
        if dialect not in _CLOCKS:
            raise exception.ConfigurationError(
                f'[database] connection: {dialect} is not one of '
                f'{", ".join(sorted(_CLOCKS))}')
        return facade

    @functools.cached_property
    def _readers(self):
        """The facade of what reads, from a replica if there is one.

        A replica that is away must not keep the service from starting, so
        nothing is tried before the first request.
        """
        if engine.is_in_memory(self.engine):
            return self._writers
        url = self._conf.connection
        if self.dialect != 'sqlite':
            url = self._conf.slave_connection or url
        return self._facade(url, engine.prepare, engine.commit_by_itself,
                            engine.ask_idle_ones_alone, max_retries=0)

    def _facade(self, url, *hooks, **options):
        facade = enginefacade.transaction_context()
        # oslo.db would sleep a moment whenever a connection comes back to
        # the pool, for programs that give green threads no other chance.
        facade.configure(
            connection=engine.url(url, self._conf.connection_parameters),
            connection_parameters=None, slave_connection=None,
            sqlite_fk=True, thread_checkin=False,
            **{name: getattr(self._conf, name) for name in _OPTIONS} | options)
        for hook in (*hooks, self._tell):
            facade.append_on_engine_create(hook)
        return facade

    def _tell(self, sender):
        if self._spans:
            self._spans.listen(sender)

    def trace(self, current):
        """Tell a tracer of every statement.

        :param current: returns the tracer of this thread, or None: an object
            with ``start(name, info)`` and ``stop(info)``.
        """
        self._spans = spans.Spans(current)
        for each in self._engines():
            self._tell(each)

    @property
    def engine(self):
        """:returns: the SQLAlchemy engine that writes.

        :raises ConfigurationError: as it does when nothing can be written.
        """
        return self._writers.writer.get_engine()

    @functools.cached_property
    def dialect(self):
        """:returns: 'sqlite', 'mysql' or 'postgresql'."""
        return self.engine.dialect.name

    @functools.cached_property
    def _reading(self):
        return self._readers.reader.get_engine()

    @functools.cached_property
    def _writing(self):
        return self._writers.writer.connection

    def reader(self):
        """:returns: a context manager of a connection that only reads.

        Two statements may see the database before and after a change.
        """
        return self._reading.connect()

    @contextlib.contextmanager
    def writer(self):
        """:returns: a context manager of a connection in a transaction.

        The transaction is committed when the block ends, rolled back when
        it raises.

        :raises DatabaseUnavailable: the connection was lost at the end, and
            nobody knows what became of the transaction.
        """
        done = False
        try:
            with self._writing.using(_Block()) as connection:
                yield connection
                done = True
        except db_exception.DBConnectionError:
            if done:
                LOG.exception('The database was lost while it committed')
                raise exception.DatabaseUnavailable() from None
            raise

    def secret(self):
        """:returns: bytes that all processes on this database share, and
            that are not in it: what they log in with.
        """
        url = sqlalchemy.engine.make_url(self._conf.connection)
        return repr((url.username, url.password, url.database)).encode()

    def ping(self):
        """Return when the database has answered; raise if it is away."""
        with self.reader() as connection:
            connection.exec_driver_sql('SELECT 1')

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
        for each in self._engines():
            each.dispose()

    def forget(self):
        """In a process that was forked: leave the connections to the parent.

        They are kept, not closed: closing tells a server, and SQLite, that
        the parent is done with them.
        """
        for each in self._engines():
            _inherited.append(each.pool)
            each.dispose(close=False)

    def _engines(self):
        facades = {vars(self).get('_writers'), vars(self).get('_readers')}
        return [facade.writer.get_engine() for facade in facades
                if facade and facade.is_started]


class _Block:
    """What oslo.db keeps a transaction with: here, no other one joins it."""


#: Pools of connections that belong to the process that we were forked from.
_inherited = []


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


#: MySQL's errors for characters that a table cannot hold, and that it cannot
#: compare with what the table holds: Glance's tables have three-byte UTF-8.
_UNSTORABLE = (1366, 1267)

#: MySQL's errors that pass: it is full, has too much to do, or only reads.
#: What other databases call an operational error is of this kind in any case.
_OUTAGES = (1021, 1037, 1038, 1041, 1114, 1226, 1290, 1836, 3024)

#: PostgreSQL's states for what could not be serialized, and for a server that
#: only reads, as one does that another one has replaced.
_UNSERIALIZABLE = '40001'
_READ_ONLY = '25006'

#: A lost connection is known to be so when it is used; the next one is new.
_retried_when_lost = oslo_db_api.wrap_db_retry(
    max_retries=1, retry_interval=0, retry_on_disconnect=True)

_retried_when_refused = oslo_db_api.wrap_db_retry(
    max_retries=10, retry_interval=0.05, inc_retry_interval=True,
    max_retry_interval=1, jitter=True, retry_on_deadlock=True)


def transaction(method):
    """Run a repository method again when its transaction was refused.

    A deadlock or a lost certification (Galera) starts it anew; a connection
    lost before the end of it once as well.

    :raises DatabaseUnavailable: when the database cannot be reached, or
        refused every time, or cannot do its work now.
    :raises UnstorableText: when its tables have no room for a character.
    """
    retried = _retried_when_refused(_retried_when_lost(_named(method)))

    @functools.wraps(method)
    def call(*args, **kwargs):
        try:
            return retried(*args, **kwargs)
        except (db_exception.DBError, exc.SQLAlchemyError) as error:
            if _code(error) in _UNSTORABLE:
                raise exception.UnstorableText() from None
            if _passes(error):
                LOG.error('The database cannot do %s: %s', method.__name__,
                          getattr(_original(error), 'orig', error))
                raise exception.DatabaseUnavailable() from None
            raise
    return call


def _named(method):
    """Call a deadlock what oslo.db does not know as one."""
    @functools.wraps(method)
    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except (db_exception.DBError, exc.DBAPIError) as error:
            if _state(error) == _UNSERIALIZABLE:
                raise db_exception.DBDeadlock(_original(error)) from error
            raise
    return call


def _passes(error):
    """:returns: whether the database, and not the statement, is at fault."""
    if _state(error) == _READ_ONLY:
        return True
    if isinstance(error, (db_exception.DBConnectionError,
                          db_exception.DBDeadlock, exc.TimeoutError,
                          db_exception.DBNonExistentDatabase)):
        return True
    original = _original(error)
    if not isinstance(original, exc.OperationalError):
        return False
    by_mysql = type(original.orig).__module__.startswith(('pymysql', 'MySQL'))
    return not by_mysql or _code(error) in _OUTAGES


def _code(error):
    """:returns: what MySQL calls the error, None for others."""
    found = getattr(_original(error), 'orig', None)
    return found.args[0] if found and found.args else None


def _state(error):
    """:returns: what PostgreSQL calls the error, None for others."""
    return getattr(getattr(_original(error), 'orig', None), 'pgcode', None)


def _original(error):
    # oslo.db wraps the errors that it knows, and lets the others pass.
    return getattr(error, 'inner_exception', error)
