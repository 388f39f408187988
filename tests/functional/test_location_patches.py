# SPDX-License-Identifier: Apache-2.0
"""Locations of images, changed by PATCH."""
import testscenarios

from tests.functional import locations

load_tests = testscenarios.load_tests_apply_scenarios

DATA = locations.DATA
SHA512 = locations.SHA512
MD5 = locations.MD5


class PatchTest(locations.LocationsTestCase):

    def test_the_first_location_makes_a_queued_image_active(self):
        for path in ('-', '0', '7', '01'):
            image = self.client.create()
            shown = self.patch(image, self.add('/data', path)).json
            self.assertEqual(
                ('active', len(DATA), None, None,
                 [{'url': self.url('/data'), 'metadata': {'store': 'web'}}],
                 'web'),
                (shown['status'], shown['size'], shown['checksum'],
                 shown['os_hash_value'], shown['locations'],
                 shown['stores']))
            self.assert_unchanged(shown)
            self.assertEqual(DATA, self.client.download(image['id']).body)

    def test_the_locations_of_a_queued_image_may_be_set_at_once(self):
        image = self.client.create()
        shown = self.patch(image, self.replace(
            self.value('/data'), self.value('/other'))).json
        self.assertEqual(('active', len(DATA), ['/data', '/other']),
                         (shown['status'], shown['size'], self.paths(shown)))
        self.assert_unchanged(shown)

    def test_formats_must_be_set_before_or_in_the_same_patch(self):
        bare = {'disk_format': None, 'container_format': None}
        formats = [{'op': 'replace', 'path': '/disk_format', 'value': 'raw'},
                   {'op': 'add', 'path': '/container_format',
                    'value': 'bare'}]
        image = self.client.create(**bare)
        words = ('Properties disk_format, container_format must be set prior '
                 'to saving data.')
        self.assert_refused(self.patch(image, self.add('/data')), 400, words)
        self.assert_refused(self.patch(image, self.replace(
            self.value('/data'))), 400, words)
        self.assert_unchanged(image)
        self.assertEqual(200, self.patch(
            image, *formats, self.add('/data')).status)

    def test_more_locations_are_added_where_the_patch_says(self):
        image = self.image_at('/data')
        shown = self.patch(image, self.add('/data?2'), self.add('/data?0', 0),
                           self.add('/data?1', 1)).json
        self.assertEqual(['/data?0', '/data?1', '/data', '/data?2'],
                         self.paths(shown))
        self.assertEqual(len(DATA), shown['size'])

    def test_positions_that_are_none_are_refused(self):
        image = self.image_at('/data', '/data?2')
        for position in ('x', '-1', '+1', '1.0', '1_0', '', '9' * 5000, '٣',
                         '0x1'):
            self.assertEqual(400, self.patch(
                image, self.add('/data?3', position)).status, position)
        self.assert_refused(
            self.patch(image, self.add('/data?3', 'x')), 400,
            'Invalid position for adding a location.')
        for position in ('x', '-1', '2', '99'):
            self.assert_refused(
                self.patch(image, self.remove(position), persona='admin'),
                400, 'Invalid position for removing a location.')
        self.assert_unchanged(image)

    def test_a_location_that_is_there_already_is_refused(self):
        image = self.image_at('/data')
        for changes in ([self.add('/data')],
                        [self.add('/data', metadata={'store': 'web'})],
                        [self.add('/data?2'), self.add('/data?2')]):
            self.assert_refused(self.patch(image, *changes), 400,
                                'already exists')
        self.assert_unchanged(image)
        self.assertEqual(200, self.patch(
            image, self.add('/data', metadata={'k': 'v'})).status)
        queued = self.client.create()
        self.assert_refused(self.patch(queued, self.replace(
            self.value('/data'), self.value('/data'))), 400,
            'already exists')
        self.assert_unchanged(queued)

    def test_what_cannot_be_read_is_refused(self):
        image = self.client.create()
        for path, words in (('/missing', 'The Store URI was malformed.'),
                            ('/astray', 'The Store URI was malformed.'),
                            ('/empty', 'Invalid location'),
                            ('/endless', 'Invalid location')):
            self.assert_refused(self.patch(image, self.add(path)), 400, words)
            self.assert_refused(self.patch(image, self.replace(
                self.value(path))), 400, 'Invalid location')
        self.assert_unchanged(image)

    def test_stores_that_we_write_and_unknown_ones_take_no_location(self):
        stored = self.client.create()
        self.client.upload(stored['id'], DATA)
        theirs = self.client.show(stored['id'])['locations'][0]['url']
        self.assertEqual('file', theirs.split(':')[0])
        image = self.client.create()
        for url in (theirs, 'file:///etc/passwd', 'filesystem:///etc/passwd',
                    'rbd://a/b/c/d', 'swift+config://x', 'foo://x', 'x', '',
                    'HTTP://127.0.0.1/', '/etc/passwd'):
            for change in ('add', 'replace'):
                value = {'url': url, 'metadata': {}}
                answer = self.patch(image, {
                    'op': change, 'value': value if change == 'add'
                    else [value], 'path': '/locations/-' if change == 'add'
                    else '/locations'})
                self.assert_refused(answer, 400, 'Invalid location')
        self.assert_unchanged(image)

    def test_metadata_is_made_of_strings_lists_and_objects(self):
        image = self.image_at('/data')
        deep = []
        for _ in range(20):
            deep = [deep]
        for value in (1, 1.5, True, None, [None], {'b': 1}, '\ud800', deep,
                      'x' * 70000):
            self.assert_refused(self.patch(image, self.add(
                '/data?2', metadata={'a': value})), 400)
        self.assert_refused(self.patch(image, self.add(
            '/data?2', metadata={'\ud800': 'x'})), 400)
        metadata = {'a': {'b': ['c', {}]}, 'é': '\U0001f600', 'store': 'fast'}
        shown = self.patch(image, self.add('/data?2',
                                           metadata=metadata)).json
        self.assertEqual({**metadata, 'store': 'web'},
                         shown['locations'][1]['metadata'])
        self.assert_unchanged(shown)

    def test_only_administrators_remove_locations_and_never_the_last(self):
        image = self.image_at('/data', '/data?2', '/data?3')
        for position in ('0', '-', '9', 'x'):
            self.assert_refused(
                self.patch(image, self.remove(position)), 403,
                'You are not authorized to complete delete_image_location '
                'action.')
        shown = self.patch(image, self.remove(0), persona='admin').json
        self.assertEqual(['/data?2', '/data?3'], self.paths(shown))
        shown = self.patch(image, self.remove('-'), persona='admin').json
        self.assertEqual(['/data?2'], self.paths(shown))
        for position in ('0', '-', '9', 'x'):
            self.assert_refused(
                self.patch(image, self.remove(position), persona='admin'),
                403, 'Cannot remove last location in the image.')
        self.assertEqual(['/data?2'],
                         self.paths(self.client.show(image['id'])))

    def test_a_patch_is_applied_whole_or_not_at_all(self):
        image = self.image_at('/data', '/data?2')
        missing = {'op': 'remove', 'path': '/missing'}
        name = {'op': 'replace', 'path': '/name', 'value': 'new'}
        for changes in (
                [name, self.remove(0), missing],
                [name, self.add('/data?3'), missing],
                [name, self.remove(0), self.remove(0)],
                [self.remove(0), self.add('/data?3'), self.add('/missing')]):
            self.assertIn(self.patch(image, *changes,
                                     persona='admin').status, (400, 403, 409))
            self.assert_unchanged(image)
        shown = self.patch(image, name, self.remove(0), self.add('/data'),
                           {'op': 'add', 'path': '/k', 'value': 'v'},
                           persona='admin').json
        self.assertEqual((['/data?2', '/data'], 'new', 'v'),
                         (self.paths(shown), shown['name'], shown['k']))
        self.assert_unchanged(shown)

    def test_replacing_changes_order_and_metadata_of_what_is_there(self):
        image = self.image_at('/data', '/other')
        shown = self.patch(image, self.replace(
            self.value('/other', {'k': 'v'}), self.value('/data'))).json
        self.assertEqual(['/other', '/data'], self.paths(shown))
        stored = self.client.show(image['id'])
        self.assertEqual(
            [{'url': self.url('/data'), 'metadata': {'store': 'web'}},
             {'url': self.url('/other'), 'metadata': {'store': 'web',
                                                      'k': 'v'}}],
            stored['locations'])
        self.assertEqual(200, self.patch(
            image, self.replace(*stored['locations'])).status)
        self.assert_refused(self.patch(image, self.replace(
            {**stored['locations'][0], 'metadata': {'k': 1}},
            stored['locations'][1])), 400, 'Invalid location')
        for values in ([self.value('/data')],
                       [self.value('/data'), self.value('/data?2')],
                       [self.value('/data'), self.value('/data')],
                       [self.value('/data'), self.value('/other'),
                        self.value('/data?2')]):
            for persona in ('alice', 'admin'):
                self.assert_refused(
                    self.patch(image, self.replace(*values),
                               persona=persona),
                    400, 'Original locations is not empty')
        self.assertEqual(stored['locations'],
                         self.client.show(image['id'])['locations'])

    def test_an_image_may_not_be_left_without_locations(self):
        for image in (self.client.create(), self.image_at('/data')):
            for persona in ('alice', 'alan', 'admin'):
                self.assert_refused(
                    self.patch(image, self.replace(), persona=persona), 403,
                    'Access was denied to this resource.',
                    'Cannot set locations to empty list.')

    def test_there_are_at_most_as_many_as_the_quota_says(self):
        image = self.client.create()
        eleven = [self.value(f'/data?{number}') for number in range(11)]
        words = ('The limit has been exceeded on the number of allowed image '
                 'locations. Attempted: 11, Maximum: 10')
        self.assert_refused(self.patch(image, self.replace(*eleven)), 413,
                            words)
        self.assert_refused(self.patch(image, *(
            self.add(f'/data?{number}') for number in range(11))), 413, words)
        self.assert_unchanged(image)
        self.assertEqual(
            200, self.patch(image, self.replace(*eleven[:10])).status)
        self.assert_refused(self.patch(image, self.add('/data')), 413, words)
        self.assert_refused(
            self.patch(image, self.add('/data'), self.remove(0),
                       persona='admin'), 413, words)
        self.assertEqual(200, self.patch(
            image, self.remove(0), self.add('/data'),
            persona='admin').status)

    def test_locations_change_while_an_image_is_queued_or_active(self):
        queued = self.client.create()
        self.assert_refused(
            self.patch(queued, self.remove(0), persona='admin'), 409,
            "It's not allowed to remove locations if image status is queued.")
        image = self.image_at('/data', '/data?2')
        path = f'/v2/images/{image["id"]}/actions/deactivate'
        self.client.request('POST', path, persona='admin')
        for action, change in (('add', self.add('/data?3', 'x')),
                               ('remove', self.remove('x')),
                               ('replace', self.replace(
                                   self.value('/missing')))):
            self.assert_refused(
                self.patch(image, change, persona='admin'), 409,
                f"It's not allowed to {action} locations if image status is "
                'deactivated.')

    def test_each_operation_has_a_rule_of_its_own(self):
        image = self.image_at('/data')
        public = self.client.create('admin', visibility='public')
        name = {'op': 'replace', 'path': '/name', 'value': 'x'}
        for who, which, changes, status, words in (
                ('alan', image, [self.add('/data?2')], 403,
                 'set_image_location'),
                ('alan', image, [self.replace(self.value('/data'))], 403,
                 'set_image_location'),
                ('alan', image, [self.remove(0)], 403,
                 'delete_image_location'),
                ('alan', image, [name, self.add('/data?2')], 403,
                 'modify_image'),
                ('alan', image, [self.add('/data?2'), name], 403,
                 'set_image_location'),
                ('bob', public, [self.add('/data')], 403,
                 'set_image_location'),
                ('bob', image, [self.add('/data?2')], 404, ''),
                ('nemo', image, [self.add('/data?2')], 404, ''),
                ('nemo', image, [self.replace()], 404, '')):
            self.assert_refused(self.patch(which, *changes, persona=who),
                                status, words)

    def test_images_are_not_created_with_locations(self):
        for values in ([], [self.value('/data')]):
            answer = self.client.request('POST', '/v2/images', json={
                'locations': values, 'disk_format': 'raw',
                'container_format': 'bare'})
            self.assert_refused(answer, 403,
                                "Attribute 'locations' is reserved.")

    def test_deleting_an_image_leaves_what_lies_elsewhere(self):
        image = self.image_at('/data')
        asked = len(self.source.requests)
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image["id"]}').status)
        self.assertEqual(asked, len(self.source.requests))


class ValidationDataTest(locations.LocationsTestCase):

    good = {'os_hash_algo': 'sha512', 'os_hash_value': SHA512,
            'checksum': MD5}

    def test_a_queued_image_takes_the_digests_named(self):
        image = self.client.create()
        shown = self.patch(image, self.add('/data', **self.good)).json
        self.assertEqual(self.good, {name: shown[name]
                                     for name in self.good})
        self.assertEqual({'url', 'metadata'}, set(shown['locations'][0]))
        self.assert_unchanged(shown)
        self.assertEqual(200, self.patch(
            image, self.add('/data?2', **self.good)).status)

    def test_digests_of_an_active_image_are_fixed(self):
        image = self.patch(self.client.create(),
                           self.add('/data', **self.good)).json
        for name, value in (('checksum', 'b' * 32),
                            ('os_hash_value', 'ab' * 64),
                            ('os_hash_value', 'x'),
                            ('os_hash_algo', 'sha256')):
            self.assert_refused(
                self.patch(image, self.add('/data?2', **{
                    **self.good, name: value})), 409,
                f'{name} is already set with a different value')
        self.assert_unchanged(image)

    def test_an_active_image_without_digests_takes_none(self):
        image = self.image_at('/data')
        for change in (self.add('/data?2', **self.good),
                       self.replace(self.value('/data', **self.good))):
            self.assert_refused(
                self.patch(image, change), 409,
                'New value(s) for os_hash_algo, os_hash_value, checksum may '
                "only be provided when image status is 'queued'")

    def test_what_is_no_digest_is_refused(self):
        image = self.client.create()
        for name, value, words in (
                ('os_hash_algo', 'sha256', 'os_hash_algo must be sha512, not '
                 'sha256'),
                ('os_hash_value', 'x', 'os_hash_value (x) is not a valid '
                 'hexadecimal value'),
                ('os_hash_value', 'ab', 'os_hash_value (ab) is not the '
                 'correct size for sha512 (should be 64 bytes)'),
                ('checksum', 'zz' * 16, f'checksum ({"zz" * 16}) is not a '
                 'valid hexadecimal value')):
            self.assert_refused(
                self.patch(image, self.add('/missing', 'x', **{
                    **self.good, name: value})), 409, words)
        self.assertEqual(400, self.patch(image, self.add(
            '/data', checksum=MD5)).status)
        self.assert_unchanged(image)

    def test_locations_set_together_agree_on_their_digests(self):
        other = {**self.good, 'os_hash_value': 'ab' * 64}
        image = self.client.create()
        self.assert_refused(
            self.patch(image, self.replace(
                self.value('/data', **self.good),
                self.value('/other', **other))), 409,
            'Conflicting values for os_hash_value')
        self.assert_refused(
            self.patch(image, self.add('/data', **self.good),
                       self.add('/other', **other)), 409,
            'os_hash_value is already set with a different value')
        self.assert_unchanged(image)
        shown = self.patch(image, self.replace(
            self.value('/data'), self.value('/other', **self.good))).json
        self.assertEqual(SHA512, shown['os_hash_value'])
