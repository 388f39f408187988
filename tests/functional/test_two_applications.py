# SPDX-License-Identifier: Apache-2.0
"""Two applications with different configurations in one process."""
import threading

import testtools

from tests.functional import application


class TwoApplicationsTest(testtools.TestCase):
    """Nothing of one is seen in the other."""

    def start(self, **options):
        return self.useFixture(application.Application('wsgi', **options))

    def test_images_of_one_are_not_in_the_other(self):
        one, other = self.start(), self.start()
        image = one.client.create(name='only here')
        other.client.personas = one.client.personas
        self.assertEqual(['only here'], one.client.names())
        self.assertEqual([], other.client.names())
        answer = other.client.get(f'/v2/images/{image["id"]}')
        self.assertEqual(404, answer.status)

    def test_data_goes_to_the_store_of_its_application(self):
        one, other = self.start(), self.start()
        image = one.client.create()
        one.client.upload(image['id'], b'data')
        self.assertEqual([image['id']], one.files())
        self.assertEqual([], other.files())

    def test_options_of_one_do_not_reach_the_other(self):
        one = self.start(limit_param_default=1, hashing_algorithm='sha256')
        other = self.start(limit_param_default=2)
        for service, page, algorithm in ((one, 1, 'sha256'),
                                         (other, 2, 'sha512')):
            for _ in range(3):
                image = service.client.create()
            self.assertEqual(page, len(service.client.names()))
            service.client.upload(image['id'], b'data')
            self.assertEqual(
                algorithm, service.client.show(image['id'])['os_hash_algo'])

    def test_pipelines_of_different_flavors_stand_side_by_side(self):
        closed = self.start()
        open_to_all = self.start(
            paste_deploy=application.SHIPPED_PASTE)
        for _ in range(2):
            self.assertEqual(401, closed.client.get(
                '/v2/images', persona=None).status)
            self.assertEqual(200, open_to_all.client.get(
                '/v2/images', persona=None).status)

    def test_policies_of_one_do_not_reach_the_other(self):
        one = self.start()
        policy = one.folder / 'strict.yaml'
        policy.write_text('"get_images": "!"\n')
        strict = self.start(oslo_policy={'policy_file': policy})
        self.assertEqual(403, strict.client.get('/v2/images').status)
        self.assertEqual(200, one.client.get('/v2/images').status)

    def test_stores_of_one_do_not_reach_the_other(self):
        one = self.start()
        folders = [one.folder / name for name in ('fast', 'slow')]
        several = self.start(
            enabled_backends='fast:file,slow:file',
            glance_store={'default_backend': 'slow'},
            fast={'filesystem_store_datadir': folders[0]},
            slow={'filesystem_store_datadir': folders[1]})
        answer = several.client.request('POST', '/v2/images', json={})
        self.assertIn('OpenStack-image-store-ids', answer.headers)
        answer = one.client.request('POST', '/v2/images', json={})
        self.assertNotIn('OpenStack-image-store-ids', answer.headers)

    def test_both_serve_at_the_same_time(self):
        services = [self.start(), self.start()]
        names = [[], []]

        def work(number):
            client = services[number].client
            for count in range(10):
                client.create(name=f'{number}.{count}')
            names[number] = client.names()
        threads = [threading.Thread(target=work, args=(number,))
                   for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number in range(2):
            self.assertEqual({f'{number}.{count}' for count in range(10)},
                             set(names[number]))
