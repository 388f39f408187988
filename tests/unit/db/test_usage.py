# SPDX-License-Identifier: Apache-2.0
"""Limits hold however many requests there are; reservations end."""
import threading
import uuid

import sqlalchemy

from glancelite import context as context_module
from glancelite import exception
from glancelite.db import members
from glancelite.db import models
from glancelite.db import usage
from glancelite.objects import image as image_object
from glancelite.objects import member as member_object
from glancelite.objects import usage as usage_object
from tests.unit.db import repositories
from tests.unit.db import schemas

SIZE = usage_object.IMAGE_SIZE_TOTAL
STAGE = usage_object.IMAGE_STAGE_TOTAL
COUNT = usage_object.IMAGE_COUNT_TOTAL
UPLOADING = usage_object.IMAGE_COUNT_UPLOADING

_THREADS = 6
_ROUNDS = 5

_reservations = models.usage_reservations


class Repositories(repositories.Repositories):
    """One database for all tests of a backend; a project for each test."""

    def setUp(self):
        super().setUp()
        self.project = f'project-{uuid.uuid4().hex}'
        self.context = context_module.RequestContext(
            project_id=self.project, overwrite=False)
        self.usage = usage.Usage(self.database, 60)
        #: Whose reservations have run out when they are taken.
        self.dying = usage.Usage(self.database, -1)

    def limit(self, maximum, resource=SIZE):
        return usage_object.Limit(self.project, resource, maximum)

    def image(self, status='queued', size=None, places=0, **more):
        """:returns: a stored image of the project."""
        image = image_object.Image(
            {'id': str(uuid.uuid4()), 'owner': self.project,
             'status': status, 'size': size}, locations=[
                image_object.Location(f'file:///{number}')
                for number in range(places)], **more)
        self.images.add(self.context, image)
        return image

    def take(self, repository, limit, needed, **more):
        """:returns: a stored reservation."""
        reservation = usage_object.Reservation(
            limit, more.pop('image_id', None))
        repository.take(self.context, [usage_object.Wish(
            reservation, needed, needed, **more)])
        return reservation

    def activate(self, image, size, *reservations):
        """Have an image that is being uploaded become active."""
        image.values.update(size=size, status='active')
        image.locations = [image_object.Location('file:///x')]
        self.images.save(self.context, image, from_status='saving',
                         reservations=reservations)

    def change(self, image_id, change, **maxima):
        """Change an image; anew while others change it."""
        while True:
            image = self.images.get(self.context, image_id)
            change(image)
            try:
                return self.images.save(self.context, image, maxima=maxima)
            except exception.ImageChanged:
                continue

    def used(self, resource=SIZE):
        return self.usage.of(self.context, self.project)[resource]

    def rows(self):
        """:returns: amounts of the reservations there are."""
        statement = sqlalchemy.select(_reservations.c.amount).where(
            _reservations.c.project_id == self.project,
            _reservations.c.resource != 'lock')
        with self.database.reader() as connection:
            return list(connection.execute(statement).scalars())

    def race(self, work):
        """Run ``work(number)`` in threads that start together.

        :returns: how many calls succeeded, of those not refused; any other
            error fails the test.
        """
        start = threading.Barrier(_THREADS)
        done, errors = [], []

        def run(thread):
            start.wait()
            for count in range(_ROUNDS):
                try:
                    work(f'{thread}-{count}')
                    done.append(thread)
                except exception.TooLarge:
                    pass
                except Exception as error:
                    errors.append(error)
        threads = [threading.Thread(target=run, args=(number,))
                   for number in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], errors)
        return len(done)


class Reservations(Repositories):
    """Of the bytes of a project."""

    def test_reservations_at_once_fill_the_limit_and_no_more(self):
        limit = self.limit(155)
        done = self.race(lambda name: self.take(self.usage, limit, 10))
        self.assertEqual(15, done)
        self.assertEqual([10] * 15, self.rows())

    def test_uploads_that_become_active_meanwhile_count_exactly_once(self):
        limit = self.limit(155)

        def upload(name):
            image = self.image('saving')
            reservation = self.take(self.usage, limit, 10)
            self.activate(image, 10, reservation)
        self.assertEqual(15, self.race(upload))
        self.assertEqual(150, self.used())
        self.assertEqual([], self.rows())

    def test_reservations_that_grow_at_once_keep_within_the_limit(self):
        limit = self.limit(100)
        reservations = []

        def grow(name):
            reservation = self.take(self.usage, limit, 1)
            reservations.append(reservation)
            for amount in range(2, 30):
                self.usage.take(self.context, [usage_object.Wish(
                    reservation, amount, amount)])
        self.race(grow)
        self.assertEqual(100, sum(self.rows()))
        self.assertEqual(100, sum(each.amount for each in reservations))

    def test_what_is_taken_ahead_leaves_something_to_others(self):
        limit = self.limit(100)
        first = self.take(self.usage, limit, 10, ahead=20, spare=50)
        second = self.take(self.usage, limit, 10, ahead=20, spare=50)
        third = self.take(self.usage, limit, 10, ahead=20, spare=50)
        self.assertEqual([30, 20, 10],
                         [first.amount, second.amount, third.amount])

    def test_a_refusal_says_what_there_is_and_changes_nothing(self):
        self.image('active', 40, 1)
        reservation = self.take(self.usage, self.limit(100), 30)
        with self.assertRaises(exception.ProjectOverLimit) as refused:
            self.usage.take(self.context,
                            [usage_object.Wish(reservation, 61, 61)])
        self.assertIn('due to current usage', str(refused.exception))
        self.assertEqual(40, self.used())
        self.assertEqual([30], self.rows())

    def test_of_uploads_that_outgrow_the_limit_together_the_last_goes_on(
            self):
        limit = self.limit(100)
        first = self.take(self.usage, limit, 40)
        second = self.take(self.usage, limit, 50)
        self.assertRaises(
            exception.QuotaExceeded, self.usage.take, self.context,
            [usage_object.Wish(first, 60, 60, yields=True)])
        self.usage.take(self.context, [usage_object.Wish(
            second, 100, 100, yields=True)])
        self.assertEqual([100], self.rows())

    def test_of_two_reservations_taken_together_none_or_both_are_there(self):
        size = usage_object.Reservation(self.limit(100), None)
        number = usage_object.Reservation(self.limit(0, UPLOADING), None)
        self.assertRaises(
            exception.QuotaExceeded, self.usage.take, self.context,
            [usage_object.Wish(size, 10, 10),
             usage_object.Wish(number, 1, 1)])
        self.assertEqual([], self.rows())

    def test_other_projects_do_not_count(self):
        other = usage_object.Limit(f'{self.project}-other', SIZE, 100)
        self.take(self.usage, other, 100)
        self.take(self.usage, self.limit(100), 100)

    def test_what_is_released_is_there_for_others(self):
        reservation = self.take(self.usage, self.limit(100), 100)
        self.usage.release(self.context, [reservation])
        self.take(self.usage, self.limit(100), 100)

    def test_a_crashed_reservation_runs_out(self):
        self.take(self.dying, self.limit(100), 100)
        self.take(self.usage, self.limit(100), 60)
        self.assertEqual([60], self.rows())

    def test_a_renewed_reservation_does_not_run_out(self):
        reservation = self.take(self.dying, self.limit(100), 100)
        self.usage.renew([reservation])
        self.assertRaises(exception.QuotaExceeded, self.take, self.usage,
                          self.limit(100), 1)

    def test_a_late_reservation_is_good_until_others_need_the_room(self):
        image = self.image('saving')
        reservation = self.take(self.dying, self.limit(100), 100)
        self.activate(image, 100, reservation)
        self.assertEqual(100, self.used())

    def test_a_lost_reservation_is_taken_anew_where_there_is_room(self):
        image = self.image('saving')
        reservation = self.take(self.dying, self.limit(100), 60)
        self.take(self.usage, self.limit(100), 40)
        self.activate(image, 60, reservation)
        self.assertEqual(60, self.used())
        self.assertEqual([40], self.rows())

    def test_who_lost_a_reservation_to_others_cannot_store(self):
        image = self.image('saving')
        reservation = self.take(self.dying, self.limit(100), 60)
        self.take(self.usage, self.limit(100), 41)
        self.assertRaises(exception.QuotaExceeded, self.activate, image, 60,
                          reservation)
        self.assertEqual(0, self.used())

    def test_who_lost_a_reservation_to_others_cannot_go_on(self):
        reservation = self.take(self.dying, self.limit(100), 60)
        self.take(self.usage, self.limit(100), 40)
        self.assertRaises(
            exception.QuotaExceeded, self.usage.take, self.context,
            [usage_object.Wish(reservation, 61, 61)])
        self.usage.take(self.context,
                        [usage_object.Wish(reservation, 60, 60)])
        self.assertEqual([40, 60], sorted(self.rows()))


class WhatIsUsed(Repositories):
    """By images in every state."""

    def test_data_counts_once_for_each_location(self):
        self.image('active', 10, 1)
        self.image('deactivated', 10, 3)
        self.image('queued')
        self.image('active', 7, 0)
        self.assertEqual(40, self.used())

    def test_what_is_deleted_does_not_count(self):
        self.images.delete(self.context, self.image('active', 10, 2))
        image = self.image('active', 10, 2)
        image.locations = image.locations[:1]
        self.images.save(self.context, image)
        self.assertEqual((10, 1), (self.used(), self.used(COUNT)))

    def test_staged_data_counts_until_it_is_imported(self):
        self.image('uploading', 10)
        self.image('importing', 20)
        self.image('active', 40, 1)
        self.image('active', 80, 1, properties={
            'os_glance_importing_to_stores': 'fast'})
        self.image('active', 160, 1, properties={
            'os_glance_importing_to_stores': ''})
        self.assertEqual((110, 3), (self.used(STAGE), self.used(UPLOADING)))

    def test_every_image_of_the_project_counts(self):
        for status in ('queued', 'saving', 'active', 'deactivated'):
            self.image(status)
        self.assertEqual((4, 1), (self.used(COUNT), self.used(UPLOADING)))

    def test_an_upload_counts_once_by_reservation_and_by_status(self):
        image = self.image('saving')
        self.take(self.usage, self.limit(2, UPLOADING), 1, image_id=image.id)
        self.take(self.usage, self.limit(2, UPLOADING), 1)
        self.assertRaises(exception.QuotaExceeded, self.take, self.usage,
                          self.limit(2, UPLOADING), 1)

    def test_an_upload_whose_reservation_ran_out_counts_by_status(self):
        image = self.image('saving')
        self.take(self.dying, self.limit(2, UPLOADING), 1, image_id=image.id)
        self.assertRaises(exception.QuotaExceeded, self.take, self.usage,
                          self.limit(1, UPLOADING), 1)


class Numbers(Repositories):
    """Of images, and of what one image has."""

    def test_images_created_at_once_fill_the_limit_and_no_more(self):
        limit = self.limit(12, COUNT)

        def create(name):
            self.images.add(self.context, image_object.Image(
                {'id': str(uuid.uuid4()), 'owner': self.project}), limit)
        self.assertEqual(12, self.race(create))
        self.assertEqual(12, self.used(COUNT))

    def test_an_image_that_is_refused_is_not_there(self):
        image = image_object.Image({'id': str(uuid.uuid4()),
                                    'owner': self.project})
        with self.assertRaises(exception.QuotaExceeded) as refused:
            self.images.add(self.context, image, self.limit(0, COUNT))
        self.assertEqual(413, refused.exception.code)
        self.assertRaises(exception.ImageNotFound, self.images.get,
                          self.context, image.id)

    def test_properties_added_at_once_keep_within_the_quota(self):
        image_id = self.image(properties={'a': '1', 'b': '2'}).id

        def add(name):
            self.change(image_id, lambda image: image.properties.update(
                {name: name}), properties=9)
        self.assertEqual(7, self.race(add))
        self.assertEqual(
            9, len(self.images.get(self.context, image_id).properties))

    def test_tags_added_at_once_keep_within_the_quota(self):
        image_id = self.image(tags=['a', 'b']).id

        def add(name):
            self.change(image_id, lambda image: image.tags.add(name), tags=9)
        self.assertEqual(7, self.race(add))
        self.assertEqual(
            9, len(self.images.get(self.context, image_id).tags))

    def test_tags_that_differ_in_case_alone_are_two(self):
        image = self.image(tags=['a'])
        image.tags.add('A')
        self.assertRaises(exception.LimitExceeded, self.images.save,
                          self.context, image, maxima={'tags': 1})

    def test_the_same_tag_added_at_once_counts_once(self):
        image = self.image()
        same = self.images.get(self.context, image.id)
        for each in (image, same):
            each.tags.add('a')
            self.images.save(self.context, each, maxima={'tags': 1})

    def test_locations_added_at_once_keep_within_the_quota(self):
        image_id = self.image('active', 10, 2).id

        def add(name):
            location = image_object.Location(f'file:///{name}')
            self.change(image_id, lambda image: image.locations.append(
                location), locations=9)
        self.assertEqual(7, self.race(add))
        self.assertEqual(
            9, len(self.images.get(self.context, image_id).locations))

    def test_members_added_at_once_keep_within_the_quota(self):
        image_id = self.image().id
        repository = members.Members(self.database)
        self.assertEqual(9, self.race(lambda name: repository.add(
            self.context, member_object.Member(image_id, name), 9)))
        self.assertEqual(9, len(repository.list(self.context, image_id)))

    def test_an_image_beyond_a_lowered_quota_may_shrink_and_change(self):
        image = self.image(properties={'a': '1', 'b': '2', 'c': '3'})
        image.properties['a'] = '9'
        del image.properties['b']
        self.images.save(self.context, image, maxima={'properties': 1})
        image.properties['d'] = '4'
        self.assertRaises(exception.LimitExceeded, self.images.save,
                          self.context, image, maxima={'properties': 1})


for case in (Reservations, WhatIsUsed, Numbers):
    schemas.on_every_backend(globals(), case)
del case, Reservations, WhatIsUsed, Numbers
