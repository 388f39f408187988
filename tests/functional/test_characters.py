# SPDX-License-Identifier: Apache-2.0
"""Characters beyond U+FFFF on MySQL, in our tables and in Glance's."""
import subprocess
import sys

import testtools

from glancelite.db import models
from tests import databases
from tests.functional import application

_FACE = '\U0001f600'


class CharacterTest(testtools.TestCase):
    """A service on MariaDB or MySQL."""

    def setUp(self):
        super().setUp()
        if reason := databases.unavailable('mysql'):
            self.skipTest(reason)
        self.application = self.useFixture(
            # Of its own, because the tables are changed.
            application.Application(
                'wsgi', database=databases.Database('mysql')))
        self.client = self.application.client

    def narrow(self):
        databases.narrow(self.application.database, [
            table.name for table in models.GLANCE_TABLES])

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

    def test_tables_of_ours_take_them(self):
        created, patched, tagged = self.answers()
        self.assertEqual([201, 200, 204], [created.status, patched.status,
                                           tagged.status])
        found = self.client.get('/v2/images?name=%F0%9F%98%80').json['images']
        self.assertEqual([_FACE], [image['name'] for image in found])
        shown = self.client.show(patched.json['id'])
        self.assertEqual([_FACE], shown['tags'])
        self.assertEqual(_FACE, shown[f'about-{_FACE}'])

    def test_tables_of_glance_refuse_them_until_they_are_converted(self):
        self.narrow()
        refused = self.answers()
        self.assertEqual([400, 400, 400], [each.status for each in refused])
        for answer in refused:
            self.assertIn(b'no room for', answer.body)
        done = subprocess.run(
            [sys.executable, '-m', 'glancelite.cmd.manage', '--config-file',
             self.application.configuration, 'db', 'convert-utf8mb4'],
            cwd=application.ROOT, text=True, capture_output=True)
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('image_tags is done.', done.stdout)
        self.assertEqual([201, 200, 204],
                         [each.status for each in self.answers()])

    def test_nothing_has_such_an_id(self):
        for kind in ('images', 'tasks'):
            answer = self.client.get(f'/v2/{kind}/%F0%9F%98%80',
                                     persona='admin')
            self.assertEqual(404, answer.status)
