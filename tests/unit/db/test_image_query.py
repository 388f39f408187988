# SPDX-License-Identifier: Apache-2.0
"""A page of a list takes the same, however many images there are.

Each database counts what it reads for a page, of a small catalogue and then
of one that has grown.
"""
import datetime
import itertools
import unittest

import sqlalchemy

from glancelite import conf as conf_package
from glancelite import context as context_module
from glancelite.db import api
from glancelite.db import image_filters
from glancelite.db import image_query
from glancelite.db import image_record
from glancelite.db import image_shape
from glancelite.db import image_walk
from glancelite.db import migration
from glancelite.db import models
from glancelite.db import narrowing
from glancelite.objects import query as query_object
from tests import databases
from tests.unit.db import schemas

_SMALL, _LARGE = 2000, 8000
_START = datetime.datetime(2026, 1, 1)

_MARKER = f'image-{_SMALL - 300:05}'

#: Images with what few have; all are in the small catalogue.
_RARE = (30, 300, 900)

_CALLERS = {
    'a project': ('owner-1', False), 'a guest': ('guest', False),
    'an administrator': ('admin', True), 'nobody': (None, False)}

#: A member of all that is shared; lists in some order do not read all of it.
_CROWD = 'a crowd'

#: What it asks for besides: a format of no image that is shared.
_OF_OTHERS = 'a disk format that public images have'

_EQUAL = query_object.Filter
_QUERIES = {
    'everything': {},
    'all visibilities': {'visibility': 'all'},
    'the next page': {'marker': _MARKER},
    'the last page': {'marker': 'image-00060'},
    'a rare property': {'properties': [('rare', 'yes')]},
    'a common property': {'properties': [('half', '1')]},
    'a property of an eighth': {'properties': [('eighth', '1')]},
    'a common and a less common property': {
        'properties': [('half', '1'), ('eighth', '1')]},
    'a property nobody has': {'properties': [('half', '2')]},
    'both': {'properties': [('half', '0'), ('rare', 'yes')]},
    'a rare tag': {'tags': ['rare']},
    'a common tag': {'tags': ['half']},
    'a common tag and a rare property': {
        'tags': ['half'], 'properties': [('rare', 'yes')]},
    'a name': {'filters': [_EQUAL('name', 'eq', 'name-00300')]},
    'a rare status': {'filters': [_EQUAL('status', 'eq', 'queued')]},
    'some ids': {'filters': [_EQUAL('id', 'in', [
        f'image-{number:05}' for number in range(0, 200, 10)])]},
    'all memberships': {'visibility': 'shared', 'member_status': 'all'},
    'what is community': {'visibility': 'community'},
    'one of two disk formats': {'filters': [
        _EQUAL('disk_format', 'in', ['raw', 'vdi'])]},
    _OF_OTHERS: {'filters': [_EQUAL('disk_format', 'eq', 'vmdk')]},
    'an owner': {'filters': [_EQUAL('owner', 'eq', 'owner-1')]},
    'a size that half have': {'filters': [_EQUAL('size', 'min', 500)]},
    'a checksum that nobody has': {'filters': [
        _EQUAL('checksum', 'eq', 'x' * 32)]},
    **{f'a {field} that {who}': {'filters': [_EQUAL(field, 'eq', value)]}
       for field, common, rare in (
           ('min_disk', 0, 1), ('min_ram', 0, 1), ('protected', False, True),
           ('virtual_size', 7, 8), ('os_hash_algo', 'sha512', 'md5'))
       for who, value in (('many have', common), ('few have', rare))},
    'before a time': {'times': [query_object.TimeFilter(
        'created_at', 'lt', _START + datetime.timedelta(minutes=400))]},
    **{f'by {key}, {direction}': {'sort': [
        (key, direction), ('created_at', direction), ('id', direction)]}
       for key in query_object.SORT_KEYS if key not in ('id', 'created_at')
       for direction in ('asc', 'desc')},
    **{f'by {key}, {direction}, the next page': {'marker': _MARKER, 'sort': [
        (key, direction), ('created_at', direction), ('id', direction)]}
       for key in query_object.SORT_KEYS if key not in ('id', 'created_at')
       for direction in ('asc', 'desc')},
    **{f'by id, {direction}': {'sort': [
        ('id', direction), ('created_at', direction)]}
       for direction in ('asc', 'desc')},
}


class PageCost:
    """Every kind of caller, every kind of query."""

    backend = None

    @classmethod
    def setUpClass(cls):
        reason = databases.unavailable(cls.backend)
        if reason:
            raise unittest.SkipTest(reason)
        temporary = databases.Database(cls.backend)
        temporary.setUp()
        cls.addClassCleanup(temporary.cleanUp)
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', temporary.url, 'database')
        cls.database = api.Database(conf)
        cls.addClassCleanup(cls.database.dispose)
        migration.sync(cls.database)
        cls.statements = image_query.Statements(
            image_record.Reader(cls.backend), cls.backend)
        cls.fill(range(_SMALL))
        cls.small = cls.measure()
        cls.fill(range(_SMALL, _LARGE))
        cls.large = cls.measure()

    @classmethod
    def fill(cls, numbers):
        tables = {
            models.images: [_image(number) for number in numbers],
            models.image_properties: [
                {**_of(number), 'name': name, 'value': value}
                for number in numbers
                for name, value in _properties(number)],
            models.image_tags: [
                {**_of(number), 'value': tag}
                for number in numbers for tag in _tags(number)],
            models.image_members: [
                {**_of(number), 'member': member,
                 'status': 'accepted'} for number in numbers
                for member in _members(number)]}
        with cls.database.writer() as connection:
            for table, rows in tables.items():
                if rows:
                    connection.execute(table.insert(), rows)
        schemas.gather_statistics(
            cls.database.engine, cls.backend, tables)

    @classmethod
    def measure(cls):
        """:returns: {(caller, query): what reading the page takes}."""
        return {(caller, query): cls.cost(caller, query)
                for caller in (*_CALLERS, _CROWD) for query in _QUERIES
                if caller != _CROWD or 'sort' in _QUERIES[query]
                or query == _OF_OTHERS}

    @classmethod
    def cost(cls, caller, query):
        context, asked = _context(caller), query_object.ImageQuery(
            **_QUERIES[query])
        with cls.database.reader() as connection:
            after = None
            if asked.marker:
                after = connection.execute(sqlalchemy.select(
                    models.images).where(models.images.c.id == asked.marker)
                ).mappings().one()
                after = {key: after[key] for key in query_object.SORT_KEYS}
            shape = image_shape.of(context, asked, after)
            values = image_shape.parameters(context, asked, after)
            decide = narrowing.Narrowing(cls.statements, cls.backend)
            filters = len(image_filters.asked(asked))
            many = decide.many(connection, asked.limit, max(filters, 1))
            values |= {'some': many // 16, 'many': many,
                       'steps': 32 * asked.limit}
            # All that may be needed, though it never is.
            taken = 0
            if filters:
                taken += cls.count(
                    connection, cls.statements.commonness(shape), values)
            if image_walk.fit(shape):
                taken += cls.count(
                    connection, cls.statements.ends(
                        shape, tuple(image_walk.fit(shape))), values)
            for _time in range(2):
                for way in decide.ways(connection, shape, asked, values):
                    page = (cls.statements.page(way.shape),
                            {**values, 'end': way.end})
                    taken += cls.count(connection, *page)
                    # What is given up for a while is not what it takes.
                    if way.shape.among and way.is_whole([
                            row[1] for row in connection.execute(*page)],
                            asked.limit):
                        break
            return taken

    @classmethod
    def count(cls, connection, statement, values):
        return _COUNTERS[cls.backend](connection, statement, values)

    def test_where_a_walk_ends_is_asked_once(self):
        asked = query_object.ImageQuery(limit=5, tags=['half'])
        shape = image_shape.of(_context('a project'), asked)
        values = image_shape.parameters(_context('a project'), asked)
        decide = narrowing.Narrowing(self.statements, self.backend)
        sent = []
        with self.database.reader() as connection:
            sqlalchemy.event.listen(
                connection, 'before_cursor_execute',
                lambda connection, cursor, text, *rest: sent.append(text))
            ways = [next(decide.ways(connection, shape, asked, values))
                    for _time in range(2)]
        self.assertEqual(1, sum('FROM image_tags' in text for text in sent))
        self.assertIsNotNone(ways[0].end)
        self.assertEqual(ways[0].end, ways[1].end)

    def test_no_list_takes_more_than_four_statements(self):
        for caller, query in itertools.product(_CALLERS, _QUERIES):
            asked = query_object.ImageQuery(**{
                # So much is there of some that a walk along it ends.
                'limit': 5, **_QUERIES[query]})
            context = _context(caller)
            with (self.subTest(caller=caller, query=query),
                  self.database.reader() as connection):
                sent = 0

                def note(connection, cursor, text, *_rest):
                    nonlocal sent
                    sent += text.startswith('SELECT')

                after = None
                if asked.marker:
                    sent += 1
                    after = dict.fromkeys(query_object.SORT_KEYS, '')
                    after['created_at'] = after['updated_at'] = _START
                    after['size'] = 0
                shape = image_shape.of(context, asked, after)
                values = image_shape.parameters(context, asked, after)
                decide = narrowing.Narrowing(self.statements, self.backend)
                sqlalchemy.event.listen(
                    connection, 'before_cursor_execute', note)
                for way in decide.ways(connection, shape, asked, values):
                    sent += 1
                    if way.told:
                        break
                sqlalchemy.event.remove(
                    connection, 'before_cursor_execute', note)
                self.assertLessEqual(sent, 4)

    def test_a_page_takes_the_same_in_a_larger_catalogue(self):
        for (caller, query), small in self.small.items():
            if query in _UNBOUNDED.get(self.backend, ()):
                continue
            # What is counted grows with the root of the catalogue's size.
            asked = image_filters.asked(
                query_object.ImageQuery(**_QUERIES[query]))
            factor = 1.5 * len(asked) + 1 if asked else 1.5
            with self.subTest(caller=caller, query=query):
                self.assertLessEqual(
                    self.large[caller, query],
                    small * factor + _LEEWAY[self.backend])


#: What may be more for other reasons: pages of a tree.
_LEEWAY = {'sqlite': 500, 'mysql': 40, 'postgresql': 40}

#: SQLite puts in order whatever is as large as asked for, and of each
#: membership it asks anew whether any says no time.
_UNBOUNDED = {'sqlite': ['a size that half have', _OF_OTHERS]}


def _count_sqlite(connection, statement, values):
    """:returns: steps of SQLite's machine."""
    steps = 0

    def step():
        nonlocal steps
        steps += 1

    driver = connection.connection.driver_connection
    driver.set_progress_handler(step, 1)
    connection.execute(statement, values).all()
    driver.set_progress_handler(None, 1)
    return steps


def _count_mysql(connection, statement, values):
    """:returns: rows read, from tables and from indexes."""
    connection.exec_driver_sql('FLUSH STATUS')
    connection.execute(statement, values).all()
    return sum(int(value) for name, value in connection.exec_driver_sql(
        "SHOW SESSION STATUS LIKE 'Handler_read%%'"))


def _count_postgresql(connection, statement, values):
    """:returns: rows that all nodes of the plan have seen."""
    sent = []

    def note(connection, cursor, text, parameters, context, executemany):
        sent[:] = text, parameters

    sqlalchemy.event.listen(connection, 'before_cursor_execute', note)
    connection.execute(statement, values).all()
    text, parameters = sent
    plan = connection.exec_driver_sql(
        f'EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}',
        parameters).scalar()
    return _rows(plan[0]['Plan'])


def _rows(node):
    seen = sum(node.get(name, 0) for name in (
        'Actual Rows', 'Rows Removed by Filter', 'Rows Removed by Join Filter',
        'Rows Removed by Index Recheck'))
    return seen * node['Actual Loops'] + sum(
        map(_rows, node.get('Plans', ())))


_COUNTERS = {'sqlite': _count_sqlite, 'mysql': _count_mysql,
             'postgresql': _count_postgresql}


def _context(caller):
    project, is_admin = _CALLERS.get(caller, (_CROWD, False))
    context = context_module.RequestContext(project_id=project)
    context.is_admin = is_admin
    return context


_PUBLIC = models.image.VISIBILITIES.index('public')


def _created(number):
    return _START + datetime.timedelta(minutes=number)


def _of(number):
    return {'image_id': f'image-{number:05}',
            'image_created_at': _created(number)}


def _image(number):
    return {
        'id': f'image-{number:05}', 'name': f'name-{number:05}',
        'size': None if number % 9 == 0 else number % 1000,
        'status': 'queued' if number in _RARE else 'active',
        'created_at': _created(number),
        'updated_at': _START + datetime.timedelta(minutes=number * 7 % 5000),
        'owner': f'owner-{number // 4 % 10}', 'checksum': f'{number:032}',
        'min_disk': int(number in _RARE), 'min_ram': int(number in _RARE),
        'protected': number in _RARE, 'virtual_size': 7 + (number in _RARE),
        'os_hash_algo': 'md5' if number in _RARE else 'sha512',
        'visibility': ('shared' if number in _RARE
                       else models.image.VISIBILITIES[number % 4]),
        'disk_format': ('vmdk' if number % 12 == _PUBLIC
                        else ('raw', 'qcow2', None)[number % 3]),
        'container_format': ('bare', 'ovf', None)[number % 3],
    }


def _properties(number):
    yield 'half', f'{number // 4 % 2}'
    yield 'eighth', f'{number // 4 % 8}'
    yield 'number', f'{number}'
    if number in _RARE:
        yield 'rare', 'yes'


def _tags(number):
    if number // 4 % 2:
        yield 'half'
    if number in _RARE:
        yield 'rare'


def _members(number):
    yield f'member-{number}'
    if number % 4 == models.image.VISIBILITIES.index('shared'):
        yield _CROWD
    if number in _RARE:
        yield 'guest'


schemas.on_every_backend(globals(), PageCost)
del PageCost
