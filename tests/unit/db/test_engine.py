# SPDX-License-Identifier: Apache-2.0
"""Connections that the server has closed while nobody used them."""
import unittest
from unittest import mock

import sqlalchemy

from glancelite import conf as conf_package
from glancelite.db import api
from glancelite.db import engine
from tests import databases

_END = {'mysql': 'KILL {}',
        'postgresql': 'SELECT pg_terminate_backend({})'}
_ID = {'mysql': 'SELECT CONNECTION_ID()',
       'postgresql': 'SELECT pg_backend_pid()'}


class IdleConnectionTest(unittest.TestCase):
    def opened(self, backend):
        """:returns: the database, and the id of its idle connection."""
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', databases.use(self, backend),
                          'database')
        database = api.Database(conf)
        self.addCleanup(database.dispose)
        return database, self.number(database, backend)

    def number(self, database, backend):
        with database.reader() as connection:
            return connection.execute(
                sqlalchemy.text(_ID[backend])).scalar()

    def test_another_one_is_taken_for_one_that_was_closed(self):
        for backend in _END:
            with self.subTest(backend=backend):
                database, number = self.opened(backend)
                self.assertEqual(number, self.number(database, backend))
                with database.writer() as connection:
                    connection.execute(sqlalchemy.text(
                        _END[backend].format(number)))
                with mock.patch.object(engine, '_FRESH', -1):
                    self.assertNotEqual(number,
                                        self.number(database, backend))

    def test_one_that_was_in_use_a_moment_ago_is_not_asked(self):
        database, _number = self.opened('mysql')
        with mock.patch.object(type(database.engine.dialect), 'do_ping',
                               side_effect=AssertionError):
            self.number(database, 'mysql')
