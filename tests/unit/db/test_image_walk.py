# SPDX-License-Identifier: Apache-2.0
"""Lists by properties and tags are what they ought to be, however read.

The same lists are asked of a catalogue whose rows all say when their image
was created, of one in which Glance wrote some of them, and again when these
have been told; and each is compared with what a loop over the images finds.
"""
import datetime
import itertools
import random
import re

import sqlalchemy

from glancelite import context as context_module
from glancelite.db import images
from glancelite.db import leases
from glancelite.db import models
from glancelite.objects import query as query_object
from tests.unit.db import repositories
from tests.unit.db import schemas

_COUNT = 80
_START = datetime.datetime(2026, 1, 1)
_PROJECTS = ('one', 'two', 'three')

#: (value, part of all images that have it)
_TAGS = (('rare', .03), ('some', .2), ('most', .8), ('Most', .1))
_PROPERTIES = (('arch', 'arm', .05), ('arch', 'x86', .6),
               ('distro', 'debian', .4), ('long', 'x' * 300, .3))

_CALLERS = {'one': False, 'three': False, None: False, 'boss': True}

_BOTH = [('created_at', 'desc'), ('id', 'desc')]
_ORDERS = (_BOTH, [('created_at', 'asc'), ('id', 'asc')],
           [('created_at', 'desc'), ('id', 'asc')])

_BELONGINGS = [
    {'tags': tags, 'properties': properties}
    for tags in ([], ['rare'], ['some'], ['most'], ['Most'], ['none'],
                 ['most', 'some'])
    for properties in ([], [('arch', 'arm')], [('arch', 'x86')],
                       [('long', 'x' * 300)],
                       [('arch', 'x86'), ('distro', 'debian')])
    ]

#: Before a time, and since one.
_TIMES = [{'tags': ['most'], 'properties': [], 'times': [
    query_object.TimeFilter('created_at', operation,
                            _START + datetime.timedelta(minutes=20))]}
    for operation in ('lt', 'gte')]
_BELONGINGS += _TIMES

#: How a list is told that is read along properties or tags.
_WALK = (r'image_(tags|properties)\.glancelite_image_created_at'
         r' AS created_at')

#: Tables whose rows say when their image was created.
_TOLD = (models.image_tags, models.image_properties, models.image_members)


class At:
    """Work in the background, done at once."""

    @staticmethod
    def submit(function, *args):
        function(*args)
        return True


class Walks(repositories.Repositories):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chance = random.Random(2711)
        cls.catalogue = [cls.made_up(number) for number in range(_COUNT)]
        rows = {models.images: [each['row'] for each in cls.catalogue],
                models.image_tags: [], models.image_properties: [],
                models.image_members: []}
        for each in cls.catalogue:
            of = {'image_id': each['row']['id'],
                  'image_created_at': each['row']['created_at']}
            # Two requests may have stored one tag.
            twice = each['tags'][:1] * (each['row']['id'][-1] in '05')
            rows[models.image_tags] += [
                {**of, 'value': tag} for tag in [*each['tags'], *twice]]
            rows[models.image_properties] += [
                {**of, 'name': name, 'value': value}
                for name, value in each['properties'].items()]
            rows[models.image_members] += [
                {**of, 'member': member, 'status': 'accepted'}
                for member in [*each['members'], *(each['members'] if twice
                                                   else ())]]
        with cls.database.writer() as connection:
            for table, values in rows.items():
                connection.execute(table.insert(), values)
        schemas.gather_statistics(cls.database.engine, cls.backend, rows)

    @classmethod
    def made_up(cls, number):
        chance = cls.chance
        return {
            'row': {
                'id': f'image-{chance.randrange(10 ** 9):09}-{number}',
                'name': f'{number}', 'status': 'active',
                'owner': chance.choice(_PROJECTS),
                # Some were created at once.
                'created_at': _START + datetime.timedelta(
                    minutes=chance.randrange(_COUNT // 2)),
                'visibility': chance.choice(models.image.VISIBILITIES),
                'os_hidden': chance.random() < .1,
            },
            'tags': [tag for tag, part in _TAGS if chance.random() < part],
            'properties': {name: value for name, value, part in _PROPERTIES
                           if chance.random() < part},
            'members': [project for project in _PROJECTS
                        if chance.random() < .2],
        }

    def expected(self, caller, sort, tags, properties, times=()):
        """:returns: the ids that a loop finds."""
        found = [each['row'] for each in self.catalogue
                 if not each['row']['os_hidden']
                 and set(tags) <= set(each['tags'])
                 and set(properties) <= set(each['properties'].items())
                 and all((each['row']['created_at'] < time.moment)
                         == (time.op == 'lt') for time in times)
                 and _is_visible(caller, each)]
        for key, direction in reversed(sort):
            found.sort(key=lambda row: row[key], reverse=direction == 'desc')
        return [row['id'] for row in found]

    def walks(self, callers=_CALLERS, orders=_ORDERS, limits=(7, 1000)):
        """:returns: how many walks there were, of all that was asked."""
        walks = 0

        def note(connection, cursor, text, *_rest):
            nonlocal walks
            walks += ('row_number' in text
                      and re.search(_WALK, text) is not None)

        sqlalchemy.event.listen(
            sqlalchemy.Engine, 'before_cursor_execute', note)
        try:
            for caller, sort, belongings, limit in itertools.product(
                    callers, orders, _BELONGINGS, limits):
                with self.subTest(caller=caller, sort=sort, limit=limit,
                                  **belongings):
                    self.assertEqual(
                        self.expected(caller, sort, **belongings),
                        self.pages(_context(caller), limit, sort=sort,
                                   **belongings))
        finally:
            sqlalchemy.event.remove(
                sqlalchemy.Engine, 'before_cursor_execute', note)
        return walks

    def test_lists_are_the_same_however_they_are_read(self):
        walks = self.walks()
        self.assertGreater(walks, len(_BELONGINGS))
        for table in _TOLD:
            self.forget(table)
        self.walks(['one'], [_BOTH], [7])
        self.assertEqual(0, self.told(models.image_tags, 'rare'))
        # Another process: nothing is remembered of how lists were read.
        self.images = images.Images(self.database,
                                    leases.Leases(self.database, 30))
        self.images.unlisted.work_in(At)
        self.assertLess(0, self.walks(['one', 'boss'], [_BOTH], [7]))
        self.assertLess(0, self.told(models.image_tags, 'rare'))
        self.assert_nothing_is_told_wrong()

    def forget(self, table):
        """Have rows as Glance writes them: about half of all."""
        with self.database.writer() as connection:
            connection.execute(
                table.update().where(table.c.id % 2 == 0)
                .values(image_created_at=None))
            if table is models.image_tags:
                connection.execute(
                    table.update().where(table.c.value == 'rare')
                    .values(image_created_at=None))

    def told(self, table, value):
        with self.database.reader() as connection:
            return connection.execute(
                sqlalchemy.select(sqlalchemy.func.count()).where(
                    table.c.value == value,
                    table.c.image_created_at.is_not(None))).scalar()

    def assert_nothing_is_told_wrong(self):
        created = models.images.c.created_at
        with self.database.reader() as connection:
            for table in _TOLD:
                self.assertEqual([], connection.execute(
                    sqlalchemy.select(table.c.id).where(
                        table.c.image_id == models.images.c.id,
                        table.c.image_created_at != created)).all())


def _context(caller):
    context = context_module.RequestContext(project_id=caller)
    context.is_admin = _CALLERS[caller]
    return context


def _is_visible(caller, each):
    row = each['row']
    if row['visibility'] == 'community':
        return caller is not None and row['owner'] == caller
    return (_CALLERS[caller] or row['visibility'] == 'public'
            or caller is not None and (
                row['owner'] == caller
                or row['visibility'] == 'shared'
                and caller in each['members']))


schemas.on_every_backend(globals(), Walks)
del Walks
