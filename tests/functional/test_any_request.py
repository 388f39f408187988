# SPDX-License-Identifier: Apache-2.0
"""Whatever a request holds, the answer is never a 500."""
import urllib.parse

import hypothesis
from hypothesis import strategies

from tests.functional import application
from tests.functional import client

_SETTINGS = hypothesis.settings(max_examples=75)

_JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers()
    | strategies.floats() | strategies.text(),
    lambda each: strategies.lists(each, max_size=4)
    | strategies.dictionaries(strategies.text(), each, max_size=4),
    max_leaves=6)

_PROPERTIES = strategies.sampled_from((
    'id', 'name', 'visibility', 'owner', 'tags', 'min_disk', 'min_ram',
    'disk_format', 'container_format', 'protected', 'os_hidden', 'status',
    'locations', 'size', 'stores', 'kernel_id', 'color', '', 'self',
    'os_glance_x', 'created_at', 'checksum', 'virtual_size')) \
    | strategies.text()

_PATCHES = strategies.lists(strategies.fixed_dictionaries(
    {'op': strategies.sampled_from(('add', 'replace', 'remove')),
     'path': _PROPERTIES.map('/{}'.format) | strategies.sampled_from(
         ('/locations/-', '/locations/0', '/locations/x'))},
    optional={'value': _JSON}), max_size=3)

_LETTERS = strategies.binary(max_size=12) | strategies.text(
    max_size=12).map(lambda text: text.encode(errors='replace'))

_PARAMETERS = strategies.sampled_from((
    b'limit', b'marker', b'sort', b'sort_key', b'sort_dir', b'name', b'tag',
    b'status', b'visibility', b'member_status', b'owner', b'os_hidden',
    b'created_at', b'size_min', b'min_ram', b'id', b'protected', b'checksum',
    b'virtual_size', b'size')) | _LETTERS

_VALUES = strategies.sampled_from((
    b'in:', b'in:"', b'in:a,"b,c"', b'gt:', b'gt:2020-01-01', b'-1', b'1e3',
    b'9' * 40, b'eq:9999-12-31T23:59:59-23:59', b'lt:0001-01-01T00:00:00Z',
    b'name:asc,', b'all', b'true')) | _LETTERS


def quoted(pairs):
    """:returns: a query string of raw bytes."""
    return '&'.join(f'{urllib.parse.quote(name)}={urllib.parse.quote(value)}'
                    for name, value in pairs)


class AnyRequestTest(application.SharedTestCase):
    """Requests nobody would send on purpose."""

    def setUp(self):
        super().setUp()
        self.image = self.client.create(color='red')
        self.path = f'/v2/images/{self.image["id"]}'

    def assert_answered(self, answer):
        self.assertLess(answer.status, 500, answer.body)

    @_SETTINGS
    @hypothesis.given(strategies.lists(
        strategies.tuples(_PARAMETERS, _VALUES), max_size=4))
    def test_any_query_of_a_list_is_answered(self, pairs):
        self.assert_answered(self.client.get(
            f'/v2/images?{quoted(pairs)}'))

    @_SETTINGS
    @hypothesis.given(_JSON | strategies.dictionaries(_PROPERTIES, _JSON,
                                                      max_size=3))
    def test_any_image_to_create_is_answered(self, document):
        hypothesis.assume(document is not None)
        self.assert_answered(self.client.request(
            'POST', '/v2/images', json=document))

    @_SETTINGS
    @hypothesis.given(_PATCHES, strategies.sampled_from(('alice', 'admin')))
    def test_any_patch_is_answered(self, changes, persona):
        self.assert_answered(self.client.patch(self.path, changes,
                                               persona=persona))

    @_SETTINGS
    @hypothesis.given(
        strategies.sampled_from(('GET', 'PUT', 'POST', 'DELETE', 'PATCH',
                                 'HEAD', 'OPTIONS')),
        strategies.lists(_LETTERS | strategies.sampled_from(
            (b'v2', b'images', b'members', b'tags', b'file', b'schemas',
             b'locations', b'actions', b'info', b'tasks', b'deactivate')),
            max_size=6))
    def test_any_path_is_answered(self, method, steps):
        path = '/' + '/'.join(urllib.parse.quote(step) for step in steps)
        self.assert_answered(self.client.request(method, path))

    @_SETTINGS
    @hypothesis.given(
        _LETTERS, strategies.sampled_from((
            'GET ', 'DELETE ', 'PATCH ', 'GET /file', 'PUT /file',
            'GET /members', 'POST /members', 'GET /members/x',
            'PUT /tags/x', 'DELETE /tags/x', 'GET /tasks',
            'POST /actions/deactivate', 'GET /locations')))
    def test_any_id_of_an_image_is_answered(self, image_id, call):
        method, _, rest = call.partition(' ')
        body = {'PATCH ': [], 'POST /members': {'member': 'x'}}.get(call)
        media_type = (client.PATCH_V21 if method == 'PATCH'
                      else client.OCTET_STREAM)
        self.assert_answered(self.client.request(
            method, f'/v2/images/{urllib.parse.quote(image_id)}{rest}',
            json=body, headers={'Content-Type': media_type}))

    @_SETTINGS
    @hypothesis.given(_LETTERS, strategies.sampled_from(('GET', 'DELETE')))
    def test_any_id_of_a_member_is_answered(self, member, method):
        self.assert_answered(self.client.request(
            method, f'{self.path}/members/{urllib.parse.quote(member)}'))

    @_SETTINGS
    @hypothesis.given(_LETTERS, strategies.sampled_from(('PUT', 'DELETE')))
    def test_any_tag_is_answered(self, tag, method):
        self.assert_answered(self.client.request(
            method, f'{self.path}/tags/{urllib.parse.quote(tag)}'))

    @_SETTINGS
    @hypothesis.given(
        strategies.sampled_from(('POST', 'PUT')), _LETTERS,
        _JSON | strategies.fixed_dictionaries(
            {}, optional={'member': _JSON, 'status': _JSON}))
    def test_any_member_is_answered(self, method, member, document):
        hypothesis.assume(document is not None)
        path = f'{self.path}/members'
        if method == 'PUT':
            path += f'/{urllib.parse.quote(member)}'
        self.assert_answered(self.client.request(method, path,
                                                 json=document))

    @_SETTINGS
    @hypothesis.given(_JSON | strategies.fixed_dictionaries(
        {}, optional={'url': _JSON | strategies.sampled_from(
            ('http://[', 'file:///x', 'http://h/')),
            'metadata': _JSON, 'validation_data': _JSON}))
    def test_any_location_is_answered(self, document):
        hypothesis.assume(document is not None)
        self.assert_answered(self.client.request(
            'POST', f'{self.path}/locations', json=document))

    @_SETTINGS
    @hypothesis.given(
        strategies.dictionaries(
            strategies.sampled_from((
                'Range', 'Content-Range', 'If-None-Match', 'If-Match',
                'If-Modified-Since', 'If-Range', 'Accept', 'Content-MD5',
                'x-openstack-image-size', 'x-image-meta-store',
                'X-Openstack-Request-Id', 'Accept-Language')),
            strategies.text(
                strategies.characters(min_codepoint=32, max_codepoint=255),
                max_size=20) | strategies.sampled_from((
                    'bytes=0-', 'bytes=-0', 'bytes=5-2', 'bytes=0-0,2-3',
                    'bytes */5', 'bytes 0-1/5', '*', '"x"', 'W/"x"')),
            max_size=3),
        strategies.sampled_from(('GET', 'PUT', 'HEAD')))
    def test_any_headers_are_answered(self, headers, method):
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/file'
        if method != 'PUT':
            self.client.upload(image['id'], b'01234')
            self.assert_answered(self.client.request(method, path,
                                                     headers=headers))
        else:
            self.assert_answered(self.client.upload(image['id'], b'01234',
                                                    headers))

    @_SETTINGS
    @hypothesis.given(strategies.binary(max_size=40), strategies.sampled_from(
        ('application/json', client.PATCH_V20, client.PATCH_V21,
         client.OCTET_STREAM, 'text/html; charset=utf-16', '')))
    def test_any_body_is_answered(self, body, media_type):
        for method, path in (('POST', '/v2/images'), ('PATCH', self.path),
                             ('POST', f'{self.path}/members'),
                             ('POST', f'{self.path}/locations')):
            self.assert_answered(self.client.request(
                method, path, body=body,
                headers={'Content-Type': media_type}))

    def test_a_version_of_any_length_is_answered(self):
        for digits in ('1' * 5000, '%D9%A4', '4%0A'):
            answer = self.client.get(f'/v2.{digits}/images')
            self.assertEqual(300, answer.status)

    def test_nothing_has_a_nul_character_in_its_name(self):
        for method, path, status in (
                ('GET', '/v2/images/a%00b', 404),
                ('GET', f'{self.path}/members/a%00', 404),
                ('GET', f'{self.path}/uploads/a%00', 404),
                ('PUT', f'{self.path}/tags/a%00', 400),
                ('GET', '/v2/tasks/a%00', 404),
                ('GET', '/v2/tasks?owner=a%00', 400),
                ('GET', '/v2/tasks?marker=a%00', 400)):
            answer = self.client.request(method, path, persona='admin')
            self.assertEqual(status, answer.status, path)
