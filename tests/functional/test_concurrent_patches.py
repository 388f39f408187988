# SPDX-License-Identifier: Apache-2.0
"""Changes that race: none is lost, and none is made half."""
import threading

import testscenarios

from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

THREADS = 8
PATCHES = 5


class ConcurrentPatchTest(application.SharedTestCase):
    """Many clients change one image."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.image = self.client.create(base='here')
        self.path = f'/v2/images/{self.image["id"]}'

    def race(self, work):
        """Run ``work(number)`` in many threads that start together.

        :returns: the answers.
        """
        start = threading.Barrier(THREADS)
        answers = []

        def run(number):
            start.wait()
            answers.extend(work(number))
        threads = [threading.Thread(target=run, args=(number,))
                   for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_different_properties_added_at_once_are_all_there(self):
        def add(number):
            for count in range(PATCHES):
                yield self.client.patch(self.path, [
                    {'op': 'add', 'path': f'/p{number}-{count}',
                     'value': f'{number}'}])
        answers = self.race(add)
        self.assertEqual({200}, {answer.status for answer in answers})
        shown = self.client.show(self.image['id'])
        for number in range(THREADS):
            for count in range(PATCHES):
                self.assertEqual(f'{number}', shown[f'p{number}-{count}'])
        self.assertEqual('here', shown['base'])

    def test_of_two_fields_set_together_both_are_of_one_patch(self):
        def change(number):
            for count in range(PATCHES):
                value = f'{number}-{count}'
                yield self.client.patch(self.path, [
                    {'op': 'replace', 'path': '/name', 'value': value},
                    {'op': 'add', 'path': '/twin', 'value': value}])
        answers = self.race(change)
        self.assertEqual({200}, {answer.status for answer in answers})
        shown = self.client.show(self.image['id'])
        self.assertEqual(shown['name'], shown['twin'])
        for answer in answers:
            self.assertEqual(answer.json['name'], answer.json['twin'])

    def test_tags_set_together_are_of_one_patch(self):
        def change(number):
            for count in range(PATCHES):
                tags = [f'{number}-{count}', f'twin of {number}-{count}']
                yield self.client.patch(self.path, [
                    {'op': 'replace', 'path': '/tags', 'value': tags}])
        answers = self.race(change)
        self.assertIn(200, {answer.status for answer in answers})
        self.assertEqual(set(), {answer.status for answer in answers}
                         - {200, 409})
        one, other = self.client.show(self.image['id'])['tags']
        self.assertEqual(f'twin of {one}', other)

    def test_a_property_is_removed_exactly_once(self):
        def remove(number):
            yield self.client.patch(self.path, [
                {'op': 'remove', 'path': '/base'}])
        answers = self.race(remove)
        self.assertEqual(
            [200] + (THREADS - 1) * [409],
            sorted(answer.status for answer in answers))
        self.assertNotIn('base', self.client.show(self.image['id']))

    def test_a_patch_that_fails_leaves_nothing_of_it(self):
        def fail(number):
            yield self.client.patch(self.path, [
                {'op': 'add', 'path': f'/half{number}', 'value': 'x'},
                {'op': 'replace', 'path': '/missing', 'value': 'x'}])
        answers = self.race(fail)
        self.assertEqual({409}, {answer.status for answer in answers})
        shown = self.client.show(self.image['id'])
        self.assertEqual([], [name for name in shown
                              if name.startswith('half')])

    def test_an_image_is_deleted_exactly_once(self):
        def delete(number):
            yield self.client.request('DELETE', self.path)
        answers = self.race(delete)
        self.assertEqual(
            [204] + (THREADS - 1) * [404],
            sorted(answer.status for answer in answers))

    def test_one_id_is_given_to_one_image(self):
        wanted = '0000aaaa-bbbb-4ccc-8ddd-' + self.image['id'][-12:]

        def create(number):
            yield self.client.request('POST', '/v2/images',
                                      json={'id': wanted})
        answers = self.race(create)
        self.assertEqual(
            [201] + (THREADS - 1) * [409],
            sorted(answer.status for answer in answers))
