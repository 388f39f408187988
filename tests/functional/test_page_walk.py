# SPDX-License-Identifier: Apache-2.0
"""A walk over pages while images come and go."""
import hypothesis
from hypothesis import strategies

from tests.functional import application

#: Few names, so that many images tie.
_NAMES = strategies.sampled_from((None, 'a', 'A', 'b', 'ü'))

#: Keys whose values no step of the walk changes for images that stay.
_SORTS = strategies.lists(
    strategies.tuples(
        strategies.sampled_from(('name', 'status', 'disk_format', 'size',
                                 'created_at', 'id')),
        strategies.sampled_from(('asc', 'desc'))),
    min_size=1, max_size=3, unique_by=lambda pair: pair[0])

#: What happens between two pages.
_STEPS = strategies.lists(strategies.tuples(
    strategies.sampled_from(('come', 'go', 'change')), _NAMES,
    strategies.integers(0, 9)), max_size=4)


class PageWalkTest(application.SharedTestCase):
    """Every image that stays is seen exactly once."""

    @hypothesis.settings(max_examples=25)
    @hypothesis.given(
        strategies.lists(_NAMES, min_size=2, max_size=7), _SORTS,
        strategies.integers(1, 3), strategies.lists(_STEPS, max_size=8),
        strategies.sampled_from(('alice', 'admin')))
    def test_a_walk_sees_each_image_that_stays_exactly_once(
            self, names, sort, limit, steps, persona):
        self.client = self.client.renewed()
        self.persona = persona
        staying = {self.create(name) for name in names}
        self.going = [self.create(name) for name in names[:3]]
        self.keys = dict(sort)
        seen, link = [], self.first(sort, limit)
        steps = iter(steps)
        while link:
            document = self.client.get(link, persona=persona).json
            page = [image['id'] for image in document['images']]
            self.assertLessEqual(len(page), limit)
            seen += page
            link = document.get('next')
            for step in next(steps, ()):
                self.happen(*step, keep=page[-1:], staying=sorted(staying))
        self.assertEqual(sorted(staying),
                         sorted(each for each in seen if each in staying))
        self.assertEqual(len(set(seen)), len(seen))

    def create(self, name):
        return self.client.create(name=name)['id']

    def first(self, sort, limit):
        """:returns: the link of the first page of alice's images."""
        combined = ','.join(f'{key}:{direction}' for key, direction in sort)
        owner = self.client.personas.project('alice')
        return (f'/v2/images?owner={owner}&visibility=shared&limit={limit}'
                f'&sort={combined}')

    def happen(self, what, name, number, keep, staying):
        if what == 'come':
            self.create(name)
        elif what == 'change':
            chosen = staying[number % len(staying)]
            self.client.patch(f'/v2/images/{chosen}', [
                {'op': 'add', 'path': '/note', 'value': str(number)}])
        elif self.going:
            # Deletion changes the status: by that no marker can be found.
            chosen = self.going[number % len(self.going)]
            if 'status' not in self.keys or chosen not in keep:
                self.going.remove(chosen)
                self.client.request('DELETE', f'/v2/images/{chosen}')


class DeletedMarkerTest(application.SharedTestCase):
    """List images: the next link leads on though its image is gone."""

    def walk(self, persona, query=''):
        """Delete the last image of the first of two pages.

        :returns: the answer to the request for the second page.
        """
        for number in range(4):
            image = self.client.create(name=f'{number}')
            member = self.client.personas.project('bob')
            path = f'/v2/images/{image["id"]}/members'
            self.client.request('POST', path, json={'member': member})
            self.client.request('PUT', f'{path}/{member}', persona='bob',
                                json={'status': 'accepted'})
        owner = self.client.personas.project('alice')
        page = self.client.get(
            f'/v2/images?visibility=shared&owner={owner}&limit=2{query}',
            persona=persona).json
        self.assertEqual(2, len(page['images']))
        last = page['images'][-1]
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{last["id"]}').status)
        return self.client.get(page['next'], persona=persona)

    def test_for_the_owner_a_member_and_an_administrator(self):
        for persona in ('alice', 'bob', 'admin'):
            self.client = self.client.renewed()
            answer = self.walk(persona, '&sort=name:asc')
            self.assertEqual(['2', '3'], [
                image['name'] for image in answer.json['images']])

    def test_by_the_time_of_the_last_change_too(self):
        self.assertEqual(2, len(
            self.walk('alice', '&sort=updated_at:asc').json['images']))

    def test_not_where_it_is_sorted_by_the_status_it_had(self):
        answer = self.walk('alice', '&sort=status:asc')
        self.assertEqual(400, answer.status)
        self.assertIn('No image found', answer.json['message'])

    def test_for_those_alone_who_could_see_it(self):
        image_id = self.client.create()['id']
        self.client.request('DELETE', f'/v2/images/{image_id}')
        for persona, status in (('alice', 200), ('bob', 400), ('svc', 403)):
            self.assertEqual(status, self.client.get(
                f'/v2/images?marker={image_id}', persona=persona).status)
