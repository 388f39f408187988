# SPDX-License-Identifier: Apache-2.0
"""Locations of queued images, registered by POST."""
import hashlib

import testscenarios

from tests.functional import locations

load_tests = testscenarios.load_tests_apply_scenarios

DATA = locations.DATA
OTHER = locations.OTHER
SHA512 = locations.SHA512
SHA256 = locations.SHA256
MD5 = locations.MD5


class RegisterTest(locations.RegisterTestCase):

    def test_the_image_is_active_and_its_digests_follow(self):
        for path in ('/data', '/redirect'):
            image, task = self.registered(path)
            self.assertEqual(
                ('active', len(DATA), MD5, 'sha512', SHA512, 'web'),
                (image['status'], image['size'], image['checksum'],
                 image['os_hash_algo'], image['os_hash_value'],
                 image['stores']))
            self.assertEqual(
                ('location_import', 'success', '', {'image_id': image['id']},
                 {'image_id': image['id'], 'loc_url': self.url(path),
                  'validation_data': {}}),
                (task['type'], task['status'], task['message'],
                 task['result'], task['input']))
            self.assertEqual(DATA, self.client.download(image['id']).body)

    def test_a_digest_that_is_named_is_verified(self):
        for algorithm, value in (('sha256', SHA256), ('sha512', SHA512),
                                 ('md5', MD5)):
            image, task = self.registered('/data', algorithm=algorithm,
                                          value=value)
            self.assertEqual(
                ('active', MD5, algorithm, value, 'success'),
                (image['status'], image['checksum'], image['os_hash_algo'],
                 image['os_hash_value'], task['status']))

    def test_data_of_another_digest_leaves_the_image_queued(self):
        image, task = self.registered('/data', algorithm='sha512',
                                      value='beefdead' * 16)
        self.assertEqual(
            ('queued', None, None, None, None, 'web'),
            (image['status'], image['size'], image['checksum'],
             image['os_hash_algo'], image['os_hash_value'],
             image['stores']))
        self.assertEqual('failure', task['status'])
        self.assertIn('sha512', task['message'])
        # What failed is not served, and goes when there is good data.
        self.assertEqual(204, self.client.download(image['id']).status)
        self.register(image, self.url('/other'))
        image, task = self.outcome(image)
        self.assertEqual((['/other'], len(OTHER)),
                         (self.paths(image), image['size']))
        self.assertEqual(OTHER, self.client.download(image['id']).body)

    def test_content_that_no_image_may_have_is_kept_from_users(self):
        for path, disk_format in (('/backed', 'qcow2'), ('/data', 'vmdk'),
                                  ('/backed', 'raw')):
            image, task = self.registered(
                path, formats={'disk_format': disk_format})
            self.assertEqual(
                ('deactivated', None, None, 'failure'),
                (image['status'], image['checksum'], image['os_hash_algo'],
                 task['status']))
            self.assertNotEqual('', task['message'])
            self.assertEqual(403, self.client.download(image['id']).status)

    def test_with_a_digest_named_such_content_never_becomes_active(self):
        image, task = self.registered(
            '/backed', formats={'disk_format': 'qcow2'}, algorithm='sha256',
            value=hashlib.sha256(locations.BACKED).hexdigest())
        self.assertEqual(('queued', None, 'failure'),
                         (image['status'], image['checksum'], task['status']))
        self.assertNotIn('stores', image)
        self.assertEqual(204, self.client.download(image['id']).status)

    def test_data_that_failed_makes_way_for_a_patch_and_an_upload(self):
        for give, paths in (
                (lambda image: self.patch(image, self.add('/data')),
                 ['/data']),
                (lambda image: self.client.upload(image['id'], DATA), None)):
            image, _ = self.registered('/other', algorithm='sha256',
                                       value=SHA256)
            self.assertEqual(['/other'], self.paths(image))
            self.assertIn(give(image).status, (200, 204))
            shown = self.client.show(image['id'])
            self.assertEqual('active', shown['status'])
            self.assertEqual(1, len(shown['locations']))
            self.assertEqual(paths or self.paths(shown), self.paths(shown))
            self.assertNotIn('/other', self.paths(shown))
            self.assertEqual(DATA, self.client.download(image['id']).body)

    def test_what_cannot_be_done_leaves_the_image_queued(self):
        for path in ('/missing', '/astray', '/empty', '/endless'):
            image, task = self.registered(path)
            self.assertEqual(('queued', None, [], 'failure', None),
                             (image['status'], image['size'],
                              image['locations'], task['status'],
                              task['result']))
            self.assertNotIn('127.0.0.1', task['message'])
        image, task = self.registered('/data', {'disk_format': None})
        self.assertEqual(('queued', []), (image['status'],
                                          image['locations']))
        self.assertIn('disk_format', task['message'])

    def test_data_that_ends_early_has_no_digest(self):
        asked = len(self.source.requests)
        image, task = self.registered('/short')
        self.assertEqual(
            ('active', 1000, None, None, None, 'failure'),
            (image['status'], image['size'], image['checksum'],
             image['os_hash_algo'], image['os_hash_value'],
             task['status']))
        reads = [path for method, path, _ in self.source.requests[asked:]
                 if method == 'GET']
        # http_retries is 1.
        self.assertEqual(['/short'] * 2, reads)

    def test_only_queued_images_take_a_location(self):
        image = self.image_at('/data')
        words = "It's not allowed to add locations if image status is active."
        for url in (self.url('/data'), self.url('/other'), 'file:///x', ''):
            for persona in ('alice', 'alan', 'admin'):
                self.assert_refused(self.register(image, url, persona), 409,
                                    words)
        self.client.request(
            'POST', f'/v2/images/{image["id"]}/actions/deactivate',
            persona='admin')
        self.assert_refused(
            self.register(image, self.url('/other'), 'admin'), 409,
            'deactivated')

    def test_users_register_only_what_lies_on_the_web(self):
        image = self.client.create()
        for url in ('file:///etc/passwd', 'x', '', 'foo://x', 'rbd://a/b/c/d',
                    ' http://127.0.0.1/', 'HTTP://127.0.0.1/'):
            for persona in ('alice', 'admin'):
                self.assert_refused(
                    self.register(image, url, persona), 403,
                    'http store must be enabled to use location API by '
                    'normal user.')
        self.assert_unchanged(image)

    def test_a_url_that_users_may_not_name_is_refused_at_once(self):
        image = self.client.create()
        for url in ('http://10.0.0.1/x', 'http://169.254.169.254/x',
                    'http://localhost/', 'http://127.1/', 'http://[::1]/',
                    'http://', 'http://127.0.0.1:99999/',
                    'http://user@127.0.0.1/', 'https://127.0.0.1\\@x/'):
            self.assert_refused(self.register(image, url), 400,
                                'URI for add location does not pass '
                                'filtering')
        self.assert_unchanged(image)

    def test_malformed_requests_are_refused(self):
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/locations'
        good = self.url('/data')
        for body, words in (
                ({}, "'url' is a required property"),
                ([], "[] is not of type 'object'"),
                ({'url': 1}, "1 is not of type 'string'"),
                ({'url': None}, "None is not of type 'string'"),
                ({'url': good, 'validation_data': 'x'}, "'x' is not of type"),
                ({'url': good, 'validation_data': {'os_hash_algo': 'sha512'}},
                 "'os_hash_value' is a dependency of 'os_hash_algo'"),
                ({'url': good, 'validation_data': {'os_hash_value': 'ab'}},
                 "'os_hash_algo' is a dependency of 'os_hash_value'"),
                ({'url': good, 'validation_data': {
                    'os_hash_algo': 'foo', 'os_hash_value': 'ab'}},
                 "'foo' is not one of ['sha1', 'sha256', 'sha512', 'md5']"),
                ({'url': good, 'validation_data': {
                    'os_hash_algo': 'md5', 'os_hash_value': MD5,
                    'checksum': MD5}},
                 "Additional properties are not allowed ('checksum' was "
                 'unexpected)')):
            answer = self.client.request('POST', path, json=body)
            self.assert_refused(answer, 400, "does not match schema "
                                "'location': ", words)
        for algorithm, value, words in (
                ('sha512', 'x', 'os_hash_value (x) is not a valid '
                 'hexadecimal value'),
                ('sha512', 'ab', 'os_hash_value: (ab) is not the correct '
                 'size for (sha512) (should be (64) bytes)')):
            self.assert_refused(
                self.register(image, good, algorithm=algorithm, value=value),
                400, words)
        self.assert_refused(
            self.client.request('POST', path, json='x'), 400,
            'Unexpected body type. Expected list/dict.')
        for body, words in ((b'[1', 'Malformed JSON in request body.'),
                            (b'', 'Body expected in request.')):
            self.assert_refused(self.client.request(
                'POST', path, body=body,
                headers={'Content-Type': 'application/json'}), 400, words)
        for more in ({'metadata': {}}, {'foo': 1}, {'validation_data': {}}):
            other = self.client.create()
            self.assertEqual(202, self.client.request(
                'POST', f'/v2/images/{other["id"]}/locations',
                json={'url': good, **more}).status)

    def test_who_may_register_and_who_may_fetch(self):
        private = self.client.create(visibility='private')
        public = self.client.create('admin', visibility='public')
        url = self.url('/data')
        for persona, image, registering, fetching in (
                ('alan', private, 403, 403), ('nemo', private, 404, 404),
                ('bob', private, 404, 404), ('svc', private, 404, 404),
                ('alan', public, 403, 403), ('nemo', public, 404, 404),
                ('bob', public, 403, 403), ('alice', public, 403, 403),
                ('svc', public, 202, 200), ('admin', private, 202, 200),
                ('alice', self.client.create(), 202, 403)):
            answer = self.register(image, url, persona)
            self.assertEqual(registering, answer.status, persona)
            answer = self.client.get(f'/v2/images/{image["id"]}/locations',
                                     persona=persona)
            self.assertEqual(fetching, answer.status, persona)
        self.assertEqual(
            [{'url': url, 'metadata': {'store': 'web'}}],
            self.client.get(f'/v2/images/{public["id"]}/locations',
                            persona='svc').json)
        self.assertEqual(
            [], self.client.get(
                f'/v2/images/{self.client.create()["id"]}/locations',
                persona='admin').json)

    def test_other_methods_are_answered_405(self):
        image = self.client.create()
        for method in ('PUT', 'PATCH', 'DELETE'):
            answer = self.client.request(
                method, f'/v2/images/{image["id"]}/locations')
            self.assertEqual(405, answer.status)
            self.assertEqual({'GET', 'POST'}, set(
                answer.headers['Allow'].split(', ')) - {'HEAD'})


class UnverifiedTest(locations.RegisterTestCase):
    """do_secure_hash is off."""

    service_name = 'unverified'
    options = {'do_secure_hash': False}

    def test_the_image_is_active_without_digests(self):
        image, task = self.registered('/data')
        self.assertEqual(
            ('active', len(DATA), None, None, None, 'success'),
            (image['status'], image['size'], image['checksum'],
             image['os_hash_algo'], image['os_hash_value'],
             task['status']))

    def test_digests_that_are_named_are_recorded_unseen(self):
        asked = len(self.source.requests)
        image, task = self.registered('/data', algorithm='sha256',
                                      value='ab' * 32)
        self.assertEqual(
            ('active', None, 'sha256', 'ab' * 32, 'success'),
            (image['status'], image['checksum'], image['os_hash_algo'],
             image['os_hash_value'], task['status']))
        self.assertEqual(
            ['HEAD'], [method for method, _, _ in
                       self.source.requests[asked:]])
