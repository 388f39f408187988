# SPDX-License-Identifier: Apache-2.0
"""Tasks of type import: the image they ask for is held to every rule."""
import testscenarios

from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

#: Nobody answers there, and no name is looked up.
SOURCE = 'http://127.0.0.1/disk'


class TaskRequestTest(application.SharedTestCase):
    scenarios = application.SCENARIOS
    options = {
        'import_filtering_opts': {'allowed_hosts': '127.0.0.1'},
        'image_property_quota': 3, 'image_tag_quota': 2,
        'oslo_policy': {'policy_file': application.ETC / 'tasks-policy.yaml'},
    }

    def submit(self, properties, persona='admin'):
        return self.client.request(
            'POST', '/v2/tasks', persona=persona, json={
                'type': 'import', 'input': {
                    'import_from': SOURCE, 'import_from_format': 'raw',
                    'image_properties': properties}})

    def test_the_image_is_as_it_is_asked_for(self):
        answer = self.submit({'name': 'x', 'disk_format': 'raw',
                              'container_format': 'bare', 'tags': ['t'],
                              'colour': 'red'}, 'alice')
        self.assertEqual(201, answer.status)
        image = self.client.show(answer.json['image_id'])
        self.assertEqual(
            ('x', ['t'], 'red', self.client.personas.project('alice')),
            (image['name'], image['tags'], image['colour'], image['owner']))

    def test_what_no_image_may_have_is_refused(self):
        for properties, status in (
                ({'min_disk': 2 ** 70}, 400), ({'min_ram': -1}, 400),
                ({'x': 'a\0b'}, 400), ({'x' * 300: 'y'}, 400), ({'x': 1}, 400),
                (['x'], 400), (5, 400), ('x', 400),
                ({'id': '00000000-0000-4000-8000-000000000001'}, 403),
                ({'status': 'active'}, 403), ({'os_glance_x': 'y'}, 403),
                ({'locations': [{'url': SOURCE, 'metadata': {}}]}, 403),
                ({'tags': ['a', 'b', 'c']}, 413),
                ({f'x{number}': 'y' for number in range(4)}, 413)):
            answer = self.submit(properties)
            self.assertEqual(status, answer.status, properties)

    def test_what_is_too_large_to_be_kept_makes_no_image(self):
        before = len(self.client.get('/v2/images').json['images'])
        for properties in ({'x': 'y' * 40000, 'z': 'y' * 40000},
                           {'x': 'é' * 20000}):
            self.assertEqual(413, self.submit(properties, 'alice').status)
        self.assertEqual(before,
                         len(self.client.get('/v2/images').json['images']))

    def test_who_may_create_tasks_may_not_publish_by_it(self):
        self.assertEqual(403, self.submit({'visibility': 'public'},
                                          'alice').status)
        self.assertEqual(403, self.submit({'owner': 'other'},
                                          'alice').status)
        self.assertEqual(201, self.submit({'visibility': 'public'}).status)

    def test_tasks_of_an_image_are_shown_to_their_project(self):
        image = self.submit({'visibility': 'community'},
                            'alice').json['image_id']
        for persona, count in (('alice', 1), ('alan', 1), ('admin', 1),
                               ('bob', 0)):
            answer = self.client.get(f'/v2/images/{image}/tasks',
                                     persona=persona)
            self.assertEqual(200, answer.status)
            self.assertEqual(count, len(answer.json['tasks']), persona)
            if not count:
                self.assertNotIn(SOURCE, answer.body.decode())
