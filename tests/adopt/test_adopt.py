# SPDX-License-Identifier: Apache-2.0
"""The move to glancelite, both beside each other, and the move back."""
import concurrent.futures
import json

import sqlalchemy
import testscenarios
import testtools
from testtools import content

from tests import databases
from tests import schema_facts
from tests.adopt import answers
from tests.adopt import images
from tests.adopt import services
from tests.compare import process

load_tests = testscenarios.load_tests_apply_scenarios

_ROUNDS = 12


class MoveTest(testtools.TestCase):
    """A Glance with images of every kind."""

    scenarios = [
        ('mysql', {'backend': 'mysql', 'key': None}),
        ('postgresql', {'backend': 'postgresql', 'key': None}),
        ('encrypted', {'backend': 'mysql', 'key': 'sixteen letters!'})]

    def setUp(self):
        super().setUp()
        url = databases.use(self, self.backend)
        self.engine = sqlalchemy.create_engine(url,
                                               poolclass=sqlalchemy.NullPool)
        self.cloud = self.useFixture(services.Cloud(url, self.key))
        for name in ('glance', 'glancelite'):
            self.addDetail(name, content.Content(
                content.UTF8_TEXT, lambda name=name: [
                    self.cloud.log(name).encode()]))
        files = process.FileServer()
        self.addCleanup(files.stop)
        self.files = files.url
        self.cloud.start_glance()
        self.by_glance = images.Maker(self.cloud.glance, self.files)
        self.by_glance.everything()

    def test_the_move_both_together_and_the_way_back(self):
        before = self.state()
        answered = answers.of(self.cloud.glance)
        self.cloud.manage('db', 'adopt')
        self.assertEqual(before['rows'], self.rows(before['rows']))
        self.cloud.start_ours()
        self.assert_same(answered, answers.of(self.cloud.ours))

        by_ours = images.Maker(self.cloud.ours, self.files)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for work in [pool.submit(each) for each in (
                    by_ours.everything, self.by_glance.everything,
                    self.take_turns, self.finish_for_each_other)]:
                work.result()
        self.assert_same(answers.of(self.cloud.glance),
                         answers.of(self.cloud.ours))
        data = {**self.by_glance.data, **by_ours.data}
        self.assert_data(self.cloud.glance, data)
        self.assert_data(self.cloud.ours, data)

        self.cloud.stop_ours()
        answered = answers.of(self.cloud.glance)
        self.cloud.manage('db', 'release')
        self.assertEqual(before['schema'], self.schema())
        self.assert_same(answered, answers.of(self.cloud.glance))
        self.by_glance.everything()
        self.assert_data(self.cloud.glance, data)

    def take_turns(self):
        """Change one image by the one service and the other."""
        image_id = self.cloud.glance.create(name='in turns')['id']
        path = f'/v2/images/{image_id}'
        for number in range(_ROUNDS):
            client = (self.cloud.glance, self.cloud.ours)[number % 2]
            for answer in (
                    client.patch(path, [
                        {'op': 'add', 'path': f'/p{number}', 'value': 'x'},
                        {'op': 'replace', 'path': '/name',
                         'value': f'turn {number}'}]),
                    client.request('PUT', f'{path}/tags/t{number}'),
                    client.request('POST', f'{path}/members',
                                   json={'member': f'm{number}'})):
                self.assertIn(answer.status, (200, 204))
        for client in (self.cloud.glance, self.cloud.ours):
            shown = client.show(image_id)
            self.assertEqual(f'turn {_ROUNDS - 1}', shown['name'])
            self.assertEqual(sorted(f't{each}' for each in range(_ROUNDS)),
                             sorted(shown['tags']))
            self.assertLessEqual({f'p{each}' for each in range(_ROUNDS)},
                                 shown.keys())

    def finish_for_each_other(self):
        """What one service begins the other one ends."""
        pair = self.cloud.glance, self.cloud.ours
        for one, other in (pair, pair[::-1]):
            image_id = one.create(name='across')['id']
            path = f'/v2/images/{image_id}'
            self.assertEqual(204, other.upload(image_id, b'data').status)
            self.assertEqual(409, one.upload(image_id, b'again').status)
            self.assertEqual(b'data', one.download(image_id).body)
            self.assertEqual(204, one.request('DELETE', path).status)
            self.assertEqual(404, other.get(path).status)
            self.assertEqual([], list(self.cloud.folder.glob(
                f'*/{image_id}*')))
            self.assertEqual(409, other.request(
                'POST', '/v2/images', json={'id': image_id}).status)

    def assert_same(self, one, other):
        different = answers.differences(
            one, other, nulls_apart=self.backend == 'postgresql')
        self.assertEqual([], different, '\n'.join(different))

    def assert_data(self, client, data):
        for image_id, wanted in data.items():
            found = client.download(image_id, persona='admin')
            self.assertEqual((wanted and 200 or found.status, wanted),
                             (found.status, found.body), image_id)

    def state(self):
        return {'schema': self.schema(), 'rows': self.rows(
            sqlalchemy.inspect(self.engine).get_table_names())}

    def schema(self):
        return json.loads(json.dumps(schema_facts.read(self.engine)))

    def rows(self, tables):
        """:returns: what all columns hold that are Glance's."""
        with self.engine.connect() as connection:
            return {table: sorted(
                str({name: value for name, value in row.items()
                     if not name.startswith('glancelite_')})
                for row in connection.exec_driver_sql(
                    f'SELECT * FROM {table}').mappings())
                for table in tables}
