# SPDX-License-Identifier: Apache-2.0
"""Data that is complete, and whose store refuses to end its upload."""
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
from tests.functional import test_import

_DATA = b'complete'


class RefusingDriver(filesystem.FilesystemDriver):
    """A store that takes data, and gives none of it its name."""

    def commit(self, image_id, token):
        raise exception.StoreUnavailable()


class BrokenDriver(filesystem.FilesystemDriver):
    """A store that fails in a way that nobody has thought of."""

    def commit(self, image_id, token):
        raise RuntimeError('broken')


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

    def test_so_it_is_whatever_goes_wrong(self):
        young, old = self.leave(60), self.leave(3600)
        self.sweep(BrokenDriver)
        self.assertEqual(['saving', 'queued'], self.statuses(young, old))

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


class TroubledDriver(filesystem.FilesystemDriver):
    """File stores, of which the one named cheap is in trouble.

    :cvar trouble: what it does when an upload ends: it 'refuses'; 'breaks';
        does it and 'hides' it; or 'loses' the data.
    """

    trouble = None

    def commit(self, image_id, token):
        trouble = self.trouble if self.identifier == 'cheap' else None
        if trouble == 'loses':
            self.discard(image_id, token)
        if trouble == 'refuses':
            raise exception.StoreUnavailable()
        if trouble == 'breaks':
            raise RuntimeError('broken')
        url = super().commit(image_id, token)
        if trouble == 'hides':
            raise exception.StoreUnavailable()
        return url


class TroubledTestCase(test_import.ImportTestCase):
    """A service whose store cheap is in trouble."""

    def setUp(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.registry.DRIVERS',
            {**registry.DRIVERS, 'file': TroubledDriver}))
        super().setUp()

    def trouble(self, what):
        """Have the store be in trouble, or not any more."""
        self.useFixture(fixtures.MonkeyPatch(
            f'{__name__}.TroubledDriver.trouble', what))

    def import_staged(self):
        """:returns: the id of an image that is being imported to both."""
        image_id = self.create()
        self.stage(image_id)
        self.assertEqual(202, self.submit(
            image_id, all_stores=True).status)
        return image_id


class UnfinishableImportTest(TroubledTestCase):
    """An import that is not to be finished for a moment even."""

    options = {'lease': {'ttl': 3, 'sweep_interval': 1, 'finish_timeout': 0}}

    def test_it_is_undone_in_every_store(self):
        for what in ('refuses', 'breaks', 'hides', 'loses'):
            self.trouble(what)
            image = self.done(self.import_staged())
            self.assertEqual('queued', image['status'], what)
            self.assertEqual({'cheap', 'fast'}, set(
                image['os_glance_failed_import'].split(',')))
            self.assertEqual('failure', self.task(image['id'])['status'])
            self.assertEqual(set(), self.files(), what)
            answer = self.client.upload(image['id'], _DATA)
            self.assertEqual(204, answer.status)
            self.client.request('DELETE', f'/v2/images/{image["id"]}')

    def test_a_copy_fails_and_the_image_stays(self):
        image_id = self.create()
        self.client.upload(image_id, _DATA)
        for what in ('refuses', 'hides'):
            self.trouble(what)
            answer = self.submit(image_id, 'copy-image', 'admin',
                                 stores=['cheap'])
            self.assertEqual(202, answer.status, answer.body)
            image = self.done(image_id)
            self.assertEqual(('active', 'fast', 'cheap'), (
                image['status'], image['stores'],
                image['os_glance_failed_import']))
            self.assertEqual({f'fast/{image_id}'}, self.files())
            self.assertEqual(_DATA, self.client.download(image_id).body)


class DelayedImportTest(TroubledTestCase):
    """An import whose store is in trouble for a moment."""

    def test_it_is_tried_again_and_finished(self):
        self.trouble('refuses')
        image_id = self.import_staged()
        application.eventually(
            lambda: f'fast/{image_id}' in self.files('fast'), 'A try')
        self.assertEqual('importing', self.client.show(image_id)['status'])
        self.trouble(None)
        image = self.done(image_id)
        self.assertEqual('active', image['status'])
        self.assertEqual({f'fast/{image_id}', f'cheap/{image_id}'},
                         self.files())
        self.assertTrue(
            test_import.DATA == self.client.download(image_id).body)
