# SPDX-License-Identifier: Apache-2.0
"""How many statements a request sends to the database: few, and always so.
"""
import contextlib
import threading

import sqlalchemy

from tests.functional import application

#: The most that a list or a show may send.
_MOST = 4


@contextlib.contextmanager
def statements():
    """Note the statements that this thread sends while the block runs.

    Others look for tasks and for expired leases meanwhile.
    """
    sent = []
    asking = threading.get_ident()

    def note(connection, cursor, statement, *_rest):
        # oslo.db begins SQLite's transactions by itself.
        if statement != 'BEGIN' and threading.get_ident() == asking:
            sent.append(statement)

    sqlalchemy.event.listen(sqlalchemy.Engine, 'before_cursor_execute', note)
    try:
        yield sent
    finally:
        sqlalchemy.event.remove(
            sqlalchemy.Engine, 'before_cursor_execute', note)


class StatementTest(application.SharedTestCase):
    """Images with much and with little, asked for in every way."""

    def setUp(self):
        super().setUp()
        self.small = [self.client.create(
            name=f'small-{number}', visibility='shared')['id']
            for number in range(3)]
        self.large = [self.client.create(
            name=f'large-{number}', visibility='shared', large='yes',
            tags=['large', *(f'tag-{each}' for each in range(40))],
            **{f'property-{each}': 'x' for each in range(60)})['id']
            for number in range(12)]
        member = self.client.personas.project('bob')
        for image_id in self.large:
            self.client.request('POST', f'/v2/images/{image_id}/members',
                                json={'member': member})
        # Those that were created in one second are in the order of their ids
        # to MariaDB: all the others come after this one alone.
        self.marker = self.client.get(
            '/v2/images?limit=1').json['images'][0]['id']

    def sent(self, path, persona='alice'):
        """:returns: how many statements answering ``path`` takes."""
        self.client.get(path, persona=persona)
        with statements() as sent:
            self.client.get(path, persona=persona)
        self.assertLessEqual(len(sent), _MOST, '\n'.join(sent))
        return len(sent)

    def test_a_list_sends_one_whatever_the_images_have(self):
        for query in ('limit=1', 'limit=3', 'limit=1000', 'sort=size:asc',
                      'visibility=all', 'name=large-1', 'status=queued',
                      'visibility=shared&member_status=all'):
            for persona in ('alice', 'bob', 'admin'):
                with self.subTest(query=query, persona=persona):
                    self.assertEqual(
                        1, self.sent(f'/v2/images?{query}', persona))

    def test_a_marker_takes_one_more(self):
        for limit in (1, 5, 1000):
            self.assertEqual(2, self.sent(
                f'/v2/images?limit={limit}&marker={self.marker}'))

    def test_filters_take_few_more_however_many_they_are(self):
        for query, count in (
                ('large=yes', 1), ('tag=large', 1), ('large=no', 2),
                ('tag=none', 2), ('min_ram=7', 1), ('checksum=none', 1),
                ('large=yes&tag=large&property-1=x&property-2=x'
                 '&tag=tag-1&tag=tag-2', 1)):
            with self.subTest(query=query):
                self.assertEqual(count, self.sent(f'/v2/images?{query}'))
        self.assertEqual(2, self.sent(
            f'/v2/images?large=yes&marker={self.marker}'))

    def test_what_is_asked_for_the_first_time_takes_four_at_most(self):
        # How many images there are is known, as it is most of the time.
        self.client.get('/v2/images?tag=tag-9')
        for query, count in (
                ('large=yes&tag=tag-7', 2), ('tag=nowhere', 3),
                ('min_ram=8', 2), ('large=yes&min_ram=9', 2),
                (f'tag=tag-8&marker={self.marker}', 3),
                (f'tag=nothing&marker={self.marker}', 4),
                ('sort=name&limit=7', 2),
                (f'sort=name&limit=8&marker={self.marker}', 3)):
            with self.subTest(query=query), statements() as sent:
                self.client.get(f'/v2/images?{query}')
                self.assertEqual(count, len(sent), '\n'.join(sent))

    def test_a_show_sends_one(self):
        for image_id in (self.small[0], self.large[0]):
            for persona in ('alice', 'admin'):
                self.assertEqual(
                    1, self.sent(f'/v2/images/{image_id}', persona))
