# SPDX-License-Identifier: Apache-2.0
"""Images in stores of the glance_store library, over HTTP."""
import hashlib
import http.client
import os
import signal
import time

import testscenarios
import testtools

from tests.functional import application
from tests.functional import client
from tests.servers import kinds
from tests.stores import engines

load_tests = testscenarios.load_tests_apply_scenarios

#: Several segments, and no whole number of them.
DATA = os.urandom(5 * 1024 * 1024 + 4321)

SCENARIOS = testscenarios.multiply_scenarios(
    [(name, {'engine': name}) for name in engines.NAMES],
    application.SCENARIOS)


class StoreTestCase(testtools.TestCase):
    """A service with a file store and one in an engine, the default."""

    engine = None
    mode = 'eventlet'

    #: Seconds: on a busy machine an engine takes its time.
    store_timeout = 60

    def setUp(self):
        super().setUp()
        self.place = engines.place(self, self.engine)
        self.application = self.useFixture(application.Application(
            self.mode, server=kinds.SERVERS[self.place.server],
            **self.place.sections,
            enabled_backends=f'far:{self.place.kind},near:file',
            store_timeout=self.store_timeout,
            glance_store={'default_backend': 'far'},
            far={**self.place.options, 'weight': 10},
            near={'filesystem_store_datadir': '{folder}/near'},
            os_glance_staging_store={
                'filesystem_store_datadir': '{folder}/staging'},
            lease={'ttl': 3, 'sweep_interval': 1},
            task={'poll_interval': 1}))
        self.client = self.application.client

    def create(self):
        return self.client.create()['id']

    def upload(self, data=DATA, headers=None):
        """:returns: the id of an image with ``data``."""
        image_id = self.create()
        answer = self.client.upload(image_id, data, headers=headers)
        self.assertEqual(204, answer.status, answer.body)
        return image_id

    def assert_has(self, image_id, data=DATA):
        """Fail unless the image is active and its data this."""
        image = self.client.show(image_id)
        self.assertEqual(('active', len(data)),
                         (image['status'], image['size']))
        self.assertEqual(hashlib.sha512(data).hexdigest(),
                         image['os_hash_value'])
        self.assertTrue(data == self.client.download(image_id).body)

    def delete(self, image_id):
        answer = self.client.request('DELETE', f'/v2/images/{image_id}')
        self.assertEqual(204, answer.status)


class ImagesTest(StoreTestCase):
    """Uploads, downloads, ranges, copies, deletion."""

    scenarios = SCENARIOS

    def test_what_was_uploaded_is_downloaded(self):
        for data in (DATA, b'x', b''):
            image_id = self.upload(data)
            self.assertEqual('far', self.client.show(image_id)['stores'])
            self.assert_has(image_id, data)
            self.delete(image_id)
        self.assertEqual([], self.place.contents())

    def test_an_upload_need_not_tell_its_size(self):
        image_id = self.create()
        blocks = [DATA[start:start + 99999]
                  for start in range(0, len(DATA), 99999)]
        answer = self.client.upload(image_id, iter(blocks))
        self.assertEqual(204, answer.status)
        self.assert_has(image_id)
        self.delete(image_id)
        self.assertEqual([], self.place.contents())

    def test_ranges(self):
        image_id = self.upload()
        last = len(DATA) - 1
        for first, end in ((0, 0), (1048575, 1048577), (last, last),
                           (3000000, last)):
            answer = self.client.download(
                image_id, headers={'Range': f'bytes={first}-{end}'})
            self.assertEqual(206, answer.status)
            self.assertTrue(DATA[first:end + 1] == answer.body)

    def test_an_import_goes_to_every_store_and_is_copied(self):
        image_id = self.create()
        self.client.request(
            'PUT', f'/v2/images/{image_id}/stage', body=DATA,
            headers={'Content-Type': client.OCTET_STREAM})
        self.import_to(image_id, 'glance-direct', 'far')
        self.import_to(image_id, 'copy-image', 'far,near')
        answer = self.client.request(
            'DELETE', f'/v2/stores/far/{image_id}', persona='admin')
        self.assertEqual(204, answer.status, answer.body)
        self.assertEqual([], self.place.contents())
        self.assert_has(image_id)

    def import_to(self, image_id, method, stores):
        """Import, and wait until the image is in ``stores``."""
        answer = self.client.request(
            'POST', f'/v2/images/{image_id}/import', persona='admin',
            json={'method': {'name': method},
                  'stores': stores.split(',')[-1:]})
        self.assertEqual(202, answer.status, answer.body)
        application.eventually(
            lambda: self.client.show(image_id).get('stores') == stores
            and not self.client.show(image_id).get(
                'os_glance_importing_to_stores'), 'The import')

    def test_the_wrong_data_leaves_nothing(self):
        image_id = self.create()
        answer = self.client.upload(
            image_id, DATA, headers={'Repr-Digest': 'sha-512=:%s:' % (
                'A' * 86 + '==')})
        self.assertEqual(400, answer.status)
        self.assertEqual('queued', self.client.show(image_id)['status'])
        self.assertEqual([], self.place.contents())

    def test_secrets_are_not_told(self):
        image_id = self.upload()
        self.assertNotIn('locations', self.client.show(image_id))
        for name, value in self.place.options.items():
            if name.endswith(('_key', '_password')):
                self.assertNotIn(value, self.application.log_text())


class CloneTest(StoreTestCase):
    """Disks in Ceph are made of images without copying them."""

    engine = 'rbd'
    mode = 'wsgi'

    def test_an_image_that_disks_are_made_of_stays(self):
        image_id = self.upload()
        name, = self.place.contents()
        remove = engines.running('rbd').clone(
            self.place.options['rbd_store_pool'], name)
        answer = self.client.request('DELETE', f'/v2/images/{image_id}')
        self.assertEqual(409, answer.status)
        self.assert_has(image_id)
        remove()
        self.delete(image_id)
        self.assertEqual([], self.place.contents())


class CrashTest(StoreTestCase):
    """A process that dies leaves no byte and no stuck image."""

    scenarios = [(name, {'engine': name}) for name in engines.NAMES]

    def test_a_killed_upload_leaves_nothing(self):
        image_id = self.create()
        with self.client.connect() as connection:
            connection.sendall(client.head(
                'PUT', f'/v2/images/{image_id}/file',
                {**self.client.personas.headers('alice'),
                 'Content-Type': client.OCTET_STREAM,
                 'Content-Length': str(2 * len(DATA))}) + DATA)
            application.eventually(
                lambda: self.client.show(image_id)['status'] == 'saving',
                'The upload begins')
            workers = self.application.workers()
            self.application.stop(signal.SIGKILL)
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
        self.application.start()
        application.eventually(lambda: self.is_queued(image_id),
                               'The image is queued again')
        self.assertEqual([], self.place.contents())
        self.assertEqual(204, self.client.upload(image_id, DATA).status)
        self.assert_has(image_id)

    def is_queued(self, image_id):
        """:returns: whether it is; False while nobody answers."""
        try:
            return self.client.show(image_id)['status'] == 'queued'
        except (http.client.HTTPException, ConnectionError):
            return False


class OutageTest(StoreTestCase):
    """A store that is down takes nobody with it."""

    store_timeout = 10

    scenarios = [(name, {'engine': name}) for name in engines.NAMES]

    def test_a_store_that_is_down(self):
        image_id = self.upload()
        copied = self.client.request(
            'POST', f'/v2/images/{image_id}/import', persona='admin',
            json={'method': {'name': 'copy-image'}, 'stores': ['near']})
        self.assertEqual(202, copied.status, copied.body)
        application.eventually(
            lambda: self.client.show(image_id)['stores'] == 'far,near',
            'The copy')
        engine = engines.running(self.engine)
        self.addCleanup(engine.start)
        engine.stop()
        self.check_down(image_id)
        self.application.stop()
        self.application.start()
        self.check_down(image_id)
        engine.start()
        again = self.create()
        application.eventually(
            lambda: self.client.upload(again, DATA).status == 204,
            'The store is used again')
        # Each process of the service finds out by itself.
        application.eventually(lambda: self.has(again), 'It is read')

    def has(self, image_id):
        """:returns: whether :meth:`assert_has` finds nothing wrong."""
        try:
            self.assert_has(image_id)
        except AssertionError:
            return False
        return True

    def check_down(self, image_id):
        began = time.monotonic()
        refused = self.create()
        answer = self.client.upload(refused, DATA)
        self.assertEqual(503, answer.status)
        self.assertNotIn(b'127.0.0.1', answer.body)
        self.assert_has(image_id)
        # Bounded by the timeouts, not by luck.
        self.assertLess(time.monotonic() - began, application.PATIENCE)
        # A process that has not asked the store does not know.
        application.eventually(
            lambda: self.available() == 'false', 'One says that it is down')

    def available(self):
        """:returns: what the process that answers thinks of the store."""
        detail = self.client.request('GET', '/v2/info/stores/detail',
                                     persona='admin').json['stores']
        return detail[0]['properties']['available']
