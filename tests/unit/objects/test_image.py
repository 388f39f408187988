# SPDX-License-Identifier: Apache-2.0
"""Images: transitions, changes, and what a patch may do to one."""
import testtools

from glancelite import exception
from glancelite.api import json_patch
from glancelite.objects import image as image_object


def image(**values):
    """:returns: an image as if just read."""
    return image_object.Image(values, {'color': 'red'}, ['x']).remember()


def change(op, name, value=None):
    return json_patch.Change(op, name, value)


class TransitionTest(testtools.TestCase):
    """Every status, and each one that may follow."""

    #: Said once more, so that a change of the table is noticed.
    ALLOWED = {
        ('queued', 'saving'), ('queued', 'uploading'),
        ('queued', 'importing'), ('queued', 'active'),
        ('saving', 'active'), ('saving', 'queued'),
        ('uploading', 'importing'), ('uploading', 'queued'),
        ('importing', 'active'), ('importing', 'queued'),
        ('active', 'deactivated'), ('deactivated', 'active'),
        ('pending_delete', 'deleted'),
        *((status, end) for end in ('pending_delete', 'deleted')
          for status in ('queued', 'saving', 'uploading', 'importing',
                         'active', 'deactivated', 'killed')),
    }

    def test_a_status_follows_another_exactly_where_the_table_says(self):
        for old in image_object.STATUSES:
            for new in image_object.STATUSES:
                moved = image(status=old)
                if (old, new) in self.ALLOWED:
                    moved.move_to(new)
                    self.assertEqual(new, moved.status)
                else:
                    error = self.assertRaises(
                        exception.InvalidTransition, moved.move_to, new)
                    self.assertIn(f'from {old} to {new}', str(error))
                    self.assertEqual(old, moved.status)

    def test_killed_is_read_and_never_entered(self):
        for followers in image_object.TRANSITIONS.values():
            self.assertNotIn('killed', followers)

    def test_deleted_is_the_end(self):
        self.assertEqual((), image_object.TRANSITIONS['deleted'])

    def test_a_transition_may_be_asked_for_without_making_it(self):
        asked = image(status='queued')
        asked.require_transition('saving')
        self.assertEqual('queued', asked.status)


class ChangesTest(testtools.TestCase):
    """What save has to write."""

    def test_an_image_just_read_has_none(self):
        self.assertFalse(image().changes())

    def test_each_kind_of_change_is_told(self):
        changed = image(name='old')
        changed.values['name'] = 'new'
        changed.properties['size_of_dog'] = 'large'
        del changed.properties['color']
        changed.tags = {'y'}
        found = changed.changes()
        self.assertTrue(found)
        self.assertEqual({'name': 'new'}, found.values)
        self.assertEqual({'size_of_dog': 'large'}, found.properties)
        self.assertEqual({'color'}, found.removed_properties)
        self.assertEqual({'y'}, found.added_tags)
        self.assertEqual({'x'}, found.removed_tags)

    def test_a_change_taken_back_is_none(self):
        changed = image(name='old')
        changed.values['name'] = 'new'
        changed.values['name'] = 'old'
        changed.properties['color'] = 'blue'
        changed.properties['color'] = 'red'
        self.assertFalse(changed.changes())

    def test_after_it_is_stored_there_is_no_change_left(self):
        changed = image()
        changed.properties['color'] = 'blue'
        changed.remember()
        self.assertFalse(changed.changes())


class ApplyTest(testtools.TestCase):
    """One patch operation."""

    def test_base_and_additional_properties_are_set(self):
        changed = image()
        changed.apply(change('replace', 'name', 'new'))
        changed.apply(change('add', 'min_ram', 5))
        changed.apply(change('add', 'fresh', '1'))
        changed.apply(change('replace', 'color', 'blue'))
        changed.apply(change('replace', 'tags', ['a', 'a']))
        self.assertEqual(('new', 5), (changed.name, changed.min_ram))
        self.assertEqual({'fresh': '1', 'color': 'blue'}, changed.properties)
        self.assertEqual({'a'}, changed.tags)

    def test_a_base_property_cannot_be_removed(self):
        for name in ('name', 'tags', 'locations', 'visibility'):
            self.assertRaises(exception.BasePropertyNotRemovable,
                              image().apply, change('remove', name))

    def test_what_is_absent_is_not_replaced_or_removed(self):
        for op in ('replace', 'remove'):
            self.assertRaises(exception.PatchConflict, image().apply,
                              change(op, 'absent', 'x'))


class PolicyTargetTest(testtools.TestCase):
    """What rules may ask of an image."""

    class Context:
        project_id = 'asking'

    def test_the_owner_goes_by_all_its_names(self):
        target = image(owner='p', id='i').policy_target(self.Context)
        for name in ('owner', 'project_id', 'tenant'):
            self.assertEqual('p', target[name])
        self.assertEqual('i', target['image_id'])

    def test_a_member_is_named_only_when_he_is_one(self):
        self.assertIsNone(image().policy_target(self.Context)['member_id'])
        shared = image()
        shared.member_status = 'pending'
        self.assertEqual('asking',
                         shared.policy_target(self.Context)['member_id'])


class NameTest(testtools.TestCase):
    """Names that callers may not use."""

    def test_reserved_names_and_namespaces(self):
        for name in ('os_glance', 'os_glance_x', 'deleted', 'deleted_at',
                     'location'):
            self.assertTrue(image_object.is_reserved(name), name)
        for name in ('os_distro', 'glance', 'my_os_glance'):
            self.assertFalse(image_object.is_reserved(name), name)
