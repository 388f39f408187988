# SPDX-License-Identifier: Apache-2.0
"""A catalogue filled for measurements has the schema that it had before."""
import unittest
from unittest import mock

import sqlalchemy

from tests import databases
from tests.bench import populate
from tests.bench import postponed


class PostponedIndexTest(unittest.TestCase):
    def setUp(self):
        self.url = databases.use(self, 'mysql')
        populate.populate(self.url, 3)
        self.engine = sqlalchemy.create_engine(self.url)
        self.addCleanup(self.engine.dispose)
        self.before = self.schema()
        few = mock.patch.object(populate, '_MANY', 1)
        few.start()
        self.addCleanup(few.stop)

    def schema(self):
        found = sqlalchemy.inspect(self.engine)
        return {table: (sorted(found.get_indexes(table), key=str),
                        found.get_foreign_keys(table))
                for table in sorted(found.get_table_names())}

    def test_the_indexes_come_back(self):
        self.assertEqual(2, populate.populate(self.url, 5))
        self.assertEqual(self.before, self.schema())

    def test_the_next_run_builds_what_one_that_was_cut_off_has_left(self):
        with mock.patch.object(postponed, '_alter', side_effect=OSError):
            self.assertRaises(OSError, populate.populate, self.url, 5)
        self.assertEqual(2, populate.populate(self.url, 5))
        self.assertEqual(self.before, self.schema())
        tables = ['images', 'image_properties']
        postponed.Indexes(self.engine, tables).postpone()
        self.assertEqual([], self.schema()['images'][0])
        self.assertEqual(0, populate.populate(self.url, 5))
        self.assertEqual(self.before, self.schema())
