# SPDX-License-Identifier: Apache-2.0
"""Header fields of uploads in parts: what is read, what is ignored."""
import unittest

import hypothesis
from hypothesis import strategies

from glancelite.api import upload_fields

_ANY = strategies.text(strategies.characters(max_codepoint=255), max_size=30)


class UploadFieldsTest(unittest.TestCase):

    def test_booleans_are_read(self):
        for value, expected in (('?1', True), ('?0', False), (' ?1 ', True),
                                ('?1;a', True), ('?0; a=1;b="x,;"', False)):
            self.assertEqual(expected, upload_fields.boolean(
                {'X': value}, 'X'), value)

    def test_what_is_no_boolean_is_ignored(self):
        for value in ('', '1', 'true', '?2', '?', '??1', '?1, ?1', '?1 ?1',
                      '?1;', '?1;A', '"?1"', '(?1)'):
            self.assertIsNone(upload_fields.boolean({'X': value}, 'X'),
                              value)
        self.assertIsNone(upload_fields.boolean({}, 'X'))

    def test_numbers_are_read(self):
        for value, expected in (('0', 0), ('007', 7), (' 12 ', 12),
                                ('5;a=b', 5), ('9' * 15, 10 ** 15 - 1)):
            self.assertEqual(expected, upload_fields.number(
                {'X': value}, 'X'), value)

    def test_what_is_no_number_is_ignored(self):
        for value in ('', '-1', '+1', '1.0', '1e3', '9' * 16, '1, 2', '0x1',
                      '"1"', '\u0661', '?1'):
            self.assertIsNone(upload_fields.number({'X': value}, 'X'), value)

    @hypothesis.given(_ANY)
    def test_any_text_is_read_or_ignored(self, text):
        self.assertIn(upload_fields.boolean({'X': text}, 'X'),
                      (True, False, None))
        number = upload_fields.number({'X': text}, 'X')
        self.assertTrue(number is None or 0 <= number < 10 ** 15)

    @hypothesis.given(strategies.integers(0, 10 ** 15 - 1),
                      strategies.booleans())
    def test_what_is_written_is_read(self, number, boolean):
        self.assertEqual(number, upload_fields.number(
            {'X': str(number)}, 'X'))
        self.assertEqual(boolean, upload_fields.boolean(
            {'X': upload_fields.as_boolean(boolean)}, 'X'))

    def test_limits_fit_into_a_structured_field(self):
        self.assertEqual('max-size=5, max-age=7',
                         upload_fields.limits(5, 7))
        self.assertEqual('max-size=999999999999999',
                         upload_fields.limits(2 ** 63, None))
