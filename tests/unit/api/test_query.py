# SPDX-License-Identifier: Apache-2.0
"""Query strings of lists: what they mean, and that any is an answer."""
import datetime
import urllib.parse

import hypothesis
from hypothesis import strategies
import testtools

from glancelite import exception
from glancelite.api import query
from glancelite.objects import query as query_object

_NAMES = strategies.sampled_from((
    'limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'tag', 'name', 'id',
    'status', 'visibility', 'member_status', 'owner', 'os_hidden',
    'protected', 'size_min', 'size_max', 'min_ram', 'size', 'created_at',
    'updated_at', 'deleted', 'checksum', 'color')) | strategies.text()

_VALUES = strategies.text() | strategies.from_regex(
    r'(in|eq|gt|gte|neq|lt|lte|x)?:?("?[a-z, ]*"?,?){0,3}', fullmatch=True
) | strategies.datetimes().map(lambda moment: f'gt:{moment.isoformat()}Z') \
  | strategies.integers().map(str) | strategies.sampled_from(
      ('true', 'False', 'name:asc,id', 'all', 'public', 'accepted', 'asc'))

_PAIRS = strategies.lists(strategies.tuples(_NAMES, _VALUES), max_size=6)


def parse(text, default=25, maximum=1000):
    """:returns: the query of a query string."""
    return query.parse_images(
        urllib.parse.parse_qsl(text, keep_blank_values=True), default,
        maximum)


class ArbitraryQueryTest(testtools.TestCase):
    """Whatever comes is a query or is refused."""

    @hypothesis.given(_PAIRS)
    def test_any_parameters_are_a_query_or_an_error_of_the_caller(
            self, pairs):
        try:
            found = query.parse_images(pairs, 25, 1000)
        except exception.GlanceliteError as error:
            self.assertEqual(400, error.code)
            return
        self.assertTrue(0 <= found.limit <= 1000)
        self.assertEqual(len(found.sort), len(dict(found.sort)))
        self.assertLessEqual({'created_at', 'id'}, set(dict(found.sort)))

    @hypothesis.given(strategies.lists(strategies.text(
        alphabet=strategies.characters(exclude_characters='"'))))
    def test_quoted_values_come_back_whole(self, values):
        text = ','.join(f'"{value}"' for value in values)
        self.assertEqual(values, query.split_values(text))

    @hypothesis.given(_PAIRS, strategies.uuids())
    def test_a_link_keeps_every_parameter(self, pairs, marker):
        link = query.link('/v2/images', pairs, marker=str(marker))
        path, _, text = link.partition('?')
        self.assertEqual('/v2/images', path)
        kept = [pair for pair in pairs if pair[0] != 'marker']
        self.assertEqual(
            [*kept, ('marker', str(marker))],
            urllib.parse.parse_qsl(text, keep_blank_values=True))


class PageTest(testtools.TestCase):
    """limit and marker."""

    def test_without_a_limit_it_is_the_default_up_to_the_maximum(self):
        self.assertEqual(25, parse('').limit)
        self.assertEqual(10, parse('', maximum=10).limit)

    def test_a_limit_is_at_most_the_maximum(self):
        self.assertEqual(7, parse('limit=7').limit)
        self.assertEqual(0, parse('limit=0').limit)
        self.assertEqual(1000, parse('limit=5000').limit)

    def test_other_limits_are_refused(self):
        for limit in ('', 'x', '-1', '1.5'):
            self.assertRaises(exception.Invalid, parse, f'limit={limit}')

    def test_the_marker_is_taken_as_it_stands(self):
        self.assertEqual('x', parse('marker=x').marker)
        self.assertIsNone(parse('').marker)


class SortTest(testtools.TestCase):
    """sort, sort_key and sort_dir."""

    def sort(self, text):
        return parse(text).sort

    def test_the_newest_come_first_unless_asked_otherwise(self):
        self.assertEqual([('created_at', 'desc'), ('id', 'desc')],
                         self.sort(''))

    def test_keys_and_directions_are_pairs(self):
        self.assertEqual(
            [('name', 'asc'), ('size', 'desc'), ('created_at', 'desc'),
             ('id', 'desc')],
            self.sort('sort_key=name&sort_dir=asc&sort_key=size'
                      '&sort_dir=desc'))

    def test_one_direction_is_that_of_every_key(self):
        self.assertEqual(
            [('name', 'asc'), ('size', 'asc')],
            self.sort('sort_key=name&sort_key=size&sort_dir=asc')[:2])

    def test_sort_says_the_same_in_one_parameter(self):
        self.assertEqual([('name', 'asc'), ('status', 'desc')],
                         self.sort('sort=name:asc,status:desc')[:2])

    def test_a_direction_left_out_is_descending(self):
        self.assertEqual(('name', 'desc'), self.sort('sort=name')[0])

    def test_ties_are_broken_in_the_direction_of_the_rest(self):
        self.assertEqual([('name', 'asc'), ('created_at', 'asc'),
                          ('id', 'asc')], self.sort('sort=name:asc'))

    def test_a_key_that_is_named_breaks_no_tie_again(self):
        self.assertEqual([('id', 'asc'), ('created_at', 'asc')],
                         self.sort('sort=id:asc'))

    def test_what_is_not_to_be_sorted_by_is_refused(self):
        for text in ('sort_key=color', 'sort=tags:asc', 'sort=name:up',
                     'sort_dir=up', 'sort=name&sort_key=name',
                     'sort_key=name&sort_dir=asc&sort_dir=asc', 'sort='):
            self.assertRaises(exception.Invalid, parse, text)


class FilterTest(testtools.TestCase):
    """Everything else."""

    def filters(self, text):
        return [(each.name, each.op, each.value)
                for each in parse(text).filters]

    def test_base_properties_are_compared(self):
        self.assertEqual([('name', 'eq', 'a b')], self.filters('name=a%20b'))
        self.assertEqual([('min_ram', 'eq', 5)], self.filters('min_ram=5'))
        self.assertEqual([('protected', 'eq', True)],
                         self.filters('protected=True'))

    def test_in_takes_several_values(self):
        self.assertEqual([('status', 'in', ['queued', 'saving'])],
                         self.filters('status=in:queued,saving'))
        self.assertEqual(
            [('name', 'in', ['glass, darkly', 'share me'])],
            self.filters('name=in:%22glass,%20darkly%22,share%20me'))

    def test_in_is_no_operator_of_other_fields(self):
        self.assertEqual([('owner', 'eq', 'in:a,b')],
                         self.filters('owner=in:a,b'))

    def test_sizes_are_a_range(self):
        self.assertEqual([('size', 'min', 1), ('size', 'max', 9)],
                         self.filters('size_min=1&size_max=9'))

    def test_a_size_beyond_every_image_is_the_largest(self):
        (_, _, value), = self.filters(f'size_min={10 ** 30}')
        self.assertEqual(2 ** 63 - 1, value)

    def test_tags_are_all_asked_for(self):
        self.assertEqual(['a', 'b'], parse('tag=a&tag=b').tags)

    def test_other_names_are_additional_properties(self):
        self.assertEqual([('color', 'red')], parse('color=red').properties)

    def test_times_are_utc_to_the_second(self):
        found, = parse('created_at=gt:2016-04-18T21:38:54.5%2B02:00').times
        self.assertEqual(
            query_object.TimeFilter(
                'created_at', 'gt',
                datetime.datetime(2016, 4, 18, 19, 38, 54)), found)

    def test_a_time_without_an_operator_is_that_time(self):
        found, = parse('updated_at=2016-04-18T21:38:54Z').times
        self.assertEqual('eq', found.op)

    def test_errors_name_the_parameter(self):
        for name, value in (('size_min', 'x'), ('created_at', 'gt:never'),
                            ('os_hidden', 'x'), ('protected', 'x')):
            error = self.assertRaises(exception.Invalid, parse,
                                      f'{name}={value}')
            self.assertIn(name, str(error))

    def test_a_value_with_a_nul_is_refused(self):
        self.assertRaises(exception.Invalid, parse, 'name=a%00')
        self.assertRaises(exception.Invalid, parse, 'a%00=a')
