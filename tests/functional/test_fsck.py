# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage fsck: what it finds, and what it makes of it."""
import datetime
import hashlib
import json
import os
import threading
import time
import uuid

import sqlalchemy
import testtools

from glancelite.db import models
from tests import nursery
from tests.functional import application
from tests.functional import client

DATA = os.urandom(1024 * 1024 + 1)


class ManageTestCase(testtools.TestCase):
    """A service with nothing in it, and the command beside it."""

    options = {}

    def setUp(self):
        super().setUp()
        self.service = application.kept(
            ('fsck', json.dumps(self.options)),
            lambda: application.Application(
                'wsgi', node_staging_uri='file://{folder}/staging',
                **self.options))
        self.client = self.service.client
        self.addCleanup(self.empty)

    def empty(self):
        """Leave nothing for other tests."""
        engine = sqlalchemy.create_engine(self.service.database,
                                          poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            for table in reversed(models.metadata.sorted_tables):
                if table.name.startswith('image'):
                    connection.execute(table.delete())
        for folder in ('images', 'staging', 'fast', 'slow'):
            for path in (self.service.folder / folder).glob('*'):
                path.unlink()

    def manage(self, *arguments):
        """:returns: the exit code, and what was printed."""
        done = nursery.run('manage', '--config-file',
                           self.service.configuration, *arguments)
        self.assertNotIn('Traceback', done.stderr)
        return done.returncode, done.stdout

    def fsck(self, *arguments):
        """:returns: the exit code, and the problems by image."""
        code, problems = self.problems(*arguments)
        return code, {each['image_id']: each for each in problems}

    def problems(self, *arguments):
        """:returns: the exit code, and the problems as they came."""
        code, text = self.manage('fsck', '--format', 'json', *arguments)
        found = json.loads(text)
        problems = found['problems']
        self.assertEqual(found['count'], len(problems))
        self.assertEqual(found['repaired'],
                         sum(each['repaired'] for each in problems))
        return code, problems

    def assert_clean(self, *arguments):
        self.assertEqual((0, {}), self.fsck(*arguments))

    def create(self, data=DATA):
        """:returns: the id of an active image."""
        image_id = self.client.create()['id']
        self.assertEqual(204, self.client.upload(image_id, data).status)
        return image_id

    def change(self, statement, **values):
        """Change the database behind the service's back."""
        engine = sqlalchemy.create_engine(self.service.database,
                                          poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            done = connection.execute(sqlalchemy.text(statement), values)
            return done.one() if done.returns_rows else None

    def file(self, name):
        return self.service.store / name


class RecordTest(ManageTestCase):
    """Records whose bytes are not as they should be."""

    def test_a_sound_service_has_no_problem(self):
        self.create()
        self.create(b'')
        self.client.create()
        self.assert_clean('--verify')
        self.assertEqual((0, '0 problems, 0 repaired.\n'),
                         self.manage('fsck'))

    def test_missing_bytes_are_found(self):
        image_id = self.create()
        self.file(image_id).unlink()
        code, problems = self.fsck()
        self.assertEqual(1, code)
        self.assertEqual('missing', problems[image_id]['kind'])
        self.assertEqual(self.file(image_id).as_uri(),
                         problems[image_id]['url'])

    def test_bytes_of_another_size_are_found(self):
        image_id = self.create()
        self.file(image_id).write_bytes(DATA[1:])
        code, problems = self.fsck()
        self.assertEqual(1, code)
        self.assertEqual('wrong-size', problems[image_id]['kind'])
        self.assertEqual(f'{len(DATA) - 1} bytes instead of {len(DATA)}',
                         problems[image_id]['detail'])

    def test_bytes_with_another_digest_are_found_when_it_is_asked_for(self):
        image_id = self.create()
        self.file(image_id).write_bytes(DATA[::-1])
        self.assert_clean()
        code, problems = self.fsck('--verify')
        self.assertEqual(1, code)
        self.assertEqual('wrong-digest', problems[image_id]['kind'])
        self.assertIn(hashlib.sha512(DATA[::-1]).hexdigest(),
                      problems[image_id]['detail'])

    def test_an_image_without_a_multihash_is_verified_by_its_checksum(self):
        image_id = self.create()
        self.change('UPDATE images SET os_hash_value = NULL, '
                    'os_hash_algo = NULL')
        self.assert_clean('--verify')
        self.file(image_id).write_bytes(DATA[::-1])
        self.assertIn('md5', self.fsck('--verify')[1][image_id]['detail'])

    def test_a_location_in_no_store_is_found_and_its_password_is_not_shown(
            self):
        image_id = self.create()
        self.change('UPDATE image_locations SET value = :url',
                    url='swift+https://user:secret@host/container/x')
        code, problems = self.problems('--repair', '--min-age', '0')
        self.assertEqual(
            (1, ['no-store', 'unrecorded']),
            (code, [each['kind'] for each in problems]))
        self.assertEqual('swift+https://***@host/container/x',
                         problems[0]['url'])
        # Nobody knows whether they can be had anywhere else.
        self.assertIn('their image has no other data', problems[1]['detail'])
        self.assertEqual([image_id], self.service.files())

    def test_an_active_image_without_a_location_is_found(self):
        image_id = self.create()
        self.change('UPDATE image_locations SET deleted = :true, '
                    "status = 'deleted'", true=True)
        code, problems = self.problems('--repair', '--min-age', '0')
        self.assertEqual(
            (1, ['no-location', 'unrecorded']),
            (code, [each['kind'] for each in problems]))
        self.assertEqual([image_id], self.service.files())

    def test_what_is_missing_cannot_be_repaired(self):
        image_id = self.create()
        self.file(image_id).unlink()
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual(1, code)
        self.assertFalse(problems[image_id]['repaired'])


class LeftoverTest(ManageTestCase):
    """Bytes that no record names."""

    def setUp(self):
        super().setUp()
        self.image_id = self.create()

    def leave(self, name, age=0):
        """Leave bytes in the store that are ``age`` seconds old."""
        self.file(name).write_bytes(b'left')
        moment = time.time() - age
        os.utime(self.file(name), (moment, moment))

    def test_bytes_that_no_record_names_are_found_and_removed(self):
        other = str(uuid.uuid4())
        self.leave(other, age=100)
        code, problems = self.fsck()
        self.assertEqual((1, 'unrecorded', False), (
            code, problems[other]['kind'], problems[other]['repaired']))
        code, problems = self.fsck('--repair', '--min-age', '50')
        self.assertEqual((0, True), (code, problems[other]['repaired']))
        self.assertEqual([self.image_id], self.service.files())
        self.assert_clean()

    def test_young_bytes_are_left(self):
        other = str(uuid.uuid4())
        for arguments, age in (((), 23 * 3600), (('--min-age', '50'), 40)):
            self.leave(other, age)
            code, problems = self.fsck('--repair', *arguments)
            self.assertEqual((1, False), (code, problems[other]['repaired']))
            self.assertIn(other, self.service.files())

    def test_an_age_is_a_number_of_seconds(self):
        other = str(uuid.uuid4())
        self.leave(other, 40)
        for age in ('-1', 'nan', 'x', ''):
            self.assertEqual((2, ''), self.manage(
                'fsck', '--repair', '--min-age', age))
        self.assertIn(other, self.service.files())

    def test_bytes_of_a_dead_upload_are_found_and_removed(self):
        image_id = self.client.create()['id']
        self.leave(f'.glancelite-{image_id}-{uuid.uuid4().hex}')
        code, problems = self.fsck()
        self.assertEqual((1, 'unfinished'),
                         (code, problems[image_id]['kind']))
        self.assertEqual(0, self.fsck('--repair', '--min-age', '0')[0])
        self.assertEqual([self.image_id], self.service.files())

    def test_bytes_of_a_living_upload_are_no_problem(self):
        image_id = self.client.create()['id']
        body = client.HeldBody(DATA, DATA)
        self.addCleanup(body.release)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            self.client.upload(image_id, body)))
        thread.start()
        application.eventually(
            lambda: len(self.service.files()) == 2, 'The upload begins')
        self.assert_clean('--repair', '--min-age', '0')
        body.release()
        thread.join()
        self.assertEqual(204, answers[0].status)
        self.assert_clean('--verify')

    def test_bytes_of_a_purged_image_are_left_by_an_unknowing_database(self):
        self.client.request('DELETE', f'/v2/images/{self.image_id}')
        other = str(uuid.uuid4())
        self.leave(other)
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual((1, False), (code, problems[other]['repaired']))
        self.assertIn('this database knows of nothing in this store',
                      problems[other]['detail'])
        self.assertEqual([other], self.service.files())

    def test_bytes_of_a_deleted_image_are_removed_from_an_empty_store(self):
        self.client.request('DELETE', f'/v2/images/{self.image_id}')
        self.leave(self.image_id)
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual((0, True),
                         (code, problems[self.image_id]['repaired']))
        self.assertEqual([], self.service.files())

    def test_files_that_are_no_image_data_are_never_removed(self):
        self.leave('notes')
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual((1, 'unrecorded', False), (
            code, problems[None]['kind'], problems[None]['repaired']))
        self.assertIn('notes', self.service.files())

    def test_another_spelling_of_a_url_names_the_same_bytes(self):
        self.change('UPDATE image_locations SET value = :url',
                    url=f'filesystem://{self.service.store}/./'
                        f'{self.image_id}')
        self.assert_clean('--repair', '--min-age', '0')

    def test_a_location_of_another_image_names_bytes_too(self):
        other = str(uuid.uuid4())
        self.file(self.image_id).rename(self.file(other))
        self.change('UPDATE image_locations SET value = :url',
                    url=self.file(other).as_uri())
        self.assert_clean('--repair', '--min-age', '0')

    def test_many_bytes_are_found_in_pages(self):
        for _ in range(1200):
            self.leave(str(uuid.uuid4()))
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual((0, 1200), (code, len(problems)))
        self.assertEqual([self.image_id], self.service.files())

    def test_staged_data_without_an_image_in_that_status_is_found(self):
        staging = self.service.folder / 'staging'
        staged = self.client.create()['id']
        self.client.request(
            'PUT', f'/v2/images/{staged}/stage', body=DATA,
            headers={'Content-Type': client.OCTET_STREAM})
        # What no image here is called by is perhaps another service's.
        foreign = str(uuid.uuid4())
        for name in (self.image_id, foreign):
            (staging / name).write_bytes(b'left')
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual((0, [self.image_id]), (code, list(problems)))
        self.assertEqual({staged, foreign}, set(os.listdir(staging)))

    def stage(self):
        """:returns: the id of an image, and where its data is staged."""
        image_id = self.client.create()['id']
        self.assertEqual(204, self.client.request(
            'PUT', f'/v2/images/{image_id}/stage', body=DATA,
            headers={'Content-Type': client.OCTET_STREAM}).status)
        return image_id, self.service.folder / 'staging' / image_id

    def test_staged_data_that_is_missing_or_cut_is_found(self):
        (lost, path), (cut, cut_path) = self.stage(), self.stage()
        self.assert_clean()
        path.unlink()
        cut_path.write_bytes(DATA[:-1])
        code, problems = self.fsck()
        self.assertEqual(
            (1, {lost: 'missing', cut: 'wrong-size'}),
            (code, {image_id: each['kind']
                    for image_id, each in problems.items()}))

    def test_data_staged_on_another_host_is_that_ones_to_look_for(self):
        image_id, path = self.stage()
        path.unlink()
        self.change(
            'INSERT INTO image_properties (image_id, name, value, created_at,'
            " deleted) VALUES (:id, 'os_glance_stage_host', 'http://other', "
            ":now, :deleted)", id=image_id, deleted=False,
            now=datetime.datetime(2026, 1, 1))
        self.assert_clean()

    def test_data_on_its_way_into_the_staging_area_is_no_problem(self):
        image_id = self.client.create()['id']
        body = client.HeldBody(DATA, DATA)
        self.addCleanup(body.release)
        thread = threading.Thread(
            target=self.client.request, args=(
                'PUT', f'/v2/images/{image_id}/stage'), kwargs={
                    'body': body,
                    'headers': {'Content-Type': client.OCTET_STREAM}})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(body.release)
        self.assertTrue(body.begun.wait(application.PATIENCE))
        application.eventually(
            lambda: self.client.show(image_id)['status'] == 'uploading',
            'The image is uploading')
        self.assert_clean()


class StuckTest(ManageTestCase):
    """Images that a Glance has left in a transient status."""

    def setUp(self):
        super().setUp()
        self.image_id = self.client.create()['id']
        self.change("UPDATE images SET status = 'saving'")

    def test_an_image_that_nobody_is_at_work_on_is_found_and_queued(self):
        self.file(self.image_id).write_bytes(b'a part')
        code, problems = self.fsck()
        self.assertEqual(1, code)
        self.assertEqual('saving', self.client.show(self.image_id)['status'])
        code, problems = self.fsck('--repair', '--min-age', '0')
        self.assertEqual(0, code)
        self.assertEqual('queued', self.client.show(self.image_id)['status'])
        self.assertEqual([], self.service.files())
        self.assertEqual(204,
                         self.client.upload(self.image_id, DATA).status)
        self.assert_clean('--verify')

    def test_it_is_left_while_a_glance_may_be_at_work(self):
        self.file(self.image_id).write_bytes(b'a part')
        os.utime(self.file(self.image_id), (0, 0))
        code, problems = self.fsck('--repair')
        self.assertEqual(1, code)
        self.assertFalse(problems[self.image_id]['repaired'])
        self.assertEqual('saving', self.client.show(self.image_id)['status'])
        self.assertEqual([self.image_id], self.service.files())


class StoresTest(ManageTestCase):
    """Several stores, and one of them alone."""

    options = {
        'enabled_backends': 'fast:file,slow:file',
        'glance_store': {'default_backend': 'fast'},
        'fast': {'filesystem_store_datadir': '{folder}/fast'},
        'slow': {'filesystem_store_datadir': '{folder}/slow'},
    }

    def test_one_store_is_checked_alone(self):
        image_id = self.client.create()['id']
        self.client.upload(image_id, DATA, {'x-image-meta-store': 'slow'})
        (self.service.folder / 'slow' / image_id).unlink()
        other = str(uuid.uuid4())
        (self.service.folder / 'fast' / other).write_bytes(b'left')
        self.assertEqual({image_id, other}, set(self.fsck()[1]))
        self.assertEqual([image_id], list(self.fsck('--store', 'slow')[1]))
        self.assertEqual([other], list(self.fsck('--store', 'fast')[1]))

    def test_a_store_that_there_is_not_is_refused(self):
        self.assertEqual(2, self.manage('fsck', '--store', 'none')[0])


class ScrubTest(ManageTestCase):
    """Deleted images whose data waits for the scrubber."""

    options = {'delayed_delete': True}

    def setUp(self):
        super().setUp()
        self.image_id = self.create()
        self.client.request('DELETE', f'/v2/images/{self.image_id}')

    def row(self, table, column):
        return self.change(
            f'SELECT status, deleted, deleted_at FROM {table} '
            f'WHERE {column} = :id', id=self.image_id)

    def test_data_waits_and_is_no_problem(self):
        self.assertEqual([self.image_id], self.service.files())
        self.assert_clean('--repair', '--min-age', '0')
        self.assertEqual([self.image_id], self.service.files())

    def test_data_is_removed_and_the_record_says_so(self):
        before = self.row('image_locations', 'image_id')
        self.assertEqual('pending_delete', before.status)
        self.assertEqual((0, 'The data of 1 images is removed.\n'),
                         self.manage('scrub'))
        self.assertEqual([], self.service.files())
        image = self.row('images', 'id')
        location = self.row('image_locations', 'image_id')
        for row in (image, location):
            self.assertEqual('deleted', row.status)
            self.assertTrue(row.deleted)
        self.assertGreaterEqual(str(location.deleted_at),
                                str(before.deleted_at))
        self.assertEqual((0, 'The data of 0 images is removed.\n'),
                         self.manage('scrub'))
        self.assert_clean()

    def test_what_was_deleted_lately_is_left(self):
        self.manage('scrub', '--older-than', '1000')
        self.assertEqual([self.image_id], self.service.files())

    def test_an_image_whose_data_is_gone_already_is_marked_too(self):
        self.file(self.image_id).unlink()
        self.manage('scrub')
        self.assertEqual('deleted', self.row('images', 'id').status)

    def test_other_images_keep_their_data(self):
        other = self.create()
        self.manage('scrub')
        self.assertEqual([other], self.service.files())
        self.assert_clean('--verify')


class EncryptedTest(ManageTestCase):
    """Locations are encrypted in the database."""

    options = {'metadata_encryption_key': 'sixteen letters!'}

    def location(self, image_id):
        return self.change('SELECT value FROM image_locations WHERE '
                           'image_id = :id', id=image_id)[0]

    def test_data_is_found_and_removed_with_the_key(self):
        image_id = self.create()
        self.assertNotIn(':', self.location(image_id))
        self.assert_clean('--verify')
        self.assertEqual(DATA, self.client.download(image_id).body)
        self.client.request('DELETE', f'/v2/images/{image_id}')
        self.assertFalse(self.file(image_id).exists())
        self.assert_clean()

    def test_what_a_database_has_as_it_is_is_found_too(self):
        image_id = self.create()
        self.change('UPDATE image_locations SET value = :url',
                    url=self.file(image_id).as_uri())
        self.assert_clean('--verify')
        self.assertEqual(DATA, self.client.download(image_id).body)

    def test_nothing_is_repaired_when_a_location_cannot_be_read(self):
        lost, sound = self.create(), self.create()
        forgotten = self.file(str(uuid.uuid4()))
        forgotten.write_bytes(DATA)
        self.change('UPDATE image_locations SET value = :other '
                    'WHERE image_id = :id', id=lost, other='AAAA')
        code, problems = self.problems('--repair', '--min-age', '0')
        self.assertEqual(1, code)
        found = {(each['image_id'], each['kind']): each for each in problems}
        self.assertEqual({(lost, 'no-store'), (lost, 'unrecorded'),
                          (forgotten.name, 'unrecorded')}, found.keys())
        self.assertIn('metadata_encryption_key',
                      found[lost, 'no-store']['detail'])
        for name in (lost, sound, forgotten.name):
            self.assertTrue(self.file(name).exists())

    def test_without_the_key_it_refuses(self):
        image_id = self.create()
        self.service.configuration.write_text(
            self.service.configuration.read_text().replace(
                'sixteen letters!', 'not these letter'))
        self.addCleanup(
            self.service.configuration.write_text,
            self.service.configuration.read_text().replace(
                'not these letter', 'sixteen letters!'))
        for command in (['fsck', '--repair', '--min-age', '0'], ['scrub'],
                        ['db', 'adopt']):
            code, output = self.manage(*command)
            self.assertNotEqual(0, code)
            self.assertEqual('', output)
        self.assertTrue(self.file(image_id).exists())

    def test_an_image_whose_location_cannot_be_read_is_no_error(self):
        image_id = self.create()
        self.change('UPDATE image_locations SET value = :other', other='AAAA')
        self.assertEqual(200, self.client.get(
            f'/v2/images/{image_id}').status)
        self.assertIn(self.client.download(image_id).status, (204, 404, 503))
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image_id}').status)
