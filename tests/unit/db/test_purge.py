# SPDX-License-Identifier: Apache-2.0
"""Deleted rows go for good, and no id is given again, on each database."""
import collections
import datetime
import unittest
from unittest import mock

import sqlalchemy

from glancelite import context as context_module
from glancelite import exception
from glancelite.db import models
from glancelite.db import purge
from glancelite.db import tasks
from glancelite.objects import image as image_object
from tests.unit.db import repositories
from tests.unit.db import schemas

_OF_IMAGES = (models.image_properties, models.image_tags,
              models.image_members, models.image_locations)
_NAMES = [table.name for table in _OF_IMAGES]

#: What the tables want besides.
_VALUES = {
    'image_properties': {'name': 'a', 'value': 'b'},
    'image_tags': {'value': 'a'},
    'image_members': {'member': 'a', 'can_share': False},
    'image_locations': {'value': 'file:///a', 'meta_data': '{}'},
}


class Purging(repositories.Repositories):

    def setUp(self):
        super().setUp()
        self.now = self.database.now().replace(microsecond=0)
        with self.database.writer() as connection:
            for table in (*_OF_IMAGES, models.image_leases, models.task_info,
                          models.tasks, models.images):
                connection.execute(table.delete())

    def add(self, table, deleted_days_ago=None, **values):
        values.setdefault('created_at', self.now)
        values['deleted'] = deleted_days_ago is not None
        values['deleted_at'] = values['deleted'] and self.now - (
            datetime.timedelta(days=deleted_days_ago, seconds=1)) or None
        with self.database.writer() as connection:
            connection.execute(table.insert(), values)

    def add_image(self, image_id, deleted_days_ago=None, status='deleted',
                  **of_rows):
        """Add an image with one row in each table that belongs to it."""
        self.add(models.images, deleted_days_ago, id=image_id, status=status)
        of_rows.setdefault('deleted_days_ago', deleted_days_ago)
        for table in _OF_IMAGES:
            values = {**_VALUES[table.name], 'image_id': image_id}
            if table is models.image_locations:
                values['status'] = status
            self.add(table, **values, **of_rows)

    def add_task(self, task_id, deleted_days_ago=None, expired_days_ago=None,
                 status='success'):
        expires = expired_days_ago is not None and self.now - (
            datetime.timedelta(days=expired_days_ago, seconds=1))
        self.add(models.tasks, deleted_days_ago, id=task_id, type='import',
                 status=status, owner='o', expires_at=expires or None)
        with self.database.writer() as connection:
            connection.execute(models.task_info.insert(),
                               {'task_id': task_id})

    def ids(self, table):
        key = table.c.get('id', table.c.get('task_id'))
        with self.database.reader() as connection:
            return connection.execute(
                sqlalchemy.select(key).order_by(key)).scalars().all()

    def owners(self):
        """:returns: the images that have a row in each of the tables."""
        with self.database.reader() as connection:
            found = [connection.execute(
                sqlalchemy.select(table.c.image_id)
                .order_by(table.c.image_id)).scalars().all()
                for table in _OF_IMAGES]
        return found

    def purge(self, days=30, most=-1):
        return self.count(purge.Purge(self.database, days, most).rows())

    def count(self, work):
        counts = collections.Counter()
        for table, count in work:
            counts[table] += count
        return dict(counts)

    def test_old_rows_go_and_images_stay(self):
        self.add_image('live', status='active')
        self.add_image('late', 29)
        self.add_image('long', 30)
        self.assertEqual(dict.fromkeys(_NAMES, 1), self.purge())
        self.assertEqual(['late', 'live', 'long'], self.ids(models.images))
        self.assertEqual([['late', 'live']] * 4, self.owners())
        self.assertEqual({}, self.purge())

    def test_what_a_live_image_had_goes(self):
        self.add_image('live', status='active', deleted_days_ago=99)
        self.add(models.images, None, id='other', status='active')
        self.assertEqual(dict.fromkeys(_NAMES, 1), self.purge())

    def test_an_id_is_not_given_again(self):
        self.add_image('6f7c1c1a', 99)
        self.purge()
        image = image_object.Image({'id': '6f7c1c1a', 'status': 'queued'})
        with self.assertRaises(exception.ImageExists):
            self.images.add(context_module.RequestContext(), image)

    def test_what_a_scrubber_is_to_remove_stays(self):
        self.add_image('waits', 99, status='pending_delete')
        self.assertNotIn('image_locations', self.purge())
        self.assertEqual(['waits'], self.owners()[-1])
        self.assertEqual({}, self.count(
            purge.Purge(self.database, 0, -1).images()))

    def test_old_tasks_go_and_so_do_those_that_ran_out(self):
        self.add_task('deleted-long-ago', 31)
        self.add_task('deleted-late', 3)
        self.add_task('expired-long-ago', expired_days_ago=31)
        self.add_task('expired-late', expired_days_ago=3)
        self.add_task('at-work', expired_days_ago=31, status='processing')
        self.add_task('done')
        self.assertEqual({'tasks': 2}, self.purge())
        left = ['at-work', 'deleted-late', 'done', 'expired-late']
        self.assertEqual(left, self.ids(models.tasks))
        self.assertEqual(left, self.ids(models.task_info))

    def test_no_more_rows_go_than_are_wanted(self):
        for number in range(5):
            self.add_image(f'image-{number}', 99)
        with mock.patch.object(purge, '_BATCH', 2):
            self.assertEqual({'image_properties': 5, 'image_tags': 3},
                             self.purge(most=8))
            self.assertEqual({}, self.purge(most=0))
            self.assertEqual({'image_tags': 2, 'image_members': 5,
                              'image_locations': 5}, self.purge())

    def test_rows_of_images_go_when_nothing_refers_to_them(self):
        self.add(models.images, None, id='live', status='active')
        self.add(models.images, 99, id='alone', status='deleted')
        self.add(models.images, 3, id='late', status='deleted')
        self.add(models.images, 99, id='leased', status='deleted')
        self.add_image('with-rows', 99)
        moment = {name: self.now for name in ('acquired_at', 'renewed_at',
                                              'expires_at')}
        with self.database.writer() as connection:
            connection.execute(models.image_leases.insert(), {
                'image_id': 'leased', 'owner': 'o', 'purpose': 'delete',
                **moment})
        work = purge.Purge(self.database, 30, -1).images()
        self.assertEqual({'images': 1}, self.count(work))
        self.assertEqual(['late', 'leased', 'live', 'with-rows'],
                         self.ids(models.images))
        self.purge()
        work = purge.Purge(self.database, 30, -1).images()
        self.assertEqual({'images': 1}, self.count(work))

    def test_tasks_expire(self):
        self.add_task('over', expired_days_ago=0)
        self.add_task('at-work', expired_days_ago=0, status='processing')
        self.add_task('soon', expired_days_ago=-1)
        repository = tasks.Tasks(self.database)
        repository.expire()
        admin = context_module.RequestContext(is_admin=True)
        left = repository.list(admin, {}, [('id', 'asc')], None, 10)
        self.assertEqual(['at-work', 'soon'], [task.id for task in left.items])


schemas.on_every_backend(globals(), Purging)
del Purging


if __name__ == '__main__':
    unittest.main()
