# SPDX-License-Identifier: Apache-2.0
"""Several sweeps at once: no image is recovered twice."""
import collections
import subprocess
import sys
import threading

import fixtures
import testtools

from glancelite import context as context_module
from glancelite import service
from glancelite.db import api as db_api
from glancelite.db import images
from glancelite.db import leases
from glancelite.objects import lease as lease_object
from glancelite.stores import registry
from tests.crash import sweeper
from tests.functional import application

COUNT = 60


class SweepTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        # One that does not sweep while the test lasts.
        self.service = self.useFixture(application.Application(
            'wsgi', lease={'sweep_interval': 3600}))
        self.client = self.service.client
        self.conf = self.service.load_conf()
        self.database = db_api.Database(self.conf)
        self.addCleanup(self.database.dispose)
        self.counted = self.service.folder / 'counted'
        self.counted.write_text('')
        self.images = [self.leave() for _ in range(COUNT)]

    def leave(self):
        """:returns: the id of an image whose upload has died long ago."""
        created = self.client.create()['id']
        context = context_module.RequestContext(overwrite=False)
        late = leases.Leases(self.database, -60)
        repository = images.Images(self.database, late)
        image = repository.get(context, created, check_visibility=False)
        lease = lease_object.Lease(created, lease_object.UPLOAD, {
            'stores': ['glance_store'], 'status': 'saving'})
        lease.detail['token'] = lease.token
        repository.move(context, image, 'saving', from_status='queued',
                        acquire=lease)
        (self.service.store
         / f'.glancelite-{created}-{lease.token}').write_bytes(b'a part')
        return created

    def assert_each_recovered_once(self):
        counts = collections.Counter(self.counted.read_text().split())
        self.assertEqual(dict.fromkeys(self.images, 1), dict(counts))
        self.assertEqual([], self.service.files())
        for image_id in self.images:
            self.assertEqual('queued', self.client.show(image_id)['status'])

    def test_processes_never_recover_an_image_twice(self):
        signal = self.service.folder / 'signal'
        sweepers = [subprocess.Popen(
            [sys.executable, '-m', 'tests.crash.sweeper',
             str(self.service.configuration), str(self.counted),
             str(signal)], cwd=application.ROOT, stdout=subprocess.PIPE)
            for _ in range(3)]
        for each in sweepers:
            self.addCleanup(each.kill)
            self.assertEqual(b'ready\n', each.stdout.readline())
        signal.touch()
        for each in sweepers:
            each.communicate(timeout=application.PATIENCE)
            self.assertEqual(0, each.returncode)
        self.assert_each_recovered_once()

    def test_threads_never_recover_an_image_twice(self):
        counting = sweeper.CountingDriver
        self.useFixture(fixtures.MonkeyPatch(
            'tests.crash.sweeper.CountingDriver.path', str(self.counted)))
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.registry.DRIVERS',
            {**registry.DRIVERS, 'file': counting}))
        start = threading.Barrier(4)
        sweeping = [service.Service(self.conf) for _ in range(2)]

        def sweep(recovering):
            start.wait()
            while recovering.leases.expired([lease_object.UPLOAD], 1):
                recovering.recovery.sweep()
        threads = [threading.Thread(target=sweep, args=(each,))
                   for each in sweeping * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in sweeping:
            each.stop()
        self.assert_each_recovered_once()
