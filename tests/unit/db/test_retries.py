# SPDX-License-Identifier: Apache-2.0
"""Transactions that a real server refuses, or loses."""
import operator
import threading
import unittest

import sqlalchemy

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.db import api
from tests import databases

_NUMBER = sqlalchemy.text('SELECT number FROM numbers WHERE id = :id')
_ADD = sqlalchemy.text('UPDATE numbers SET number = number + 1'
                       ' WHERE id = :id')

#: What a server says of itself that it is no use for now: Galera that it is
#: not of the cluster, that a certification failed, that the server stops.
_REFUSALS = (
    ("SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = 1047, MESSAGE_TEXT ="
     " 'WSREP has not yet prepared node for application use'"),
    ("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT ="
     " 'Deadlock found when trying to get lock; try restarting transaction'"),
    ("SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO = 1053, MESSAGE_TEXT ="
     " 'Server shutdown in progress'"),
    ("SIGNAL SQLSTATE '70100' SET MYSQL_ERRNO = 1927, MESSAGE_TEXT ="
     " 'Connection was killed'"),
)

_OWN_SESSION = {'mysql': 'SELECT CONNECTION_ID()',
                'postgresql': 'SELECT pg_backend_pid()'}
_KILL = {'mysql': 'KILL {}', 'postgresql': 'SELECT pg_terminate_backend({})'}


class _Numbers:
    """A repository that counts how often its methods are run."""

    def __init__(self, database):
        self.database = database
        self.runs = 0

    @api.transaction
    def add(self, *row_ids, between=lambda connection: None, at=1,
            isolated=False):
        """Add one to rows, and do ``between`` them in the first runs."""
        self.runs += 1
        with self.database.writer() as connection:
            if isolated:
                connection.exec_driver_sql(
                    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
            for row_id in row_ids:
                connection.execute(_ADD, {'id': row_id})
                if self.runs <= at:
                    between(connection)

    @api.transaction
    def get(self, row_id):
        self.runs += 1
        with self.database.reader() as connection:
            return connection.execute(_NUMBER, {'id': row_id}).scalar()


class Retries:
    """A table of two numbers, both 0."""

    backend = None

    def setUp(self):
        super().setUp()
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', databases.use(self, self.backend),
                          'database')
        self.database = api.Database(conf)
        self.addCleanup(self.database.dispose)
        with self.database.writer() as connection:
            for statement in ('CREATE TABLE numbers (id INTEGER PRIMARY KEY,'
                              ' number INTEGER NOT NULL)',
                              'INSERT INTO numbers VALUES (1, 0), (2, 0)'):
                connection.execute(sqlalchemy.text(statement))
        self.numbers = _Numbers(self.database)

    def session(self, connection):
        return connection.execute(
            sqlalchemy.text(_OWN_SESSION[self.backend])).scalar()

    def kill(self, connection):
        """Have the server end the session of ``connection``."""
        self.end(self.session(connection))

    def end(self, session):
        with self.database.engine.connect() as other:
            other.exec_driver_sql(_KILL[self.backend].format(session))

    def test_a_connection_lost_while_it_was_idle_is_not_noticed(self):
        with self.database.reader() as connection:
            session = self.session(connection)
        self.end(session)
        self.assertEqual(0, self.numbers.get(1))
        with self.database.writer() as connection:
            session = self.session(connection)
        with self.database.reader() as connection:
            connection.exec_driver_sql(_KILL[self.backend].format(session))
        self.numbers.add(1)
        self.assertEqual(1, self.numbers.get(1))

    def test_a_connection_lost_in_a_transaction_starts_it_again(self):
        self.numbers.add(1, 2, between=self.kill)
        self.assertEqual(2, self.numbers.runs)
        self.assertEqual([1, 1], [self.numbers.get(1), self.numbers.get(2)])

    def test_a_connection_lost_again_is_told(self):
        with self.assertRaises(exception.DatabaseUnavailable):
            self.numbers.add(1, 2, between=self.kill, at=9)
        self.assertEqual(2, self.numbers.runs)
        self.assertEqual(0, self.numbers.get(1))

    def test_a_connection_lost_by_the_commit_is_told_at_once(self):
        with self.assertRaises(exception.DatabaseUnavailable):
            self.numbers.add(1, between=self.kill)
        self.assertEqual(1, self.numbers.runs)

    def test_of_two_that_block_each_other_both_are_done(self):
        both = threading.Barrier(2, timeout=60)
        met = set()

        def add(*row_ids):
            numbers = _Numbers(self.database)
            numbers.add(*row_ids, between=lambda connection: meet(numbers))
            runs.append(numbers.runs)

        def meet(numbers):
            if numbers not in met:
                met.add(numbers)
                both.wait()
        runs = []
        threads = [threading.Thread(target=add, args=order)
                   for order in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([1, 2], sorted(runs))
        self.assertEqual([2, 2], [self.numbers.get(1), self.numbers.get(2)])


class RetriesOnMysql(Retries, unittest.TestCase):
    backend = 'mysql'

    def test_what_a_server_or_a_cluster_refuses_is_tried_again(self):
        for refusal in _REFUSALS:
            with self.subTest(refusal=refusal):
                self.numbers.runs = 0
                self.numbers.add(2, between=operator.methodcaller(
                    'exec_driver_sql', refusal))
                self.assertEqual(2, self.numbers.runs)
        self.assertEqual(len(_REFUSALS), self.numbers.get(2))

    def test_a_server_that_only_reads_is_unavailable(self):
        with self.assertRaises(exception.DatabaseUnavailable):
            self.numbers.add(1, between=operator.methodcaller(
                'exec_driver_sql', "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO"
                " = 1290, MESSAGE_TEXT = 'The server runs with read-only'"))


class RetriesOnPostgresql(Retries, unittest.TestCase):
    backend = 'postgresql'

    def test_a_server_that_only_reads_is_unavailable(self):
        with self.assertRaises(exception.DatabaseUnavailable):
            self.numbers.add(1, 2, at=99, between=operator.methodcaller(
                'exec_driver_sql', 'SET TRANSACTION READ ONLY'))
        self.assertEqual(0, self.numbers.get(1))

    def test_what_could_not_be_serialized_is_tried_again(self):
        def overtake(connection):
            other.execute(_ADD, {'id': 2})
        with self.database.engine.execution_options(
                isolation_level='AUTOCOMMIT').connect() as other:
            self.numbers.add(1, 2, between=overtake, isolated=True)
        self.assertEqual(2, self.numbers.runs)
        self.assertEqual([1, 2], [self.numbers.get(1), self.numbers.get(2)])


if __name__ == '__main__':
    unittest.main()
