# SPDX-License-Identifier: Apache-2.0
"""The data at locations: copies in several stores, quotas, hostile URLs."""
import uuid

import testscenarios

from tests.functional import locations
from tests.unit.fetch import hostile
from tests.unit.fetch import wire

load_tests = testscenarios.load_tests_apply_scenarios

DATA = locations.DATA
SHA512 = locations.SHA512


class StoredCopyTest(locations.LocationsTestCase):
    """An uploaded image with a second location."""

    def _image(self):
        image = self.client.create()
        self.client.upload(image['id'], DATA)
        shown = self.patch(image, self.add('/data')).json
        # The store of the greater weight comes first.
        self.assertEqual('web,fast', shown['stores'])
        return shown

    def _file(self, image):
        return self.fast / image['id']

    def test_positions_are_those_that_callers_see(self):
        image = self._image()
        self.patch(image, self.remove(1), persona='admin')
        self.assertEqual('web', self.client.show(image['id'])['stores'])

    def test_the_data_goes_when_its_location_is_removed(self):
        image = self._image()
        self.assertTrue(self._file(image).exists())
        failing = self.patch(image, self.remove(1), self.remove('0'),
                             persona='admin')
        self.assert_refused(failing, 403)
        self.assertTrue(self._file(image).exists())
        self.assertEqual(200, self.patch(image, self.remove(1),
                                         persona='admin').status)
        self.assertFalse(self._file(image).exists())
        self.assertEqual(DATA, self.client.download(image['id']).body)
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image["id"]}').status)

    def test_the_data_stays_when_the_other_location_is_removed(self):
        image = self._image()
        self.patch(image, self.remove(0), persona='admin')
        self.assertTrue(self._file(image).exists())
        self.assertEqual('fast', self.client.show(image['id'])['stores'])

    def test_a_copy_that_cannot_be_read_is_passed_over(self):
        path = f'/data?{uuid.uuid4()}'
        image = self.client.create()
        stored = DATA[::-1]
        self.client.upload(image['id'], stored)
        self.patch(image, self.add(path))
        self.assertEqual(DATA, self.client.download(image['id']).body)
        locations.gone.add(path)
        self.assertEqual(stored, self.client.download(image['id']).body)
        alone = self.image_at('/data?alone')
        locations.gone.add('/data?alone')
        self.addCleanup(locations.gone.discard, '/data?alone')
        self.assertEqual(503, self.client.download(alone['id']).status)

    def test_a_copy_that_is_too_short_is_passed_over(self):
        image = self.client.create()
        stored = DATA + b'and more'
        self.client.upload(image['id'], stored)
        self.patch(image, self.add(f'/data?{uuid.uuid4()}'))
        self.assertEqual(stored, self.client.download(image['id']).body)


class HostileURLTest(locations.LocationsTestCase):
    """Every way in which a URL comes from a caller."""

    def _answers(self, image, url):
        """Yield the answers to requests that have ``url`` be fetched."""
        path = f'/v2/images/{image["id"]}'
        if len(url) < 256:
            yield self.patch(image, {
                'op': 'add', 'path': '/locations/-',
                'value': {'url': url, 'metadata': {}}})
        yield self.client.request('POST', f'{path}/locations',
                                  json={'url': url})
        yield self.client.request('POST', f'{path}/import', json={
            'method': {'name': 'web-download', 'uri': url}})
        yield self.client.request('POST', '/v2/tasks', persona='admin', json={
            'type': 'import', 'input': {
                'import_from': url, 'import_from_format': 'raw',
                'image_properties': {'disk_format': 'raw',
                                     'container_format': 'bare'}}})

    def test_no_hostile_url_is_fetched_whoever_asks_for_it(self):
        if self.mode == 'wsgi':
            self.wire = self.useFixture(
                wire.Wire(self.service.database))
        image = self.client.create()
        for url in hostile.URLS:
            if url.startswith(('http://127.0.0.1/', 'http://127.0.0.1:80/')):
                # Named by the operator, in this configuration.
                continue
            for answer in self._answers(image, url):
                self.assertIn(answer.status, (400, 403), url)
        if self.mode == 'wsgi':
            self.assertEqual([], self.wire.seen)
        self.assert_unchanged(image)


class InvisibleTest(locations.LocationsTestCase):
    """show_multiple_locations is off, as it is by default."""

    service_name = 'invisible'
    options = {'show_multiple_locations': None}

    def test_nothing_of_locations_is_shown_or_changed(self):
        image = self.client.create()
        self.assertNotIn('locations', image)
        for action, change in (
                ('add', self.add('/data')), ('add', self.add('/data', 'x')),
                ('update', self.replace(self.value('/data'))),
                ('remove', self.remove(0))):
            self.assert_refused(
                self.patch(image, change, persona='admin'), 403,
                f"It's not allowed to {action} locations if locations are "
                'invisible.')
        self.assert_refused(self.patch(image, self.replace()), 403,
                            'Cannot set locations to empty list.')

    def test_registering_and_fetching_go_on(self):
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/locations'
        self.assertEqual(202, self.client.request(
            'POST', path, json={'url': self.url('/data')}).status)
        self.assertEqual(
            [{'url': self.url('/data'), 'metadata': {'store': 'web'}}],
            self.client.get(path, persona='admin').json)


class SingleStoreTest(locations.RegisterTestCase):
    """[glance_store] alone, with the kinds of store it has by default."""

    service_name = 'single'
    options = {'enabled_backends': None,
               'glance_store': {'default_backend': None}}

    def test_the_web_is_a_store_by_default(self):
        image, task = self.registered('/data')
        self.assertEqual(
            ('active', [{'url': self.url('/data'), 'metadata': {}}], SHA512),
            (image['status'], image['locations'], image['os_hash_value']))
        self.assertNotIn('stores', image)
        uploaded = self.client.create()
        self.assertEqual(204, self.client.upload(uploaded['id'],
                                                 DATA).status)
        self.assertEqual(DATA, self.client.download(image['id']).body)


class NoWebStoreTest(locations.RegisterTestCase):

    service_name = 'file'
    options = {'enabled_backends': None,
               'glance_store': {'default_backend': None, 'stores': 'file'}}

    def test_without_a_store_for_it_nothing_is_registered(self):
        image = self.client.create()
        for persona in ('alice', 'admin'):
            self.assert_refused(
                self.register(image, self.url('/data'), persona), 403,
                'http store must be enabled')
        self.assert_refused(self.patch(image, self.add('/data')), 400,
                            'Invalid location')


class StorageQuotaTest(locations.RegisterTestCase):

    service_name = 'quota'
    options = {'user_storage_quota': str(2 * len(DATA) + 100)}

    def test_locations_count_as_what_a_project_holds(self):
        image = self.image_at('/data')
        self.assertEqual(200, self.patch(image,
                                         self.add('/data?2')).status)
        answer = self.patch(image, self.add('/data?3'))
        self.assertEqual(413, answer.status, answer.body)
        self.assertEqual(['/data', '/data?2'],
                         self.paths(self.client.show(image['id'])))
        refused, task = self.registered('/data')
        self.assertEqual(('queued', []), (refused['status'],
                                          refused['locations']))
        self.assertEqual('failure', task['status'])
        self.assertEqual(200, self.patch(image, self.remove(0),
                                         persona='admin').status)
        self.assertEqual(200, self.patch(image, self.add('/data?3')).status)
