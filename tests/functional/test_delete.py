# SPDX-License-Identifier: Apache-2.0
"""Deletion: what goes, what stays, and when."""
import fixtures
import testscenarios
import testtools

from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios


class _DeleteTestCase(application.SharedTestCase):

    scenarios = application.SCENARIOS

    def create(self, status):
        """:returns: an image in ``status``."""
        image = self.client.create()
        path = f'/v2/images/{image["id"]}'
        if status != 'queued':
            self.client.upload(image['id'], b'data')
        if status == 'deactivated':
            self.client.request('POST', f'{path}/actions/deactivate',
                                persona='admin')
        self.assertEqual(status, self.client.show(image['id'])['status'])
        return image['id']

    def delete(self, image_id, **more):
        return self.client.request('DELETE', f'/v2/images/{image_id}',
                                   **more)

    def assert_gone(self, image_id):
        for persona in ('alice', 'admin'):
            self.assertEqual(404, self.client.get(
                f'/v2/images/{image_id}', persona=persona).status)
        self.assertEqual(404, self.client.download(image_id).status)
        self.assertEqual([], self.client.names())


class DeleteTest(_DeleteTestCase):
    """At once, which is the default."""

    def test_an_image_is_deleted_in_any_status(self):
        for status in ('queued', 'active', 'deactivated'):
            image_id = self.create(status)
            self.assertEqual(204, self.delete(image_id).status)
            self.assert_gone(image_id)
            self.assertNotIn(image_id, self.application.files())

    def test_an_image_whose_data_is_lost_is_deleted(self):
        image_id = self.create('active')
        (self.application.store / image_id).unlink()
        self.assertLess(self.client.download(image_id).status, 500)
        self.assertEqual(204, self.delete(image_id).status)
        self.assert_gone(image_id)

    def test_a_protected_image_stays_whoever_asks(self):
        image_id = self.create('active')
        path = f'/v2/images/{image_id}'
        self.client.patch(path, [
            {'op': 'replace', 'path': '/protected', 'value': True}])
        for persona in ('alice', 'admin'):
            self.assertEqual(403, self.delete(image_id,
                                              persona=persona).status)
        self.assertEqual(b'data', self.client.download(image_id).body)

    def test_a_download_that_has_begun_is_finished(self):
        data = bytes(24 * 1024 * 1024)
        image = self.client.create()
        self.client.upload(image['id'], data)
        with self.client.begin_download(image['id']) as rest:
            self.assertEqual(204, self.delete(image['id']).status)
            self.assertTrue(data == rest())


class DelayedDeleteTest(_DeleteTestCase):
    """``delayed_delete``: the data waits for a scrubber."""

    options = {'delayed_delete': True}

    def test_the_image_is_gone_and_its_data_waits(self):
        image_id = self.create('active')
        self.assertEqual(204, self.delete(image_id).status)
        self.assert_gone(image_id)
        self.assertIn(image_id, self.application.files())

    def test_its_id_is_not_given_again(self):
        image_id = self.create('active')
        self.delete(image_id)
        answer = self.client.request('POST', '/v2/images',
                                     json={'id': image_id})
        self.assertEqual(409, answer.status)

    def test_an_image_without_data_waits_for_nothing(self):
        image_id = self.create('queued')
        self.assertEqual(204, self.delete(image_id).status)
        self.assert_gone(image_id)


class InUseTest(testtools.TestCase):
    """Data that something in its store is made of.

    Of the stores that can say so none is here; ``tests/stores`` has Ceph.
    """

    def setUp(self):
        super().setUp()
        self.used = set()
        for name, value in (
                ('clonable', True),
                ('is_used', lambda driver, url: driver.identifier
                    in self.used)):
            self.useFixture(fixtures.MonkeyPatch(
                f'glancelite.stores.driver.Driver.{name}', value))
        self.application = self.useFixture(application.Application(
            'wsgi', enabled_backends='fast:file,cheap:file',
            glance_store={'default_backend': 'fast'},
            fast={'filesystem_store_datadir': '{folder}/fast'},
            cheap={'filesystem_store_datadir': '{folder}/cheap'}))
        self.client = self.application.client
        self.image_id = self.client.create()['id']
        self.client.upload(self.image_id, b'data')

    def delete(self, path):
        return self.client.request('DELETE', f'/v2/{path}{self.image_id}',
                                   persona='admin')

    def test_the_image_stays_until_it_is_not_in_use_any_more(self):
        self.used.add('fast')
        answer = self.delete('images/')
        self.assertEqual(409, answer.status)
        self.assertIn(self.image_id.encode(), answer.body)
        self.assertEqual(b'data', self.client.download(self.image_id).body)
        self.used.clear()
        self.assertEqual(204, self.delete('images/').status)

    def test_so_does_one_of_several_copies(self):
        self.client.request(
            'POST', f'/v2/images/{self.image_id}/import', persona='admin',
            json={'method': {'name': 'copy-image'}, 'stores': ['cheap']})
        application.eventually(
            lambda: self.client.show(self.image_id)['stores'].count(',') == 1,
            'The image is copied')
        self.used.add('cheap')
        self.assertEqual(409, self.delete('stores/cheap/').status)
        self.assertEqual(204, self.delete('stores/fast/').status)
        self.assertEqual(b'data', self.client.download(self.image_id).body)
