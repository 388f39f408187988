# SPDX-License-Identifier: Apache-2.0
"""What a service loads when it starts: not what few requests want."""
import hashlib
import pathlib
import subprocess
import sys
import tempfile
import unittest

from glancelite.api.v2 import schemas as image_schemas
from glancelite.db import migration
from tests.unit.db import schemas

_ETC = pathlib.Path(__file__).parents[2] / 'etc' / 'glancelite'

#: Each takes long to load, or much memory, and is wanted by few requests or
#: by few configurations.
_POSTPONED = {
    'alembic', 'castellan', 'cryptography', 'cursive', 'eventlet',
    'glance_store', 'jsonschema', 'keystoneauth1', 'keystonemiddleware',
    'openstack', 'oslo_limit', 'oslo_messaging',
    'oslo_reports.guru_meditation_report', 'osprofiler'}

_PROGRAM = '''
import os, sys
from glancelite import deploy
url, files, paste = sys.argv[1:]
conf = deploy.load_conf(files=[])
conf.set_override('connection', url, 'database')
conf.set_override('filesystem_store_datadir', files, 'glance_store')
conf.set_override('config_file', paste, 'paste_deploy')
deploy.load_app(conf)
print(*sys.modules, flush=True)
os._exit(0)
'''


class StartTest(unittest.TestCase):

    def test_nothing_is_loaded_that_few_requests_want(self):
        with tempfile.TemporaryDirectory() as folder:
            url = f'sqlite:///{folder}/database'
            database = schemas.Database(url)
            migration.sync(database)
            database.engine.dispose()
            done = subprocess.run(
                [sys.executable, '-c', _PROGRAM, url, folder,
                 str(_ETC / 'glancelite-api-paste.ini')],
                check=True, capture_output=True, text=True, timeout=60)
        loaded = set(done.stdout.split())
        self.assertIn('sqlalchemy', loaded)
        self.assertEqual(set(), loaded & _POSTPONED)

    def test_the_properties_that_come_along_are_known(self):
        content = (_ETC / 'schema-image.json').read_bytes()
        self.assertEqual(hashlib.sha256(content).hexdigest(),
                         image_schemas.SHIPPED)
