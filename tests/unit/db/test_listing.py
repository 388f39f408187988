# SPDX-License-Identifier: Apache-2.0
"""Each range of a list is read from its index: in order, and no further.

The database is asked for its plan on a catalogue of some thousand images.
"""
import datetime
import unittest

import sqlalchemy
from sqlalchemy import sql

from glancelite import context as context_module
from glancelite.db import image_query
from glancelite.db import image_record
from glancelite.db import image_shape
from glancelite.db import image_walk
from glancelite.db import migration
from glancelite.db import models
from glancelite.db import unindexed
from glancelite.db.models import listing
from glancelite.objects import query as query_object
from tests import databases
from tests.unit.db import schemas

_images = models.images
_START = datetime.datetime(2026, 1, 1)
_COUNT = 3000

#: How a database says that it puts rows in order by itself.
_SORTING = {
    'sqlite': 'USE TEMP B-TREE',
    'mysql': 'filesort',
    'postgresql': 'Sort',
}
_EXPLAIN = {'sqlite': 'EXPLAIN QUERY PLAN', 'mysql': 'EXPLAIN',
            'postgresql': 'EXPLAIN'}

#: Values that few images have, and such as the others have.
_FEW = {'min_disk': 1, 'min_ram': 1, 'protected': True, 'virtual_size': 1,
        'os_hash_algo': 'md5'}
_MANY = {'min_disk': 0, 'min_ram': 0, 'protected': False, 'virtual_size': 9,
         'os_hash_algo': 'sha512'}

_RANGES = {
    'visibility': (_images.c.visibility == 'private',),
    'own': (_images.c.owner == 'owner-3',),
}


class Listing:
    """One catalogue for all tests of a backend; none of them changes it."""

    backend = None

    @classmethod
    def setUpClass(cls):
        reason = databases.unavailable(cls.backend)
        if reason:
            raise unittest.SkipTest(reason)
        temporary = databases.Database(cls.backend)
        temporary.setUp()
        cls.addClassCleanup(temporary.cleanUp)
        cls.database = schemas.Database(temporary.url)
        cls.addClassCleanup(cls.database.engine.dispose)
        migration.sync(cls.database)
        cls.fill()

    @classmethod
    def fill(cls):
        numbers = range(_COUNT)
        rows = {
            models.images: [_image(number) for number in numbers],
            models.image_properties: [
                {**_of(number), 'name': name, 'value': f'{number % 500}'}
                for number in numbers for name in ('a', 'b')],
            models.image_tags: [
                {**_of(number), 'value': f'{number % 500}'}
                for number in numbers],
            models.image_members: [
                {**_of(number), 'member': f'{number % 500}',
                 'status': 'accepted'} for number in numbers],
        }
        with cls.database.engine.begin() as connection:
            for table, values in rows.items():
                connection.execute(table.insert(), values)
        schemas.gather_statistics(
            cls.database.engine, cls.backend, rows)

    def plan(self, statement):
        """:returns: what the database says it would do."""
        text = statement.compile(
            self.database.engine, compile_kwargs={'literal_binds': True})
        return '\n'.join(str(tuple(row)) for row in self.database.rows(
            f'{_EXPLAIN[self.backend]} {text}'.replace(':', r'\:')))

    def ordered(self, key, direction, *conditions):
        statement = sqlalchemy.select(_images.c.id).where(
            *conditions, _images.c.deleted == sql.false(),
            _images.c.os_hidden == sql.false())
        for each in dict.fromkeys((key, 'created_at', 'id')):
            column = getattr(_images.c[each], direction)()
            if self.backend == 'postgresql' and _images.c[each].nullable:
                column = (column.nulls_first() if direction == 'asc'
                          else column.nulls_last())
            statement = statement.order_by(column)
            if each == 'id':
                break
        return statement.limit(25)

    def test_each_range_is_read_in_the_order_of_its_index(self):
        for family, conditions in _RANGES.items():
            for key in listing.SORT_KEYS:
                for direction in ('asc', 'desc'):
                    plan = self.plan(self.ordered(key, direction,
                                                  *conditions))
                    with self.subTest(family=family, key=key, plan=plan):
                        self.assertIn(listing.index_of(
                            family, key, self.backend), plan)
                        self.assertNotIn(_SORTING[self.backend], plan)

    def test_small_fields_are_picked_without_a_look_at_the_rows(self):
        if self.backend != 'mysql':
            self.skipTest('A look at a row takes little.')
        for family, conditions in _RANGES.items():
            index = listing.index_of(family, 'created_at', self.backend)
            plan = self.plan(self.ordered(
                'created_at', 'desc', *conditions,
                _images.c.protected == sql.true(), _images.c.min_disk == 1,
                _images.c.min_ram == 1).with_hint(
                    _images, f'FORCE INDEX ({index})', 'mysql'))
            with self.subTest(family=family, plan=plan):
                self.assertIn(index, plan)
                self.assertIn('Using index', plan)
                self.assertNotIn('Using index condition', plan)

    def test_everything_is_read_in_the_default_order(self):
        plan = self.plan(self.ordered('created_at', 'desc'))
        self.assertIn('glancelite_images_all_created_at', plan)
        self.assertNotIn(_SORTING[self.backend], plan)

    def test_a_rare_status_is_read_in_the_default_order(self):
        plan = self.plan(self.ordered('created_at', 'desc',
                                      _images.c.visibility == 'private',
                                      _images.c.status == 'queued'))
        self.assertIn('glancelite_images_visibility_status', plan)
        self.assertNotIn(_SORTING[self.backend], plan)

    def test_images_are_found_by_property_tag_and_member(self):
        properties = models.image_properties.c
        by_property = [properties.name == 'a', properties.value == '77']
        if self.backend == 'postgresql':
            by_property.append(sqlalchemy.func.char_length(properties.value)
                               <= models.INDEXED_VALUE_LENGTH)
        for index, table, conditions in (
                ('glancelite_image_properties_listed',
                 models.image_properties, by_property),
                ('glancelite_image_tags_listed', models.image_tags,
                 [models.image_tags.c.value == '77']),
                ('glancelite_image_members_listed', models.image_members,
                 [models.image_members.c.member == '77',
                  models.image_members.c.status == 'accepted'])):
            plan = self.plan(sqlalchemy.select(table.c.image_id).where(
                table.c.deleted == sql.false(), *conditions))
            with self.subTest(index=index, plan=plan):
                self.assertIn(index, plan)

    def test_properties_and_tags_are_read_in_the_default_order(self):
        for names in (('tag_0',), ('name_0', 'value_0')):
            asked = query_object.ImageQuery(
                tags=['77'] * (len(names) == 1),
                properties=[('a', '77')] * (len(names) == 2))
            context = context_module.RequestContext(project_id='owner-3')
            shape = image_shape.of(context, asked)._replace(
                walk=image_shape.Walk(0, ends=False))
            values = image_shape.parameters(context, asked)
            plan = self.plan(image_walk.first(
                shape, self.backend, sql.true(),
                sqlalchemy.literal(25)).params(**values))
            with self.subTest(names=names, plan=plan):
                self.assertRegex(plan, 'glancelite_image_.*_listed')
                self.assertNotIn(_SORTING[self.backend], plan)

    def test_images_are_found_by_what_no_list_is_sorted_by(self):
        for field, index in zip(models.FILTERED, models.FILTER_INDEXES):
            plan = self.plan(sqlalchemy.select(_images.c.id).where(
                _images.c[field] == _FEW[field],
                unindexed.not_deleted(_images)))
            with self.subTest(field=field, plan=plan):
                self.assertIn(index, plan)

    def test_the_properties_and_tags_of_an_image_are_in_indexes(self):
        if self.backend != 'mysql':
            self.skipTest('What is asked for lies with the row.')
        plan = self.plan(image_query.Statements(
            image_record.Reader(self.backend), self.backend)
            .one(image_shape.ADMIN).params(image_id='image-1'))
        for index in models.OF_AN_IMAGE.values():
            self.assertIn(index, plan)

    def test_a_property_may_be_longer_than_an_index_entry(self):
        statement = models.image_properties.insert().values(
            image_id='image-1', name='long', value='x' * 60000)
        with self.database.engine.connect() as connection:
            connection.execute(statement)
            connection.rollback()


def _created(number):
    return _START + datetime.timedelta(minutes=number * 7 % 5000)


def _of(number):
    return {'image_id': f'image-{number}',
            'image_created_at': _created(number)}


def _image(number):
    return {
        'id': f'image-{number}', 'name': f'name-{number % 700}',
        'size': None if number % 9 == 0 else number,
        'status': 'queued' if number % 100 == 0 else 'active',
        'created_at': _created(number),
        'updated_at': _START + datetime.timedelta(minutes=number),
        'owner': f'owner-{number % 10}',
        **(_FEW if number % 500 == 77 else _MANY),
        'visibility': models.image.VISIBILITIES[number % 4],
        'disk_format': ('raw', 'qcow2', None)[number % 3],
        'container_format': ('bare', 'ovf', None)[number % 3],
    }


schemas.on_every_backend(globals(), Listing)
del Listing
