# SPDX-License-Identifier: Apache-2.0
"""Characters beyond U+FFFF, in our tables and in those of Glance on MySQL."""

import testscenarios
import testtools

from glancelite.db import models
from tests import databases
from tests import nursery
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

_FACE = '\U0001f600'


class CharacterTestCase(testtools.TestCase):
    """A service on a database whose tables may be changed."""

    backend = None

    def setUp(self):
        super().setUp()
        if reason := databases.unavailable(self.backend):
            self.skipTest(reason)
        self.application = self.useFixture(application.Application(
            'wsgi', database=databases.Database(self.backend)))
        self.client = self.application.client

    def answers(self):
        """:returns: the answers to requests with such characters."""
        image_id = self.client.create(name='plain')['id']
        path = f'/v2/images/{image_id}'
        return [
            self.client.request('POST', '/v2/images', json={'name': _FACE}),
            self.client.patch(path, [{
                'op': 'add', 'path': f'/about-{_FACE}', 'value': _FACE}]),
            self.client.request(
                'PUT', f'{path}/tags/%F0%9F%98%80'),
        ]


class OwnTablesTest(CharacterTestCase):
    """Tables that we have made."""

    scenarios = [(backend, {'backend': backend})
                 for backend in databases.BACKENDS]

    def test_they_take_all_characters(self):
        created, patched, tagged = self.answers()
        self.assertEqual([201, 200, 204], [created.status, patched.status,
                                           tagged.status])
        found = self.client.get('/v2/images?name=%F0%9F%98%80').json['images']
        self.assertEqual([_FACE], [image['name'] for image in found])
        shown = self.client.show(patched.json['id'])
        self.assertEqual([_FACE], shown['tags'])
        self.assertEqual(_FACE, shown[f'about-{_FACE}'])

    def test_nothing_has_such_an_id(self):
        for kind in ('images', 'tasks'):
            answer = self.client.get(f'/v2/{kind}/%F0%9F%98%80',
                                     persona='admin')
            self.assertEqual(404, answer.status)


class GlanceTablesTest(CharacterTestCase):
    """Tables as Glance makes them on MariaDB and MySQL."""

    backend = 'mysql'

    def test_they_refuse_such_characters_until_they_are_converted(self):
        databases.narrow(self.application.database, [
            table.name for table in models.GLANCE_TABLES])
        refused = self.answers()
        self.assertEqual([400, 400, 400], [each.status for each in refused])
        for answer in refused:
            self.assertIn(b'no room for', answer.body)
        done = nursery.run(
            'manage', '--config-file', self.application.configuration, 'db',
            'convert-utf8mb4')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('image_tags is done.', done.stdout)
        self.assertEqual([201, 200, 204],
                         [each.status for each in self.answers()])
