# SPDX-License-Identifier: Apache-2.0
"""What is Cinder's alone: volumes made twice, left attached, not allowed."""
import contextlib
import importlib.util
import signal
import subprocess
import sys
import uuid

import fixtures
import testscenarios
import testtools

from glancelite import deploy
from glancelite import exception
from glancelite.data import threads
from glancelite.stores import registry
from tests.functional import application
from tests.stores import engines
from tests.stores import place

load_tests = testscenarios.load_tests_apply_scenarios

OPTIONS = {'cinder_store_auth_address': 'http://127.0.0.1:9/v3',
           'cinder_store_user_name': 'glance',
           'cinder_store_password': 'secret',
           'cinder_store_project_name': 'service'}

LOCKS = {'oslo_concurrency': {'lock_path': '/nowhere/locks'}}

#: Reads the first byte of the store's data at a URL, and stays.
_READER = '''
import sys
from glancelite import deploy
from glancelite.data import threads
from glancelite.stores import registry
conf = deploy.load_conf(files=[sys.argv[1]])
store = registry.Stores(conf, threads=threads.NativeThreads()).default
file = store.open(sys.argv[2])
print(file.read(1), flush=True)
sys.stdin.read()
'''


class OptionsTest(testtools.TestCase):
    """Configurations that cannot work stop the start."""

    scenarios = [
        (name, {'changes': changes, 'sections': sections, 'reason': reason})
        for name, changes, sections, reason in (
            ('no locks', {}, {}, '[oslo_concurrency] lock_path'),
            ('no address', {'cinder_store_auth_address': None}, LOCKS,
             'cinder_store_auth_address'),
            ('no account', {'cinder_store_user_name': None}, LOCKS,
             'cinder_store_user_name'),
            ('no password', {'cinder_store_password': None}, LOCKS,
             'cinder_store_password'),
            ('no secret', {'cinder_store_application_credential_id': 'x'},
             LOCKS, 'cinder_store_application_credential_secret'))]

    changes = sections = reason = None

    def setUp(self):
        super().setUp()
        if not importlib.util.find_spec('cinderclient'):
            self.skipTest('the Python module cinderclient is not installed')

    def configuration(self, changes, sections):
        """:returns: the path of a configuration."""
        options = {name: value for name, value in
                   {**OPTIONS, **changes}.items() if value}
        return str(engines.write_configuration(
            self.useFixture(fixtures.TempDir()).path,
            place.Place('cinder', options, list, sections)))

    def test_what_is_missing_is_named(self):
        conf = deploy.load_conf(files=[self.configuration(
            self.changes, self.sections)])
        error = self.assertRaises(
            exception.ConfigurationError, registry.Stores, conf,
            threads=threads.NativeThreads())
        self.assertIn(f'Store tested: {self.reason} is not set', str(error))


class StandaloneTest(OptionsTest):
    """glancelite-api does not serve such a store."""

    scenarios = [('all is there', {'changes': {}, 'sections': LOCKS})]

    def test_what_is_missing_is_named(self):
        done = subprocess.run(
            [sys.executable, '-m', 'glancelite.cmd.api', '--config-file',
             self.configuration(self.changes, self.sections)],
            capture_output=True, text=True, cwd=application.ROOT,
            timeout=application.PATIENCE, check=False)
        self.assertEqual(1, done.returncode)
        self.assertIn('Store tested: a store of kind cinder is not served by '
                      'glancelite-api', done.stderr)


class VolumesTest(testtools.TestCase):
    """A store in a real Cinder."""

    def setUp(self):
        super().setUp()
        self.place = engines.place(self, 'cinder')
        self.engine = engines.running('cinder')
        self.configuration = engines.write_configuration(
            self.useFixture(fixtures.TempDir()).path, self.place)
        self.driver = registry.Stores(
            deploy.load_conf(files=[str(self.configuration)]),
            threads=threads.NativeThreads()).default

    def upload(self):
        """:returns: the id and the token of an upload that is finished."""
        image_id, token = str(uuid.uuid4()), uuid.uuid4().hex
        writer = self.driver.writer(image_id, token, 4)
        writer.write(b'data')
        writer.finish()
        return image_id, token

    def test_a_volume_that_was_made_twice_is_kept_once(self):
        image_id, token = self.upload()
        self.engine.create(self.place.options['cinder_volume_type'],
                           f'{image_id}.{token}')
        self.assertEqual(2, len(self.place.contents()))
        url = self.driver.commit(image_id, token)
        self.assertEqual(1, len(self.place.contents()))
        with contextlib.closing(self.driver.open(url)) as file:
            self.assertEqual(b'data', file.read())

    def test_a_volume_of_somebody_else_is_not_touched(self):
        image_id, token = self.upload()
        name = f'{image_id}.{token}'
        self.engine.create(self.place.options['cinder_volume_type'], name,
                           {'glance_image_id': 'other'})
        self.driver.commit(image_id, token)
        self.assertTrue(self.driver.discard(image_id, token))
        self.assertEqual([f'image-{name}'], self.place.contents())
        self.assertEqual([], list(self.driver.names()))

    def test_what_a_dead_reader_has_attached_can_be_deleted(self):
        url = self.driver.commit(*self.upload())
        reader = subprocess.Popen(
            [sys.executable, '-c', _READER, self.configuration, url],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            cwd=application.ROOT)
        self.addCleanup(reader.communicate)
        self.addCleanup(reader.kill)
        # A library says something first.
        self.assertIn(b"b'd'\n", iter(reader.stdout))
        reader.send_signal(signal.SIGKILL)
        reader.wait()

        def deleted():
            # Ceph takes it for alive for half a minute.
            with contextlib.suppress(exception.StoreUnavailable):
                self.driver.delete(url)
                return True
        application.eventually(deleted, 'It is deleted',
                               3 * application.PATIENCE)
        self.assertEqual([], self.place.contents())

    def test_a_quota_that_is_used_up_is_a_full_store(self):
        self.engine.limit(volumes=0)
        self.addCleanup(self.engine.limit, volumes=-1)
        writer = self.driver.writer(str(uuid.uuid4()), uuid.uuid4().hex, 4)
        writer.write(b'data')
        self.assertRaises(exception.StorageFull, writer.finish)
        writer.cancel()
        self.assertEqual([], self.place.contents())
        self.assertEqual('true', self.driver.properties()['available'])
