# SPDX-License-Identifier: Apache-2.0
"""Files of operators are read as Glance reads them, and compared."""
import contextlib
import io
import pathlib

import fixtures
import testtools

from glancelite import conf as configuration
from glancelite.cmd import manage
from glancelite.conf import of_glance

_FILE = '''
[DEFAULT]
scrub-time = 4
image_size_cap = 5
task_time_to_live = 7
disk_formats = raw
nonsense = 2
api_limit_max = 1000
rpc_response_timeout = 3
enabled_backends = one:file, two:file
[one]
filesystem_store_datadir = /one
rbd_store_pool = images
colour = blue
[keystone_authtoken]
auth_type = password
auth_url = http://keystone
username = glance
password = secret
passwd = typo
[database]
connection = mysql://user:secret@host/glance
[taskflow_executor]
max_workers = 1
'''


class OfGlanceTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        folder = self.useFixture(fixtures.TempDir()).path
        self.file = pathlib.Path(folder) / 'glance-api.conf'
        self.write(_FILE)

    def write(self, text):
        self.file.write_text(text)
        self.conf = configuration.new()
        self.conf([], default_config_files=[str(self.file)],
                  default_config_dirs=[])

    def diff(self, *files):
        """:returns: the exit status and the output of ``config diff``."""
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            code = manage.main(['--config-file', str(self.file), 'config',
                                'diff', *map(str, files)])
        return code, output.getvalue()

    def test_what_only_glance_reads_is_named(self):
        self.assertEqual(
            ['[DEFAULT] scrub_time', '[one] rbd_store_pool',
             '[taskflow_executor] max_workers'],
            of_glance.ignored(self.conf))

    def test_what_only_other_parts_of_a_library_read_is_named(self):
        self.write('[database]\ndb_max_retries = 1\nmax_retries = 1\n'
                   'sql_max_retries = 1\nuse_db_reconnect = true\n')
        self.assertEqual(['[database] db_max_retries',
                          '[database] use_db_reconnect'],
                         of_glance.ignored(self.conf))
        self.assertNotIn('[database] db_max_retries', [
            name for name, *_ in of_glance.compare(self.conf).other_values])

    def test_what_nobody_reads_is_named(self):
        found = of_glance.compare(self.conf)
        self.assertEqual(of_glance.ignored(self.conf), found.ignored)
        self.assertEqual(['[DEFAULT] nonsense', '[one] colour',
                          '[keystone_authtoken] passwd'], found.unknown)

    def test_options_of_the_librarys_stores_have_their_effect(self):
        for text in (
                '[DEFAULT]\nenabled_backends = one:rbd\n[one]\n'
                'rbd_store_pool = a\n[backend_defaults]\n'
                'rbd_store_user = b\n',
                '[DEFAULT]\nenabled_backends = one:cinder,two:vmware\n'
                '[one]\ncinder_volume_type = a\n'
                '[two]\nvmware_datastores = a:b\n',
                '[glance_store]\nstores = file,swift\n'
                'default_store = swift+https\nswift_store_container = c\n'):
            self.write(text)
            found = of_glance.compare(self.conf)
            self.assertEqual(([], []), (found.ignored, found.unknown))
        self.write('[DEFAULT]\nenabled_backends = one:rbd\n[one]\n'
                   's3_store_host = a\n')
        self.assertEqual(['[one] s3_store_host'],
                         of_glance.ignored(self.conf))

    def test_values_are_compared_with_the_defaults(self):
        found = of_glance.compare(self.conf)
        self.assertEqual(
            [('[DEFAULT] image_size_cap', '5', '1099511627776'),
             ('[DEFAULT] task_time_to_live', '7', '48')],
            found.other_values[:2])
        self.assertNotIn('[DEFAULT] api_limit_max',
                         [name for name, *_ in found.other_values])
        self.assertEqual([], found.invalid)

    def test_options_by_names_of_before_have_their_effect(self):
        self.assertEqual(7, self.conf.task.task_time_to_live)
        self.assertEqual(['raw'], self.conf.image_format.disk_formats)

    def test_a_value_that_is_none_is_named_with_its_option(self):
        self.write('[DEFAULT]\napi_limit_max = many\n')
        (name, reason), = of_glance.compare(self.conf).invalid
        self.assertEqual('[DEFAULT] api_limit_max', name)
        self.assertIn('many', reason)

    def test_config_diff_prints_it_and_no_secrets(self):
        code, output = self.diff()
        self.assertEqual(1, code)
        for line in ('[DEFAULT] image_size_cap = 5 (1099511627776)',
                     '[taskflow_executor] max_workers',
                     '[keystone_authtoken] passwd',
                     '[database] connection = (not shown)'):
            self.assertIn(f'  {line}', output)
        self.assertNotIn('secret', output)

    def test_config_diff_compares_the_files_it_is_given(self):
        other = self.file.with_name('other.conf')
        other.write_text('[DEFAULT]\napi_limit_max = 10\n')
        code, output = self.diff(other)
        self.assertEqual(0, code)
        self.assertIn('[DEFAULT] api_limit_max = 10 (1000)', output)
        self.assertNotIn('nonsense', output)

    def test_each_option_of_a_usual_configuration_is_known(self):
        """Those that the installation guide of Glance sets."""
        self.write('[database]\nconnection = sqlite://\n'
                   '[keystone_authtoken]\nwww_authenticate_uri = http://k\n'
                   'auth_url = http://k\nmemcached_servers = m\n'
                   'auth_type = password\nproject_domain_name = Default\n'
                   'user_domain_name = Default\nproject_name = service\n'
                   'username = glance\npassword = p\n'
                   '[paste_deploy]\nflavor = keystone\n'
                   '[oslo_limit]\nauth_url = http://k\nauth_type = password\n'
                   'user_domain_id = default\nusername = g\n'
                   'system_scope = all\npassword = p\nendpoint_id = e\n'
                   'region_name = R\n'
                   '[DEFAULT]\nuse_keystone_limits = True\n')
        found = of_glance.compare(self.conf)
        self.assertEqual(([], []), (found.ignored, found.unknown))
