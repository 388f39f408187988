# SPDX-License-Identifier: Apache-2.0
"""JSON patch: against RFC 6902 as jsonpatch has it, and against anything."""
import dataclasses
import json

import hypothesis
from hypothesis import strategies
import jsonpatch
import jsonpointer
import testtools

from glancelite import exception
from glancelite.api import json_patch
from glancelite.objects import image as image_object

_JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers()
    | strategies.floats(allow_nan=False) | strategies.text(),
    lambda each: strategies.lists(each)
    | strategies.dictionaries(strategies.text(), each), max_leaves=8)

_KEYS = strategies.sampled_from(
    ('op', 'path', 'value', 'add', 'remove', 'replace', 'from'))

_POINTERS = strategies.text(
    alphabet=strategies.sampled_from('/~01ab-locations')).map('/{}'.format)

#: What looks nearly like a patch.
_NEARLY = strategies.lists(strategies.dictionaries(
    _KEYS, _JSON | _POINTERS
    | strategies.sampled_from(('add', 'remove', 'replace', 'move'))))

_MEDIA_TYPES = strategies.sampled_from(json_patch.MEDIA_TYPES)

#: Names that are no base properties, with what a pointer has to escape.
_NAMES = strategies.sampled_from(('a', 'b', 'c/d', 'e~f', '~1', '/', 'ü'))
_VALUES = strategies.text(max_size=3)
_OPERATIONS = strategies.lists(strategies.tuples(
    strategies.sampled_from(json_patch.OPERATIONS), _NAMES, _VALUES))


def pointer(name):
    """:returns: the JSON pointer to a property (RFC 6901)."""
    return '/' + jsonpointer.escape(name)


class ArbitraryPatchTest(testtools.TestCase):
    """Whatever comes is a patch or is refused."""

    @hypothesis.given(_JSON, _MEDIA_TYPES)
    def test_any_json_is_changes_or_an_invalid_patch(self, document, kind):
        self.parse(document, kind)

    @hypothesis.given(_NEARLY, _MEDIA_TYPES)
    def test_what_is_nearly_a_patch_is_changes_or_an_invalid_patch(
            self, document, kind):
        self.parse(document, kind)

    def parse(self, document, kind):
        try:
            changes = json_patch.parse(document, kind)
        except exception.InvalidPatch as error:
            # It is shown to users, in JSON.
            json.dumps(str(error))
            return
        self.assertEqual(len(document), len(changes))
        for change in changes:
            self.assertIn(change.op, json_patch.OPERATIONS)
            self.assertIsInstance(change.name, str)


class Rfc6902Test(testtools.TestCase):
    """Within the media type's subset a patch does what RFC 6902 says."""

    @hypothesis.given(strategies.dictionaries(_NAMES, _VALUES), _OPERATIONS)
    def test_a_patch_applied_equals_rfc_6902(self, properties, operations):
        document = [
            {'op': op, 'path': pointer(name)} if op == 'remove'
            else {'op': op, 'path': pointer(name), 'value': value}
            for op, name, value in operations]
        try:
            expected = jsonpatch.apply_patch(properties, document)
        except (jsonpatch.JsonPatchException,
                jsonpointer.JsonPointerException):
            expected = None
        self.assertEqual(expected, self.apply(
            properties, json_patch.parse(document,
                                         json_patch.MEDIA_TYPE_V21)))

    @hypothesis.given(_OPERATIONS)
    def test_both_media_types_say_the_same_but_that_draft_adds_are_new(
            self, operations):
        new = [{'op': op, 'path': pointer(name), 'value': value}
               for op, name, value in operations]
        draft = [{op: pointer(name), 'value': value}
                 for op, name, value in operations]
        self.assertEqual(
            [dataclasses.replace(change, must_be_new=change.op == 'add')
             for change in json_patch.parse(new, json_patch.MEDIA_TYPE_V21)],
            json_patch.parse(draft, json_patch.MEDIA_TYPE_V20))

    @staticmethod
    def apply(properties, changes):
        """:returns: the properties after it, None if it cannot be."""
        image = image_object.Image({}, properties)
        image.remember()
        try:
            for change in changes:
                image.apply(change)
        except exception.PatchConflict:
            return None
        return image.properties


class PointerTest(testtools.TestCase):
    """JSON pointers (RFC 6901) of one step."""

    def name(self, path):
        change, = json_patch.parse([{'op': 'remove', 'path': path}],
                                   json_patch.MEDIA_TYPE_V21)
        return change.name

    def test_escapes_are_read_in_the_right_order(self):
        self.assertEqual('a/b', self.name('/a~1b'))
        self.assertEqual('a~b', self.name('/a~0b'))
        self.assertEqual('~1', self.name('/~01'))

    def test_two_steps_are_refused(self):
        self.assertRaises(exception.InvalidPatch, self.name, '/a/b')

    def test_stray_tildes_are_refused(self):
        for path in ('/~', '/a~', '/~2', '/a~b'):
            self.assertRaises(exception.InvalidPatch, self.name, path)

    def test_adjacent_and_trailing_slashes_are_refused(self):
        for path in ('//a', '/a/', '', 'a'):
            self.assertRaises(exception.InvalidPatch, self.name, path)


class LocationTest(testtools.TestCase):
    """Locations are replaced whole, or added and removed one by one."""

    def parse(self, op, path, **more):
        change, = json_patch.parse([{'op': op, 'path': path, **more}],
                                   json_patch.MEDIA_TYPE_V21)
        return change

    def test_a_position_is_kept(self):
        self.assertEqual('-', self.parse('add', '/locations/-',
                                         value={}).position)
        self.assertEqual('2', self.parse('remove', '/locations/2').position)

    def test_the_whole_list_may_be_replaced(self):
        change = self.parse('replace', '/locations', value=[])
        self.assertEqual((None, []), (change.position, change.value))

    def test_other_pointers_into_locations_are_refused(self):
        for op, path in (('add', '/locations'), ('remove', '/locations'),
                         ('replace', '/locations/0'),
                         ('add', '/locations/0/url')):
            self.assertRaises(exception.InvalidPatch, self.parse, op, path,
                              value={})
