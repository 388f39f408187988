# SPDX-License-Identifier: Apache-2.0
"""Range headers, as RFC 9110, section 14, and Glance's clients have them."""
import hypothesis
from hypothesis import strategies
import testtools

from glancelite import exception
from glancelite.api import ranges


class RangeTest(testtools.TestCase):
    def ask(self, header, size=300, name='Range'):
        return ranges.requested({name: header}, size)

    def test_no_header_asks_for_everything(self):
        self.assertIsNone(ranges.requested({}, 300))
        self.assertIsNone(self.ask(''))

    def test_three_forms_ask_for_a_part(self):
        for header, part in (
                ('bytes=0-9', (0, 10)), ('bytes=10-', (10, 300)),
                ('bytes=-5', (295, 300)), ('bytes=-400', (0, 300)),
                ('bytes=295-400', (295, 300)), ('bytes=0-0', (0, 1)),
                ('bytes=0-299', (0, 300)), ('BYTES=0-9', (0, 10)),
                ('bytes= 0-9', (0, 10)), ('bytes=0-9,', (0, 10)),
                ('bytes=0-' + '9' * 5000, (0, 300)),
                ('bytes=-' + '9' * 5000, (0, 300)),
                ('bytes=' + '0' * 5000 + '1-2', (1, 3))):
            self.assertEqual(part, self.ask(header), header)

    def test_an_unknown_unit_is_ignored(self):
        for header in ('bits=0-5', 'items=abc', 'x=', 'bytesx=0-1'):
            self.assertIsNone(self.ask(header), header)

    def test_what_is_malformed_or_not_there_is_not_satisfiable(self):
        for header in ('bytes=5-3', 'bytes=abc', '0-9', 'bytes 0-9', 'bytes=',
                       'bytes=-', 'bytes=-0', 'bytes=300-', 'bytes=301-302',
                       'bytes=--5', 'bytes=1-2-3', 'bytes=+1-2', 'bytes=,',
                       'bytes=²-3', 'bytes=' + '9' * 5000 + '-'):
            refusal = self.assertRaises(exception.RangeNotSatisfiable,
                                        self.ask, header)
            self.assertEqual({'Content-Range': 'bytes */300'},
                             refusal.headers)

    def test_several_ranges_are_refused(self):
        for header in ('bytes=0-4,10-14', 'bytes=1-1,1-1', 'bytes=0-1, -5',
                       'bytes=0-4,abc'):
            self.assertRaises(exception.SeveralRanges, self.ask, header)

    def test_no_range_of_nothing_can_be_satisfied_but_a_last_part(self):
        self.assertRaises(exception.RangeNotSatisfiable, self.ask,
                          'bytes=0-', 0)
        self.assertIsNone(self.ask('bytes=-5', 0))

    def test_a_content_range_is_taken_as_glance_takes_it(self):
        for header, part in (
                ('bytes 0-9/*', (0, 10)), ('bytes 0-9/300', (0, 10)),
                ('bytes 0-9/299', (0, 10)), ('bytes 299-299/*', (299, 300))):
            self.assertEqual(part, self.ask(header, name='Content-Range'))
        for header in ('bytes 290-310/*', 'bytes */300', '0-9', 'bytes 0-9',
                       'bytes 5-3/*', 'bytes 300-300/*'):
            self.assertRaises(exception.RangeNotSatisfiable, self.ask,
                              header, name='Content-Range')

    def test_range_goes_before_content_range(self):
        self.assertEqual((0, 5), ranges.requested(
            {'Range': 'bytes=0-4', 'Content-Range': 'bytes 5-9/*'}, 300))

    @hypothesis.given(
        strategies.sampled_from(('Range', 'Content-Range')),
        strategies.text(alphabet='bytes=0123456789-,/* \t²', max_size=24),
        strategies.integers(0, 50))
    def test_a_part_lies_within_and_is_not_empty(self, name, header, size):
        try:
            part = self.ask(header, size, name)
        except (exception.RangeNotSatisfiable, exception.SeveralRanges):
            return
        if part is not None:
            self.assertTrue(0 <= part[0] < part[1] <= size, part)
