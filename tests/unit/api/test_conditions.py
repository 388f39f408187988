# SPDX-License-Identifier: Apache-2.0
"""Preconditions in the order and with the comparisons of RFC 9110."""
import datetime

import hypothesis
from hypothesis import strategies
import testtools

from glancelite import exception
from glancelite.api import conditions

MODIFIED = datetime.datetime(2026, 11, 24, 7, 0, 0,
                             tzinfo=datetime.timezone.utc)
BEFORE = 'Tue, 24 Nov 2026 06:59:59 GMT'
THEN = 'Tue, 24 Nov 2026 07:00:00 GMT'
AFTER = 'Tue, 24 Nov 2026 07:00:01 GMT'


class ConditionTest(testtools.TestCase):
    def unmodified(self, **headers):
        return conditions.not_modified(
            {name.replace('_', '-'): value
             for name, value in headers.items()}, 'tag', MODIFIED)

    def test_without_conditions_the_client_has_nothing(self):
        self.assertFalse(self.unmodified())

    def test_if_none_match_compares_weakly_with_any_of_a_list(self):
        for header in ('"tag"', 'W/"tag"', '*', '"a","tag"', '"a, b", "tag"',
                       '"a" , W/"tag"'):
            self.assertTrue(self.unmodified(If_None_Match=header), header)
        for header in ('"other"', 'tag', '', '"TAG"', '"a,tag"'):
            self.assertFalse(self.unmodified(If_None_Match=header), header)

    def test_if_match_compares_strongly(self):
        for header in ('"tag"', '*', '"a","tag"'):
            self.assertFalse(self.unmodified(If_Match=header), header)
        for header in ('"other"', 'W/"tag"', 'tag', ''):
            self.assertRaises(exception.PreconditionFailed,
                              self.unmodified, If_Match=header)

    def test_dates_count_in_whole_seconds(self):
        self.assertFalse(self.unmodified(If_Modified_Since=BEFORE))
        self.assertTrue(self.unmodified(If_Modified_Since=THEN))
        self.assertTrue(self.unmodified(If_Modified_Since=AFTER))
        self.assertFalse(self.unmodified(If_Unmodified_Since=THEN))
        self.assertRaises(exception.PreconditionFailed, self.unmodified,
                          If_Unmodified_Since=BEFORE)

    def test_a_tag_goes_before_a_date(self):
        self.assertFalse(self.unmodified(If_None_Match='"other"',
                                         If_Modified_Since=AFTER))
        self.assertFalse(self.unmodified(If_Match='"tag"',
                                         If_Unmodified_Since=BEFORE))

    def test_what_is_no_date_is_ignored(self):
        for value in ('yesterday', '', 'Tue, 99 Nov 2026 07:00:00 GMT',
                      'Tue, 24 Nov 99999999 07:00:00 GMT', '0', '²'):
            self.assertFalse(self.unmodified(If_Unmodified_Since=value))
            self.assertFalse(self.unmodified(If_Modified_Since=value), value)

    def test_a_range_is_in_force_for_the_same_bytes_alone(self):
        for header in ('"tag"', THEN):
            self.assertTrue(conditions.range_applies(
                {'If-Range': header}, 'tag', MODIFIED), header)
        for header in ('"other"', 'W/"tag"', '*', '', AFTER, BEFORE, 'x'):
            self.assertFalse(conditions.range_applies(
                {'If-Range': header}, 'tag', MODIFIED), header)
        self.assertTrue(conditions.range_applies({}, 'tag', MODIFIED))
        self.assertFalse(conditions.range_applies(
            {'If-Range': '"tag"'}, None, None))

    @hypothesis.given(strategies.dictionaries(
        strategies.sampled_from(conditions.HEADERS),
        strategies.text(strategies.characters(max_codepoint=255))))
    def test_no_header_is_too_odd(self, headers):
        try:
            conditions.not_modified(headers, 'tag', MODIFIED)
        except exception.PreconditionFailed:
            return
        conditions.range_applies(headers, 'tag', MODIFIED)
