# SPDX-License-Identifier: Apache-2.0
"""The stores of a configuration, and configurations that have none."""
import pathlib
import subprocess
import sys

import fixtures
import testtools

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.stores import registry


class SingleStoreTest(testtools.TestCase):
    """[glance_store], without enabled_backends."""

    def stores(self, **options):
        """:returns: the stores that ``options`` of the section describe."""
        conf = conf_package.new()
        conf([], default_config_files=[], default_config_dirs=[])
        conf.set_override('filesystem_store_datadir',
                          self.useFixture(fixtures.TempDir()).path,
                          'glance_store')
        for name, value in options.items():
            conf.set_override(name, value, 'glance_store')
        return registry.Stores(conf)

    def test_files_take_uploads_and_the_web_is_read(self):
        stores = self.stores()
        self.assertEqual('file', stores.default.kind)
        self.assertEqual('http', stores.owning('https://x/y').kind)
        self.assertFalse(stores.multiple)

    def test_the_scheme_of_locations_names_the_store_too(self):
        stores = self.stores(default_store='filesystem', stores=['file'])
        self.assertEqual('file', stores.default.kind)
        self.assertIsNone(stores.owning('https://x/y'))

    def test_images_do_not_come_into_a_store_that_is_only_read(self):
        error = self.assertRaises(
            exception.ConfigurationError, self.stores, default_store='http')
        self.assertIn("default_store 'http'", str(error))

    def test_images_do_not_come_into_another_store_than_was_said(self):
        for kind in ('swift+https', 's3', 'gopher'):
            error = self.assertRaises(
                exception.ConfigurationError, self.stores, default_store=kind)
            self.assertIn('Store glance_store', str(error))

    def test_a_kind_of_store_that_there_is_not_stops_the_start(self):
        error = self.assertRaises(exception.ConfigurationError, self.stores,
                                  stores=['file', 'gopher'])
        self.assertIn("kind 'gopher'", str(error))


class SeveralStoresTest(testtools.TestCase):
    """Mistakes in enabled_backends that would cost images, or say nothing."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def stores(self, backends, **directories):
        """:returns: the stores of a file with these, fast the default."""
        path = self.folder / 'glancelite.conf'
        path.write_text('\n'.join([
            '[DEFAULT]', f'enabled_backends = {backends}',
            '[glance_store]', 'default_backend = fast',
            *(f'[{name}]\nfilesystem_store_datadir = {self.folder / place}'
              for name, place in {'os_glance_staging_store': 'staging',
                                  **directories}.items())]))
        conf = conf_package.new()
        conf([], default_config_files=[str(path)], default_config_dirs=[])
        return registry.Stores(conf)

    def refusal(self, backends, **directories):
        """:returns: why the start is refused."""
        return str(self.assertRaises(
            exception.ConfigurationError, self.stores, backends,
            **directories))

    def test_stores_have_directories_of_their_own(self):
        stores = self.stores('fast:file, cheap:file', fast='a', cheap='b')
        self.assertEqual(['fast', 'cheap'], stores.identifiers)

    def test_two_stores_in_one_directory_stop_the_start(self):
        (self.folder / 'link').symlink_to(self.folder / 'a')
        for other in ('a', 'a/', 'b/../a', 'link'):
            self.assertIn('fast and cheap', self.refusal(
                'fast:file,cheap:file', fast='a', cheap=other))

    def test_a_store_in_the_staging_directory_stops_the_start(self):
        self.assertIn('fast and os_glance_staging_store',
                      self.refusal('fast:file', fast='staging'))

    def test_reserved_names_stop_the_start(self):
        for name in ('os_glance_staging_store', 'os_glance_tasks_store',
                     'os_glance_of_mine'):
            self.assertIn(name, self.refusal(
                f'fast:file,{name}:file', fast='a'))


    def test_uploads_go_to_no_store_that_is_only_read(self):
        self.assertIn(
            "default_backend 'fast': a store of kind http is only read",
            self.refusal('fast:http,cheap:file', cheap='b'))

    def test_a_store_that_is_only_read_may_stand_beside_the_default(self):
        stores = self.stores('fast:file,web:http', fast='a')
        self.assertFalse(stores.named('web').writable)


class LibraryTest(testtools.TestCase):
    """glance_store takes its time to load."""

    def test_it_is_not_loaded_before_such_a_store_is_in_use(self):
        program = (
            'import sys\n'
            'from glancelite import conf as conf_package\n'
            'from glancelite import service\n'
            'conf = conf_package.new()\n'
            'conf([], default_config_files=[], default_config_dirs=[])\n'
            'conf.set_override("connection", "sqlite://", "database")\n'
            'service.Service(conf)\n'
            'print("glance_store" in sys.modules)\n')
        done = subprocess.run([sys.executable, '-c', program], check=True,
                              capture_output=True, text=True)
        self.assertEqual('False\n', done.stdout)
