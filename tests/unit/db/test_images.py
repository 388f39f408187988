# SPDX-License-Identifier: Apache-2.0
"""Images on each database: what is matched, and what races."""
import uuid

from glancelite import context as context_module
from glancelite import exception
from glancelite.api import json_patch
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object
from tests.unit.db import repositories
from tests.unit.db import schemas


class Images(repositories.Repositories):
    """One database for all tests of a backend; a project for each test."""

    def setUp(self):
        super().setUp()
        self.context = context_module.RequestContext(
            project_id=f'project-{uuid.uuid4().hex}', overwrite=False)

    def add(self, properties=(), tags=(), **values):
        """:returns: the id of a new image."""
        image = image_object.Image(
            {'id': str(uuid.uuid4()), 'owner': self.context.project_id,
             **values}, properties, tags)
        self.images.add(self.context, image)
        return image.id

    def get(self, image_id):
        return self.images.get(self.context, image_id)

    def count(self, **parts):
        page = self.images.list(self.context,
                                query_object.ImageQuery(**parts))
        return len(page.items)

    def test_filters_find_what_is_stored_letter_by_letter(self):
        self.add({'Name': 'Value'}, {'Tag'}, name='Name')
        for word, count in (('Name', 1), ('name', 0), ('Name ', 0)):
            for op, value in (('eq', word), ('in', [word])):
                self.assertEqual(count, self.count(filters=[
                    query_object.Filter('name', op, value)]), word)
            self.assertEqual(count, self.count(
                properties=[(word, 'Value')]), word)
        for word, count in (('Value', 1), ('value', 0), ('Value ', 0)):
            self.assertEqual(count, self.count(
                properties=[('Name', word)]), word)
        for word, count in (('Tag', 1), ('tag', 0), ('Tag ', 0)):
            self.assertEqual(count, self.count(tags=[word]), word)

    def test_an_image_is_found_by_its_id_letter_by_letter(self):
        image_id = self.add(id=f'abcdef{str(uuid.uuid4())[6:]}')
        self.assertEqual(image_id, self.get(image_id).id)
        for other in (image_id.upper(), f'{image_id} '):
            self.assertRaises(exception.ImageNotFound, self.get, other)
            self.assertRaises(exception.MarkerNotFound, self.count,
                              marker=other)

    def test_a_tag_is_removed_and_not_its_like(self):
        image = self.get(self.add(tags={'Tag', 'tag', 'tag '}))
        image.tags = image.tags - {'tag'}
        self.images.save(self.context, image)
        self.assertEqual({'Tag', 'tag '}, self.get(image.id).tags)

    def test_a_property_has_the_name_it_is_given(self):
        image = self.get(self.add({'foo': 'once'}))
        del image.properties['foo']
        self.images.save(self.context, image)
        image.properties['FOO'] = 'again'
        self.images.save(self.context, image)
        self.assertEqual({'FOO': 'again'}, self.get(image.id).properties)

    def test_a_tag_is_removed_once(self):
        first = self.get(self.add(tags={'a', 'b'}))
        second = self.get(first.id)
        for image in first, second:
            image.tags = {'b'}
        self.images.save(self.context, first)
        self.assertRaises(exception.ImageChanged, self.images.save,
                          self.context, second)

    def patch(self, image, **values):
        """Apply a patch in memory that sets ``values``."""
        for name, value in values.items():
            image.apply(json_patch.Change('replace', name, value))
        return image

    def test_what_was_permitted_needs_the_owner_and_visibility_it_was_for(
            self):
        for name, value in (('owner', 'another'), ('owner', None),
                            ('visibility', 'private')):
            first = self.get(self.add({'a': '1'}))
            second = self.patch(self.get(first.id), name='mine')
            self.images.save(self.context, self.patch(first, **{name: value}),
                             permitted=True)
            self.assertRaises(exception.ImageChanged, self.images.save,
                              self.context, second, permitted=True)
            self.assertRaises(exception.ImageChanged, self.images.move,
                              self.context, second, 'active', 'queued',
                              permitted=True)
            self.assertRaises(exception.ImageChanged, self.images.delete,
                              self.context, second)
            # The work of the service goes on, whoever the owner is.
            self.images.save(self.context, second)

    def test_of_two_patches_of_the_tags_the_second_is_done_again(self):
        for tags in ((), ('a',), ('a', 'x')):
            first = self.get(self.add(tags=tags))
            second = self.patch(self.get(first.id), tags=['y'])
            self.images.save(self.context, self.patch(first, tags=['x']))
            self.assertRaises(exception.ImageChanged, self.images.save,
                              self.context, second)
            self.images.save(self.context, self.patch(
                self.get(first.id), tags=['y']))
            self.assertEqual({'y'}, self.get(first.id).tags)

    def test_what_a_patch_sets_is_written_even_if_it_was_so_before(self):
        first = self.get(self.add({'twin': 'a'}, name='a'))
        second = self.get(first.id)
        self.images.save(self.context,
                         self.patch(first, name='b', twin='b'))
        self.images.save(self.context,
                         self.patch(second, name='a', twin='c'))
        stored = self.get(first.id)
        self.assertEqual(('a', 'c'),
                         (stored.name, stored.properties['twin']))
        first = self.patch(self.get(first.id), name='d', twin='c')
        del second.properties['twin']
        self.images.save(self.context, second)
        self.assertRaises(exception.ImageChanged, self.images.save,
                          self.context, first)
        self.assertEqual('a', self.get(first.id).name)


schemas.on_every_backend(globals(), Images)
