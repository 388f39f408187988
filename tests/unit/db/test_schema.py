# SPDX-License-Identifier: Apache-2.0
"""What is asked of a database at every start."""
import subprocess
import sys
import unittest

from alembic import script

from glancelite import conf as conf_package
from glancelite.db import api
from glancelite.db import migration
from glancelite.db import schema
from tests import databases
from tests.unit.db import schemas


class HeadTest(unittest.TestCase):

    def test_it_is_that_of_the_migrations(self):
        scripts = script.ScriptDirectory.from_config(migration._config())
        self.assertEqual([schema.HEAD], scripts.get_heads())

    def test_the_service_does_not_load_alembic(self):
        code = ('import sys, glancelite.deploy; '
                'sys.exit("alembic" in sys.modules)')
        self.assertEqual(0, subprocess.run([sys.executable, '-c', code])
                         .returncode)


class Current:

    backend = None

    def test_a_database_is_current_once_it_is_migrated(self):
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', databases.use(self, self.backend),
                          'database')
        database = api.Database(conf)
        self.addCleanup(database.dispose)
        self.assertFalse(schema.is_current(database))
        migration.sync(database)
        self.assertTrue(schema.is_current(database))
        migration.release(database)
        self.assertFalse(schema.is_current(database))


schemas.on_every_backend(globals(), Current)
del Current
