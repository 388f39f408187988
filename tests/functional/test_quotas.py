# SPDX-License-Identifier: Apache-2.0
"""Quotas over HTTP: they hold when many ask at once, and leave nothing."""
import os
import signal
import threading

import sqlalchemy
import testscenarios
import testtools

from tests.functional import application
from tests.functional import client as client_module

load_tests = testscenarios.load_tests_apply_scenarios

KIB = 1024
QUOTA = 100 * KIB
UPLOADS = 8
PART = 30 * KIB

_STORAGE = ('Image exceeds the storage quota: The size of the data {} will '
            'exceed the limit. {} bytes remaining.')


class QuotaTestCase(testtools.TestCase):
    """A service with the options of the test class."""

    mode = application.MODE
    options = {}

    def setUp(self):
        super().setUp()
        self.application = self.useFixture(application.Application(
            self.mode, **self.options))
        self.client = self.application.client

    def at_once(self, calls):
        """:returns: what ``calls`` return, made in threads of their own."""
        start = threading.Barrier(len(calls))
        results = [None] * len(calls)

        def run(number, call):
            start.wait()
            results[number] = call()
        threads = [threading.Thread(target=run, args=each)
                   for each in enumerate(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def reservations(self):
        """:returns: how many reservations stand in the database."""
        engine = sqlalchemy.create_engine(self.application.database)
        with engine.connect() as connection:
            count = connection.execute(sqlalchemy.text(
                "SELECT count(*) FROM usage_reservations "
                "WHERE resource <> 'lock'")).scalar()
        engine.dispose()
        return count

    def assert_refused(self, answer, sentence):
        self.assertEqual(413, answer.status)
        self.assertEqual(sentence, answer.json['message'].split('<br')[0])


class StorageQuotaTest(QuotaTestCase):
    """user_storage_quota."""

    scenarios = testscenarios.multiply_scenarios(
        application.SCENARIOS,
        [('with a length', {'chunked': False}),
         ('chunked', {'chunked': True})])
    options = {'user_storage_quota': '100KB'}

    def body(self, data):
        if not self.chunked:
            return data
        third = len(data) // 3
        return iter([data[:third], data[third:2 * third], data[2 * third:]])

    def put(self, image_id, data, **more):
        return self.client.upload(image_id, self.body(data), **more)

    def race(self, size):
        """Upload to many images at once.

        :returns: ({image id: data} of those taken, ids of those refused)
        """
        data = {self.client.create()['id']: os.urandom(size)
                for _number in range(UPLOADS)}
        answers = self.at_once([
            lambda image_id=image_id, data=each: self.put(image_id, data)
            for image_id, each in data.items()])
        taken, refused = {}, []
        for (image_id, each), answer in zip(data.items(), answers):
            self.assertIn(answer.status, (204, 413))
            if answer.status == 204:
                taken[image_id] = each
            else:
                refused.append(image_id)
        return taken, refused

    def assert_stored(self, taken, refused):
        """Those taken are whole; of the others nothing is left."""
        for image_id, data in taken.items():
            self.assertEqual(data, self.client.download(image_id).body)
        for image_id in refused:
            shown = self.client.show(image_id)
            self.assertEqual(('queued', None, None), (
                shown['status'], shown['size'], shown['checksum']))
        self.assertEqual(sorted(taken), self.application.files())
        self.assertEqual(0, self.reservations())

    def test_uploads_at_once_fill_the_quota_and_no_more(self):
        taken, refused = self.race(PART)
        self.assertEqual(3, len(taken))
        self.assert_stored(taken, refused)

    def test_what_is_deleted_gives_room_to_those_refused(self):
        taken, refused = self.race(PART)
        for image_id in taken:
            self.client.request('DELETE', f'/v2/images/{image_id}')
        for image_id in refused[:3]:
            self.assertEqual(204, self.put(image_id, b'x' * PART).status)
        self.assertEqual(413, self.put(refused[3], b'x' * PART).status)

    def test_the_last_byte_fits_and_the_next_does_not(self):
        self.put(self.client.create()['id'], b'x' * PART)
        image_id = self.client.create()['id']
        left = QUOTA - PART
        self.assert_refused(self.put(image_id, b'x' * (left + 1)),
                            _STORAGE.format(left + 1, left))
        self.assertEqual(204, self.put(image_id, b'x' * left).status)
        full = self.client.create()['id']
        self.assert_refused(
            self.put(full, b'x'),
            _STORAGE.format(None if self.chunked else 1, 0))
        self.assertEqual('queued', self.client.show(full)['status'])

    def test_each_project_has_its_own(self):
        self.put(self.client.create()['id'], b'x' * QUOTA)
        image_id = self.client.create(persona='bob')['id']
        self.assertEqual(204, self.put(image_id, b'x' * QUOTA,
                                       persona='bob').status)

    def test_an_upload_by_an_administrator_counts_for_the_owner(self):
        image_id = self.client.create()['id']
        self.assertEqual(204, self.put(image_id, b'x' * QUOTA,
                                       persona='admin').status)
        self.assertEqual(
            413, self.put(self.client.create()['id'], b'x').status)

    def test_a_cut_upload_gives_its_room_back(self):
        image_id = self.client.create()['id']
        headers = {'Content-Type': client_module.OCTET_STREAM}
        if not self.chunked:
            headers['Content-Length'] = str(QUOTA)
        self.client.cut('PUT', f'/v2/images/{image_id}/file',
                        [b'x' * (PART)], headers=headers)
        application.eventually(lambda: not self.reservations(),
                               'The room is given back')
        self.assertEqual(204, self.put(image_id, b'x' * QUOTA).status)


class ManyBlocksTest(QuotaTestCase):
    """Uploads of unknown size that take turns."""

    scenarios = application.SCENARIOS
    options = {'user_storage_quota': '10MB', 'transfer_block_size': 64 * KIB}

    def test_slowly_growing_uploads_keep_within_the_quota(self):
        blocks = [os.urandom(64 * KIB) for _number in range(64)]
        ids = [self.client.create()['id'] for _number in range(6)]
        answers = self.at_once([
            lambda image_id=each: self.client.upload(image_id, iter(blocks))
            for each in ids])
        taken = [image_id for image_id, answer in zip(ids, answers)
                 if answer.status == 204]
        self.assertEqual(2, len(taken))
        self.assertEqual(sorted(taken), self.application.files())
        for image_id in taken:
            self.assertEqual(b''.join(blocks),
                             self.client.download(image_id).body)
        self.assertEqual(0, self.reservations())


class CrashTest(QuotaTestCase):
    """A worker that is killed does not give anything back."""

    mode = 'eventlet'
    options = {'user_storage_quota': '100KB', 'workers': 1,
               'lease': {'ttl': 3, 'sweep_interval': 1}}

    def test_the_room_of_a_crashed_upload_is_there_again(self):
        body = client_module.HeldBody(b'x' * PART,
                                      b'x' * (QUOTA - PART))
        self.addCleanup(body.release)
        image_id = self.client.create()['id']
        sending = threading.Thread(
            target=self._upload, args=(image_id, body))
        sending.start()
        application.eventually(self.reservations, 'Something is reserved')
        for pid in self.application.workers():
            os.kill(pid, signal.SIGKILL)
        body.release()
        sending.join()
        other = self.client.create()['id']
        self.assertEqual(
            413, self.client.upload(other, b'x' * QUOTA).status)
        application.eventually(
            lambda: self.client.upload(other, b'x' * QUOTA).status == 204,
            'The reservation runs out')
        self.assertEqual(0, self.reservations())

    def _upload(self, image_id, body):
        try:
            self.client.upload(image_id, body,
                               headers={'Content-Length': str(QUOTA)})
        except OSError:
            pass


class NumbersTest(QuotaTestCase):
    """Quotas of what one image has."""

    scenarios = application.SCENARIOS
    options = {'image_property_quota': 5, 'image_tag_quota': 5,
               'image_member_quota': 5, 'image_size_cap': 1000}

    def setUp(self):
        super().setUp()
        self.image_id = self.client.create()['id']
        self.path = f'/v2/images/{self.image_id}'

    def assert_five_of(self, answers, success):
        self.assertEqual([success] * 5 + [413] * 5,
                         sorted(answer.status for answer in answers))

    def test_properties_added_at_once_keep_within_the_quota(self):
        self.assert_five_of(self.at_once([
            lambda name=number: self.client.patch(self.path, [
                {'op': 'add', 'path': f'/p{name}', 'value': 'x'}])
            for number in range(10)]), 200)
        shown = self.client.show(self.image_id)
        self.assertEqual(5, sum(name[1:].isdigit() for name in shown))

    def test_tags_added_at_once_keep_within_the_quota(self):
        answers = self.at_once([
            lambda name=number: self.client.request(
                'PUT', f'{self.path}/tags/{name}') for number in range(10)])
        self.assert_five_of(answers, 204)
        self.assertEqual(5, len(self.client.show(self.image_id)['tags']))
        refused = next(answer for answer in answers if answer.status == 413)
        self.assert_refused(
            refused, f'Image tag limit exceeded for image {self.image_id}: '
            'The limit has been exceeded on the number of allowed image '
            'tags. Attempted: 6, Maximum: 5:')

    def test_members_added_at_once_keep_within_the_quota(self):
        answers = self.at_once([
            lambda name=number: self.client.request(
                'POST', f'{self.path}/members', json={'member': f'm{name}'})
            for number in range(10)])
        self.assert_five_of(answers, 200)
        refused = next(answer for answer in answers if answer.status == 413)
        self.assert_refused(
            refused, f'Image member limit exceeded for image {self.image_id}'
            ': The limit has been exceeded on the number of allowed image '
            'members for this image. Attempted: 6, Maximum: 5:')

    def test_no_image_is_larger_than_the_cap(self):
        sentence = ('The incoming image is too large: The provided image is '
                    'too large.')
        for body in (b'x' * 1001, iter([b'x' * 500, b'x' * 501])):
            self.assert_refused(self.client.upload(self.image_id, body),
                                sentence)
            self.assertEqual('queued',
                             self.client.show(self.image_id)['status'])
        self.assertEqual(
            204, self.client.upload(self.image_id, b'x' * 1000).status)

    def test_no_limit_is_shown_that_is_not_of_keystone(self):
        self.assertEqual({'usage': {}},
                         self.client.get('/v2/info/usage').json)


class LoweredQuotaTest(QuotaTestCase):
    """An image has more than its quota allows by now."""

    mode = 'eventlet'
    options = {'image_property_quota': 3, 'image_tag_quota': 3}

    def test_it_may_change_and_shrink_but_not_grow(self):
        image_id = self.client.create(a='1', b='2', c='3',
                                      tags=['x', 'y', 'z'])['id']
        path = f'/v2/images/{image_id}'
        self.application.stop()
        self.application.configure(image_property_quota=1, image_tag_quota=1)
        self.application.start()
        for changes, status in (
                ([{'op': 'replace', 'path': '/a', 'value': '9'}], 200),
                ([{'op': 'replace', 'path': '/name', 'value': '9'}], 200),
                ([{'op': 'add', 'path': '/d', 'value': '4'}], 413),
                ([{'op': 'remove', 'path': '/b'}], 200),
                ([{'op': 'replace', 'path': '/tags', 'value': ['x', 'y']}],
                 413),
                ([{'op': 'replace', 'path': '/tags', 'value': ['x']}], 200)):
            self.assertEqual(status, self.client.patch(path, changes).status,
                             changes)
        self.assertEqual(
            204, self.client.request('DELETE', f'{path}/tags/x').status)


class UnlimitedTest(QuotaTestCase):
    """The default: no quota on what a project stores."""

    def test_nothing_is_asked_of_the_database_for_it(self):
        statements = []

        def note(connection, cursor, statement, *more):
            statements.append(statement)
        engine = sqlalchemy.engine.Engine
        sqlalchemy.event.listen(engine, 'before_cursor_execute', note)
        self.addCleanup(sqlalchemy.event.remove, engine,
                        'before_cursor_execute', note)
        image_id = self.client.create()['id']
        self.client.upload(image_id, b'x')
        self.client.get('/v2/info/usage')
        self.client.patch(f'/v2/images/{image_id}', [
            {'op': 'replace', 'path': '/name', 'value': 'x'}])
        self.assertTrue(statements)
        self.assertEqual([], [each for each in statements
                              if 'usage_reservations' in each
                              or 'sum(' in each or 'count(' in each])

