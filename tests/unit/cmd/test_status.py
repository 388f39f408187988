# SPDX-License-Identifier: Apache-2.0
"""glancelite-status finds what stands in the way, and nothing else."""

import contextlib
import io
import json
import pathlib
import sys

import fixtures
import testtools

from glancelite import conf as configuration
from glancelite import deploy
from glancelite import exception
from glancelite.cmd import status
from glancelite.db import api as db
from glancelite.db import migration


class TestUpgradeCheck(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.config = self.folder / 'glancelite-api.conf'
        self.write_config()

    def write_config(self, connection=None, images=None):
        connection = connection or f'sqlite:///{self.folder}/images.sqlite'
        images = images or self.folder / 'images'
        self.config.write_text(
            f'[database]\nconnection = {connection}\n'
            f'[glance_store]\nfilesystem_store_datadir = {images}\n')

    def sync(self):
        conf = configuration.new()
        conf(['--config-file', str(self.config)], project='glancelite')
        database = db.Database(conf)
        migration.sync(database)
        database.dispose()

    def check(self):
        """Return the exit status, and code and details by check."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = status.main(['--config-file', str(self.config),
                                'upgrade', 'check', '--json'])
        return code, {found['check']: (found['result'], found['details'])
                      for found in json.loads(output.getvalue())['checks']}

    def test_all_is_well_with_a_synchronized_database(self):
        self.sync()
        code, found = self.check()
        self.assertEqual(0, code)
        self.assertEqual({(0, None)}, set(found.values()))

    def test_a_memcached_that_nothing_can_talk_to_is_a_failure(self):
        self.sync()
        self.useFixture(fixtures.MonkeyPatch('sys.modules', {
            **sys.modules, 'memcache': None}))
        with self.config.open('a') as file:
            file.write('[paste_deploy]\nflavor = keystone\n'
                       '[keystone_authtoken]\nmemcached_servers = a:11211\n')
        code, found = self.check()
        self.assertEqual(2, code)
        self.assertIn('glancelite[memcache]', found['Configuration'][1])
        conf = configuration.new()
        conf(['--config-file', str(self.config)], project='glancelite')
        self.assertRaises(exception.ConfigurationError, deploy.load_app, conf)

    def test_options_without_effect_are_a_warning(self):
        self.sync()
        with self.config.open('a') as file:
            file.write('[DEFAULT]\nscrub_time = 4\nnonsense = 1\n')
        code, found = self.check()
        self.assertEqual(1, code)
        self.assertEqual(1, found['Configuration'][0])
        for name in ('scrub_time', 'nonsense'):
            self.assertIn(name, found['Configuration'][1])

    def test_an_empty_database_wants_to_be_synchronized(self):
        code, found = self.check()
        self.assertEqual(1, code)
        self.assertEqual(1, found['Database'][0])
        self.assertIn('glancelite-manage db sync', found['Database'][1])

    def test_a_database_that_does_not_answer_is_a_failure(self):
        self.write_config(
            connection='mysql+pymysql://user:secret@127.0.0.1:1/images')
        code, found = self.check()
        self.assertEqual(2, code)
        self.assertEqual(2, found['Database'][0])
        self.assertNotIn('secret', found['Database'][1])

    def test_a_store_that_cannot_be_written_is_a_failure(self):
        # A file is in the way, which stops even root.
        blocked = self.folder / 'blocked'
        blocked.touch()
        self.write_config(images=blocked / 'images')
        code, found = self.check()
        self.assertEqual(2, code)
        self.assertEqual(2, found['Stores'][0])
        self.assertIn('glance_store', found['Stores'][1])

    def test_rules_that_nothing_asks_are_a_warning(self):
        self.sync()
        rules = self.folder / 'rules.yaml'
        rules.write_text('"get_imagse": "role:auditor"\n'
                         '"keeper": "role:keeper"\n'
                         '"guard": "role:guard"\n'
                         '"delete_image": "rule:keeper"\n')
        protections = self.folder / 'protections.conf'
        protections.write_text('[.*]\ncreate = guard\nread = @\n'
                               'update = guard\ndelete = !\n')
        with self.config.open('a') as config:
            config.write(f'[oslo_policy]\npolicy_file = {rules}\n[DEFAULT]\n'
                         f'property_protection_file = {protections}\n'
                         'property_protection_rule_format = policies\n')
        code, found = self.check()
        self.assertEqual(1, code)
        self.assertEqual((1, 'Nothing asks for these rules of the policy '
                          'file: get_imagse.'), found['Policy file'])
        protections.write_text('[*]\n')
        code, found = self.check()
        self.assertEqual(2, code)
        self.assertIn('protections.conf', found['Policy file'][1])

    def test_a_policy_file_in_json_is_a_failure(self):
        policy = self.folder / 'policy.json'
        policy.write_text('{}')
        with self.config.open('a') as config:
            config.write(f'[oslo_policy]\npolicy_file = {policy}\n')
        code, found = self.check()
        self.assertEqual(2, code)
        self.assertEqual(2, found['Policy file'][0])
