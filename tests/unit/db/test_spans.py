# SPDX-License-Identifier: Apache-2.0
"""What a tracer is told of statements on SQLite."""
import datetime
import unittest

import sqlalchemy
from sqlalchemy import exc

from glancelite import conf as conf_package
from glancelite.db import api
from glancelite.db import spans as spans_module

_WHEN = datetime.datetime(2026, 1, 2, 3, 4, 5)

#: What oslo.db and our hooks send around statements on SQLite.
_AROUND = ('BEGIN', 'ROLLBACK')


class SpansTest(unittest.TestCase):

    def setUp(self):
        super().setUp()
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', 'sqlite://', 'database')
        self.database = api.Database(conf)
        self.addCleanup(self.database.dispose)
        self.told = []

    def start(self, name, info):
        self.told.append((name, info))

    def stop(self, info):
        self.told.append(('end', info))

    def trace(self):
        self.database.trace(lambda: self)

    def ask(self, statement, parameters=None):
        with self.database.reader() as connection:
            return connection.execute(
                sqlalchemy.text(statement), parameters or {}).fetchall()

    def sent(self):
        """:returns: (statement, parameters, how it ended) of each that came,
            without those that begin and end transactions.
        """
        self.assertEqual(['db', 'end'] * (len(self.told) // 2),
                         [name for name, _info in self.told])
        told = [info for _name, info in self.told]
        return [(begun['db']['statement'], begun['db']['params'], ended)
                for begun, ended in zip(told[::2], told[1::2], strict=True)
                if not begun['db']['statement'].startswith(_AROUND)]

    def test_each_statement_is_told_with_its_parameters(self):
        self.trace()
        self.ask('SELECT :a, :b, :c', {'a': 1, 'b': None, 'c': 'text'})
        self.assertEqual([('SELECT ?, ?, ?', [1, None, 'text'], {})],
                         self.sent())

    def test_parameters_are_plain_and_have_no_secrets(self):
        self.trace()
        self.ask('SELECT :a, :b, :c', {
            'a': 'swift://user:hidden@host/box', 'b': _WHEN, 'c': b'\xff'})
        [(_statement, parameters, _ended)] = self.sent()
        self.assertEqual(['swift://user:***@host/box', str(_WHEN),
                          "b'\\xff'"], parameters)

    def test_many_rows_are_one_statement(self):
        self.trace()
        with self.database.writer() as connection:
            connection.exec_driver_sql('CREATE TABLE rows (number INTEGER)')
            connection.execute(
                sqlalchemy.text('INSERT INTO rows VALUES (:number)'),
                [{'number': 1}, {'number': 2}])
        self.assertEqual(('INSERT INTO rows VALUES (?)', [[1], [2]], {}),
                         self.sent()[-1])

    def test_an_error_ends_what_it_is_of(self):
        self.trace()
        for _each in range(2):
            with self.assertRaises(exc.OperationalError):
                self.ask('SELECT absent')
        error = {'etype': 'sqlite3.OperationalError',
                 'message': 'no such column: absent'}
        self.assertEqual([('SELECT absent', [], error)] * 2, self.sent())

    def test_a_thread_without_a_tracer_sends_its_statements_too(self):
        self.database.trace(lambda: None)
        self.assertEqual([(1,)], self.ask('SELECT 1'))
        self.assertEqual([(1,)], self.ask('SELECT :a', {'a': 1}))

    def test_an_engine_in_use_is_told_of_from_then_on(self):
        self.ask('SELECT 1')
        self.trace()
        self.ask('SELECT 2')
        self.assertEqual([('SELECT 2', [], {})], self.sent())

    def test_an_engine_is_listened_to_once(self):
        spans = spans_module.Spans(lambda: self)
        for _each in range(2):
            spans.listen(self.database.engine)
        self.ask('SELECT 1')
        self.assertEqual([('SELECT 1', [], {})], self.sent())


if __name__ == '__main__':
    unittest.main()
