# SPDX-License-Identifier: Apache-2.0
"""Locations of images by PATCH and by POST, with a web server as the store.
"""
import atexit
import hashlib
import pathlib
import uuid

import fixtures
import testscenarios
import testtools
from testtools import content

from tests.functional import application
from tests.unit.fetch import hostile
from tests.unit.fetch import wire

load_tests = testscenarios.load_tests_apply_scenarios

DATA = b'all that there is ' * 100
OTHER = b'something else ' * 50
SHA512 = hashlib.sha512(DATA).hexdigest()
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()

STORES = {
    'enabled_backends': 'fast:file,web:http',
    'glance_store': {'default_backend': 'fast'},
    'web': {'store_description': 'read-only HTTP', 'weight': 10},
}




#: Paths that are there no more.
_gone = set()


def serve(request):
    """DATA and OTHER by their paths, and what goes wrong by others."""
    path = request.path.split('?')[0]
    if request.path in _gone:
        return wire.send(request, b'', 410)
    if path == '/data':
        return wire.send(request, DATA)
    if path == '/other':
        return wire.send(request, OTHER)
    if path == '/empty':
        return wire.send(request, b'')
    if path == '/redirect':
        return wire.redirect(request, '/data')
    if path == '/astray':
        return wire.redirect(request, 'http://169.254.169.254/')
    if path in ('/short', '/endless'):
        request.send_response(200)
        if path == '/short':
            request.send_header('Content-Length', '1000')
        request.end_headers()
        if request.command == 'GET':
            request.wfile.write(b'x' * 999)
        request.close_connection = True
        return None
    return wire.send(request, b'', 404)


_running = {}


def _service(mode, name, **options):
    """:returns: an application for many tests, what it reads from, and the
        directory of its store."""
    if (mode, name) not in _running:
        source = wire.Source(serve)
        source.setUp()
        atexit.register(source.cleanUp)
        folder = fixtures.TempDir()
        folder.setUp()
        atexit.register(folder.cleanUp)
        service = application.Application(mode, **{
            **STORES, 'fast': {'filesystem_store_datadir': folder.path},
            'show_multiple_locations': True,
            'http_retries': 1,
            'import_filtering_opts': {
                'allowed_hosts': '[127.0.0.1]', 'allowed_ports': '[]'},
            **options})
        service.setUp()
        atexit.register(service.cleanUp)
        _running[mode, name] = service, source, pathlib.Path(folder.path)
    return _running[mode, name]


class LocationsTestCase(testtools.TestCase):

    scenarios = application.SCENARIOS
    mode = 'wsgi'
    service_name = 'default'
    options = {}

    def setUp(self):
        super().setUp()
        self.service, self.source, self.fast = _service(
            self.mode, self.service_name, **self.options)
        self.client = self.service.client.renewed()
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.service.log_text()[-4000:])))

    def url(self, path):
        return f'http://127.0.0.1:{self.source.address[1]}{path}'

    def value(self, path, metadata=None, **validation_data):
        value = {'url': self.url(path), 'metadata': metadata or {}}
        if validation_data:
            value['validation_data'] = validation_data
        return value

    def add(self, path, position='-', **more):
        return {'op': 'add', 'path': f'/locations/{position}',
                'value': self.value(path, **more)}

    def remove(self, position):
        return {'op': 'remove', 'path': f'/locations/{position}'}

    def replace(self, *values):
        return {'op': 'replace', 'path': '/locations', 'value': list(values)}

    def patch(self, image, *changes, persona='alice'):
        return self.client.patch(f'/v2/images/{image["id"]}', list(changes),
                                 persona=persona)

    def image_at(self, *paths):
        """:returns: an active image with locations at ``paths``."""
        image = self.client.create()
        answer = self.patch(image, *map(self.add, paths))
        self.assertEqual(200, answer.status, answer.body)
        return answer.json


    def paths(self, image):
        return [each['url'].replace(self.url(''), '')
                for each in image['locations']]

    def assert_refused(self, answer, status, *words):
        self.assertEqual(status, answer.status, answer.body)
        for word in words:
            self.assertIn(word, answer.json['message'])

    def assert_unchanged(self, image):
        self.assertEqual(image, self.client.show(image['id']))


class PatchTest(LocationsTestCase):

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


class ValidationDataTest(LocationsTestCase):

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


class StoredCopyTest(LocationsTestCase):
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
        self.client.upload(image['id'], OTHER)
        self.patch(image, self.add(path))
        self.assertEqual(DATA, self.client.download(image['id']).body)
        _gone.add(path)
        self.assertEqual(OTHER, self.client.download(image['id']).body)
        alone = self.image_at('/data?alone')
        _gone.add('/data?alone')
        self.addCleanup(_gone.discard, '/data?alone')
        self.assertEqual(503, self.client.download(alone['id']).status)


class HostileURLTest(LocationsTestCase):

    def test_no_hostile_url_becomes_a_location(self):
        if self.mode == 'wsgi':
            self.wire = self.useFixture(wire.Wire())
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/locations'
        for url in hostile.URLS:
            if url.startswith(('http://127.0.0.1/', 'http://127.0.0.1:80/')):
                # Named by the operator, in this configuration.
                continue
            if 'www.example.org' in url or len(url) > 250:
                continue
            value = {'url': url, 'metadata': {}}
            answers = [self.patch(image, {
                'op': 'add', 'path': '/locations/-', 'value': value})]
            if '\ud800' not in url:
                answers.append(self.client.request(
                    'POST', path, json={'url': url}))
            for answer in answers:
                self.assertIn(answer.status, (400, 403), url)
        if self.mode == 'wsgi':
            self.assertEqual([], self.wire.seen)
        self.assert_unchanged(image)


class InvisibleTest(LocationsTestCase):
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


class RegisterTestCase(LocationsTestCase):

    def register(self, image, url, persona='alice', algorithm=None,
                 value=None):
        body = {'url': url}
        if algorithm:
            body['validation_data'] = {'os_hash_algo': algorithm,
                                       'os_hash_value': value}
        return self.client.request(
            'POST', f'/v2/images/{image["id"]}/locations', json=body,
            persona=persona)

    def registered(self, path, formats=None, **more):
        """:returns: the image, and its task, when the task is done."""
        image = self.client.create(**(formats or {}))
        answer = self.register(image, self.url(path), **more)
        self.assertEqual((202, b''), (answer.status, answer.body))
        return self.outcome(image)

    def outcome(self, image):
        def ended():
            tasks = self.client.get(
                f'/v2/images/{image["id"]}/tasks').json['tasks']
            return tasks and tasks[0]['status'] in (
                'success', 'failure') and tasks[0]
        task = application.eventually(ended, 'The task ends')
        return self.client.show(image['id']), task


class RegisterTest(RegisterTestCase):

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


class UnverifiedTest(RegisterTestCase):
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


class SingleStoreTest(RegisterTestCase):
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


class NoWebStoreTest(RegisterTestCase):

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


class StorageQuotaTest(RegisterTestCase):

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
