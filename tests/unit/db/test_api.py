# SPDX-License-Identifier: Apache-2.0
"""Transactions of SQLite, which knows one writer at a time."""
import threading
import unittest

import sqlalchemy

from glancelite import conf as conf_package
from glancelite.db import api
from tests import databases

_THREADS = 6
_ROUNDS = 10


class SqliteTransactionTest(unittest.TestCase):
    """A table with one number."""

    def setUp(self):
        super().setUp()
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', databases.use(self, 'sqlite'),
                          'database')
        self.database = api.Database(conf)
        self.addCleanup(self.database.dispose)
        with self.database.writer() as connection:
            connection.execute(sqlalchemy.text(
                'CREATE TABLE numbers (number INTEGER)'))
            connection.execute(sqlalchemy.text(
                'INSERT INTO numbers VALUES (0)'))

    def read(self, connection):
        return connection.execute(sqlalchemy.text(
            'SELECT number FROM numbers')).scalar()

    def test_writers_that_read_first_wait_for_one_another(self):
        errors = []

        def count():
            try:
                for _round in range(_ROUNDS):
                    with self.database.writer() as connection:
                        number = self.read(connection)
                        connection.execute(
                            sqlalchemy.text('UPDATE numbers SET number = :n'),
                            {'n': number + 1})
            except Exception as error:
                errors.append(error)
        threads = [threading.Thread(target=count) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], errors)
        with self.database.reader() as connection:
            self.assertEqual(_THREADS * _ROUNDS, self.read(connection))

    def test_a_reader_does_not_wait_for_a_writer(self):
        with self.database.writer() as writing:
            writing.execute(sqlalchemy.text('UPDATE numbers SET number = 9'))
            with self.database.reader() as reading:
                self.assertEqual(0, self.read(reading))

    def test_what_fails_is_undone(self):
        with self.assertRaises(ZeroDivisionError):
            with self.database.writer() as connection:
                connection.execute(sqlalchemy.text(
                    'UPDATE numbers SET number = 9'))
                raise ZeroDivisionError
        with self.database.reader() as connection:
            self.assertEqual(0, self.read(connection))
