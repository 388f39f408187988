# SPDX-License-Identifier: Apache-2.0
"""Transactions of SQLite, which knows one writer at a time."""
import os
import threading
import unittest

from oslo_config import cfg
from oslo_db import options
import sqlalchemy

from glancelite import conf as conf_package
from glancelite import exception
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

    def test_a_forked_process_has_connections_of_its_own(self):
        with self.database.reader() as connection:
            inherited = connection.connection.dbapi_connection
        child = os.fork()
        if not child:
            status = 1
            try:
                self.database.forget()
                with self.database.reader() as connection:
                    used = connection.connection.dbapi_connection
                    status = int(used is inherited
                                 or self.read(connection) != 0)
            finally:
                os._exit(status)
        self.assertEqual(0, os.waitpid(child, 0)[1])
        with self.database.reader() as connection:
            self.assertIs(inherited, connection.connection.dbapi_connection)
            self.assertEqual(0, self.read(connection))

    def test_the_global_configuration_is_not_asked(self):
        cfg.CONF.register_opts(options.database_opts, 'database')
        self.addCleanup(cfg.CONF.clear_override, 'connection', 'database')
        cfg.CONF.set_override('connection', 'sqlite://', 'database')
        with self.database.reader() as connection:
            self.assertEqual(0, self.read(connection))

    def test_what_fails_is_undone(self):
        with self.assertRaises(ZeroDivisionError):
            with self.database.writer() as connection:
                connection.execute(sqlalchemy.text(
                    'UPDATE numbers SET number = 9'))
                raise ZeroDivisionError
        with self.database.reader() as connection:
            self.assertEqual(0, self.read(connection))


class FaultTest(unittest.TestCase):
    """A database that cannot be used is told of in one line."""

    def fault(self, url):
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', url, 'database')
        conf.set_override('max_retries', 1, 'database')
        conf.set_override('retry_interval', 0, 'database')
        with self.assertRaises(exception.ConfigurationError) as raised:
            self.assertTrue(api.Database(conf).engine)
        self.assertIn('[database] connection', str(raised.exception))
        self.assertNotIn('SECRET', str(raised.exception))
        self.assertEqual(1, len(str(raised.exception).splitlines()))
        return str(raised.exception)

    def test_none_is_named(self):
        self.assertIn('not set', self.fault(None))

    def test_what_is_named_is_no_url(self):
        self.fault('SECRET')
        self.fault('nothing://glance:SECRET@127.0.0.1/glance')

    def test_there_is_no_such_file(self):
        self.fault('sqlite:////nonexistent/folder/file')

    def test_nobody_listens(self):
        self.fault('mysql+pymysql://glance:SECRET@127.0.0.1:1/glance')
        self.fault('postgresql+psycopg2://glance:SECRET@127.0.0.1:1/glance')

    def test_it_is_spoken_to_in_a_dialect_that_we_do_not_speak(self):
        url = databases.use(self, 'mysql').replace('mysql+', 'mariadb+', 1)
        self.assertIn('mariadb is not one of', self.fault(url))
