# SPDX-License-Identifier: Apache-2.0
"""What is shared with members of many images is found among all that is.

Lists in every order are compared with what a loop over the images finds.
"""
import datetime
import itertools
import random

import sqlalchemy

from glancelite import context as context_module
from glancelite.db import images
from glancelite.db import leases
from glancelite.db import models
from glancelite.objects import query as query_object
from tests.unit.db import repositories
from tests.unit.db import schemas

_COUNT = 160
_START = datetime.datetime(2026, 1, 1)

#: Of all images that are shared, the part that is shared with a project; and
#: of all images, the part that it owns.
_MEMBERS = {'crowd': (.7, .2), 'poor': (.5, 0), 'guest': (.02, .1)}

_ORDERS = [[(each, direction)
            for each in dict.fromkeys((key, 'created_at', 'id'))]
           for key in ('id', 'name', 'status', 'size', 'created_at')
           for direction in ('asc', 'desc')]

_ASKED = {
    'all of them': ({}, lambda row: True),
    'of a status': (
        {'filters': [query_object.Filter('status', 'eq', 'queued')]},
        lambda row: row['status'] == 'queued'),
    'of a time': (
        {'times': [query_object.TimeFilter(
            'created_at', 'gte', _START + datetime.timedelta(minutes=10))]},
        lambda row: row['created_at'] >= _START + datetime.timedelta(
            minutes=10)),
    'that are shared': ({'visibility': 'shared'},
                        lambda row: row['visibility'] == 'shared'),
    'of any visibility': ({'visibility': 'all'}, lambda row: True),
    'of any membership': ({'visibility': 'shared', 'member_status': 'all'},
                          lambda row: row['visibility'] == 'shared'),
    'hidden': ({'os_hidden': True}, lambda row: True),
}


class SharedImages(repositories.Repositories):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.chance = random.Random(411)
        cls.rows = [cls.made_up(number) for number in range(_COUNT)]
        cls.members = [
            {'image_id': row['id'], 'member': member,
             'image_created_at': row['created_at'],
             'status': cls.chance.choice(('accepted',) * 3 + ('pending',)),
             'deleted': cls.chance.random() < .1}
            for row in cls.rows for member, (part, _own) in _MEMBERS.items()
            if cls.chance.random() < part]
        # Requests that came at once may have stored one twice.
        cls.members += [each for each in cls.members
                        if each['image_id'][-1] == '7' and not each['deleted']]
        with cls.database.writer() as connection:
            connection.execute(models.images.insert(), cls.rows)
            connection.execute(models.image_members.insert(), [
                {**each, 'deleted_at': each['deleted'] and _START or None}
                for each in cls.members])
        schemas.gather_statistics(cls.database.engine, cls.backend,
                                  [models.images, models.image_members])

    @classmethod
    def made_up(cls, number):
        chance = cls.chance
        owner, drawn = 'nobody', chance.random()
        for member, (_part, own) in _MEMBERS.items():
            if drawn < own:
                owner, drawn = member, 1
            drawn -= own
        return {
            'id': f'image-{chance.randrange(10 ** 9):09}-{number}',
            # Some have the same, and some none.
            'name': chance.choice((None, f'{chance.randrange(90):02}')),
            'size': chance.choice((None, chance.randrange(20))),
            'disk_format': chance.choice((None, 'raw', 'iso')),
            'container_format': chance.choice((None, 'bare')),
            'status': chance.choice(('active', 'active', 'queued')),
            'owner': owner,
            'created_at': _START + datetime.timedelta(
                minutes=chance.randrange(60)),
            'updated_at': _START + datetime.timedelta(
                minutes=chance.randrange(60)),
            'visibility': chance.choice(models.image.VISIBILITIES),
            'os_hidden': chance.random() < .1,
            'deleted': chance.random() < .1,
        }

    def expected(self, caller, sort, visibility=None,
                 member_status='accepted', os_hidden=False, **_filters):
        """:returns: the rows that a loop finds."""
        shared = {each['image_id'] for each in self.members
                  if each['member'] == caller and not each['deleted']
                  and member_status in ('all', each['status'])}
        found = [row for row in self.rows
                 if not row['deleted'] and row['os_hidden'] == os_hidden
                 and (row['visibility'] == 'public'
                      or row['visibility'] == 'community'
                      and visibility == 'all'
                      or row['visibility'] == 'shared' and row['id'] in shared
                      or row['owner'] == caller)]
        for key, direction in reversed(sort):
            found.sort(key=lambda row: (row[key] is not None, row[key])
                       if row[key] is not None else (False, ),
                       reverse=direction == 'desc')
        return found

    def test_lists_are_the_same_in_every_order(self):
        sent = []

        def note(connection, cursor, text, *_rest):
            if 'row_number' in text:
                sent.append('is_end' in text)

        sqlalchemy.event.listen(
            sqlalchemy.Engine, 'before_cursor_execute', note)
        self.addCleanup(sqlalchemy.event.remove, sqlalchemy.Engine,
                        'before_cursor_execute', note)
        for (what, (asked, fits)), caller in itertools.product(
                _ASKED.items(), _MEMBERS):
            # Another process: nothing is remembered.
            self.images = images.Images(self.database,
                                        leases.Leases(self.database, 30))
            context = context_module.RequestContext(project_id=caller)
            for sort, limit in itertools.product(_ORDERS, (4, 100)):
                with self.subTest(what=what, caller=caller, sort=sort,
                                  limit=limit):
                    expected = self.expected(caller, sort, **asked)
                    self.assertEqual(
                        [row['id'] for row in expected if fits(row)],
                        self.pages(context, limit, sort=sort, **asked))
        tried = sum(sent)
        # Each try that was not whole is followed by a page that is.
        vain = sum(before and not after
                   for before, after in itertools.pairwise(sent))
        self.assertGreater(vain, 0)
        self.assertGreater(tried, 2 * vain)


schemas.on_every_backend(globals(), SharedImages)
del SharedImages
