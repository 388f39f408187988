# SPDX-License-Identifier: Apache-2.0
"""Uploads whose data is complete, and whose store refuses to end them."""
import hashlib
import time

import fixtures
import testtools

from glancelite import context as context_module
from glancelite import exception
from glancelite import service
from glancelite.db import api as db_api
from glancelite.db import images
from glancelite.db import leases
from glancelite.objects import lease as lease_object
from glancelite.stores import filesystem
from glancelite.stores import registry
from tests.functional import application

_DATA = b'complete'


class RefusingDriver(filesystem.FilesystemDriver):
    """A store that takes data, and gives none of it its name."""

    def commit(self, image_id, token):
        raise exception.StoreUnavailable()


class CommittingDriver(filesystem.FilesystemDriver):
    """A store that ends an upload, and cannot say so."""

    def commit(self, image_id, token):
        super().commit(image_id, token)
        raise exception.StoreUnavailable()


class UnfinishableTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        # One that does not sweep while the test lasts.
        self.service = self.useFixture(application.Application(
            'wsgi', lease={'sweep_interval': 3600, 'finish_timeout': 600}))
        self.client = self.service.client
        self.conf = self.service.load_conf()
        self.database = db_api.Database(self.conf)
        self.addCleanup(self.database.dispose)

    def leave(self, age):
        """:returns: the id of an image whose upload was sealed so long ago.
        """
        created = self.client.create()['id']
        context = context_module.RequestContext(overwrite=False)
        repository = images.Images(
            self.database, leases.Leases(self.database, -60))
        image = repository.get(context, created, check_visibility=False)
        lease = lease_object.Lease(created, lease_object.UPLOAD, {
            'stores': ['glance_store'], 'status': 'saving',
            'sealed': time.time() - age, 'facts': {
                'size': len(_DATA), 'os_hash_algo': 'sha512',
                'os_hash_value': hashlib.sha512(_DATA).hexdigest()}})
        lease.detail['token'] = lease.token
        repository.move(context, image, 'saving', from_status='queued',
                        acquire=lease)
        (self.service.store
         / f'.glancelite-{created}-{lease.token}').write_bytes(_DATA)
        return created

    def sweep(self, driver):
        """Look for expired leases once, with this kind of file store."""
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.registry.DRIVERS',
            {**registry.DRIVERS, 'file': driver}))
        sweeping = service.Service(self.conf)
        self.addCleanup(sweeping.stop)
        sweeping.recovery.sweep()

    def statuses(self, *image_ids):
        return [self.client.show(each)['status'] for each in image_ids]

    def test_it_is_tried_for_a_while_and_then_undone(self):
        young, old = self.leave(60), self.leave(3600)
        self.sweep(RefusingDriver)
        self.assertEqual(['saving', 'queued'], self.statuses(young, old))
        kept, = self.service.files()
        self.assertIn(young, kept)

    def test_what_had_its_name_already_is_removed_too(self):
        old = self.leave(3600)
        self.sweep(CommittingDriver)
        self.assertEqual(['queued'], self.statuses(old))
        self.assertEqual([], self.service.files())
        self.assertEqual(204, self.client.upload(old, b'anew').status)
        self.assertEqual(b'anew', self.client.download(old).body)

    def test_it_is_finished_late_where_the_store_lets_it(self):
        old = self.leave(3600)
        self.sweep(filesystem.FilesystemDriver)
        self.assertEqual(['active'], self.statuses(old))
        self.assertEqual(_DATA, self.client.download(old).body)

    def test_it_can_be_deleted_meanwhile(self):
        young = self.leave(60)
        self.sweep(RefusingDriver)
        answer = self.client.request('DELETE', f'/v2/images/{young}')
        self.assertEqual(204, answer.status)
