# SPDX-License-Identifier: Apache-2.0
"""Bytes that a store refuses to remove: no image waits, none is forgotten."""
import contextlib
import http.client
import os
import signal
import threading

import fixtures
import testscenarios

from glancelite import exception
from glancelite.objects import lease as lease_object
from glancelite.stores import filesystem
from tests.functional import application
from tests.functional import client
from tests.functional import leases
from tests.functional import test_import
from tests.functional import test_unfinishable

load_tests = testscenarios.load_tests_apply_scenarios

OCTETS = {'Content-Type': 'application/octet-stream'}

#: What a request holds an image for, and leaves when it cannot end it.
LEFT = (lease_object.UPLOAD, lease_object.DELETE, lease_object.REMOVE)


def remembered(database):
    """:returns: the ids of the images of which bytes are remembered.

    What requests have left, which have ended, is looked at without a pause.
    """
    leases.run_out(database, *LEFT)
    return [row.detail['image_id']
            for row in leases.read(database, lease_object.REMAINS)]


def forgotten(database):
    """:returns: whether nothing is; it is looked at without a pause."""
    leases.run_out(database, lease_object.REMAINS)
    return not remembered(database)


class RemainsTestCase(test_import.ImportTestCase):
    """A service whose stores can be taken away, and be put back."""

    options = {'lease': {'ttl': 3, 'sweep_interval': 1, 'finish_timeout': 0}}

    def place(self, name):
        return self.application.folder / name

    def take_away(self, name):
        """Have a directory be as what is not mounted."""
        self.place(name).rename(self.place(f'{name}.away'))
        # One that no process may make again.
        self.place(name).write_text('')

    def put_back(self, name):
        self.place(name).unlink()
        self.place(f'{name}.away').rename(self.place(name))

    def kept(self, name):
        """:returns: what is in a directory that was taken away."""
        return sorted(path.name
                      for path in self.place(f'{name}.away').iterdir())

    def queued(self, image_id):
        """:returns: the image once it is queued, whose upload has ended."""
        def ready():
            leases.run_out(self.application.database, *LEFT)
            image = self.client.show(image_id)
            return image['status'] == 'queued' and image
        return application.eventually(ready, 'The image is queued')

    def remembered(self):
        return remembered(self.application.database)

    def forgotten(self):
        return forgotten(self.application.database)

    def assert_removed_when_back(self, name, *left):
        """Put a store back: then ``left`` is what is in the stores."""
        self.assertNotEqual([], self.kept(name))
        application.eventually(self.remembered, 'They are remembered')
        self.put_back(name)
        application.eventually(self.forgotten, 'They are forgotten')
        self.assertEqual(set(left), self.files())

    def cut_after(self, path, act):
        """Send the first bytes of data, call ``act``, and go away."""
        def blocks():
            yield test_import.DATA[:100_000]
            application.eventually(
                lambda: self.files(path), 'It has begun')
            act()
        return blocks()


class UploadTest(RemainsTestCase):
    """A store that is gone when an upload is to be undone."""

    scenarios = application.SCENARIOS

    def cut(self, image_id, verb, store):
        self.client.cut(
            'PUT', f'/v2/images/{image_id}/{verb}',
            self.cut_after(store, lambda: self.take_away(store)),
            {**OCTETS, 'Content-Length': str(len(test_import.DATA))})

    def test_an_upload_is_undone_and_another_one_can_follow(self):
        image_id = self.create()
        self.cut(image_id, 'file', 'fast')
        self.queued(image_id)
        self.assertEqual(204, self.client.upload(
            image_id, b'anew', {'x-image-meta-store': 'cheap'}).status)
        self.assert_removed_when_back('fast', f'cheap/{image_id}')
        self.assertEqual(b'anew', self.client.download(image_id).body)

    def test_so_is_what_was_to_be_staged(self):
        image_id = self.create()
        self.cut(image_id, 'stage', 'staging')
        self.queued(image_id)
        self.assert_removed_when_back('staging')

    def test_what_is_left_of_a_deleted_image_goes_too(self):
        image_id = self.create()
        self.client.upload(image_id, b'data')
        self.take_away('fast')
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image_id}').status)
        self.assertEqual(404, self.client.get(
            f'/v2/images/{image_id}').status)
        self.assert_removed_when_back('fast')

    def test_what_is_left_of_a_copy_holds_up_no_other_one(self):
        image_id = self.create()
        self.stage(image_id)
        self.submit(image_id, all_stores=True)
        self.done(image_id)
        self.take_away('cheap')
        answer = self.client.request(
            'DELETE', f'/v2/stores/cheap/{image_id}', persona='admin')
        self.assertEqual(204, answer.status, answer.body)
        application.eventually(self.remembered, 'It is remembered')
        self.put_back('cheap')
        # Perhaps while what was there is being removed.
        application.eventually(lambda: self.submit(
            image_id, 'copy-image', 'admin',
            stores=['cheap']).status == 202, 'It is copied again')
        self.assertEqual('cheap,fast', self.done(image_id)['stores'])
        application.eventually(self.forgotten, 'It is forgotten')
        self.assertEqual({f'fast/{image_id}', f'cheap/{image_id}'},
                         self.files())


class PauseTest(RemainsTestCase):
    """How often a store is asked again."""

    def test_pauses_grow(self):
        image_id = self.create()
        self.client.upload(image_id, b'data')
        self.take_away('fast')
        self.client.request('DELETE', f'/v2/images/{image_id}')
        application.eventually(self.remembered, 'It is remembered')
        database = self.application.database

        def pause():
            """:returns: the one after the third try, in seconds."""
            row, = leases.read(database, lease_object.REMAINS)
            if row.detail['tries'] == 3:
                return (row.expires_at - row.renewed_at).total_seconds()
            # If nothing has been done to it since.
            leases.run_out(database, lease_object.REMAINS,
                           renewed_at=row.renewed_at)
            return None
        self.assertEqual(4, round(application.eventually(
            pause, 'It is tried three times')))
        self.put_back('fast')


class ImportTest(RemainsTestCase):
    """A store that is gone when an import is to be undone."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.first = threading.Event()
        self.rest = threading.Event()

    def half(self, request):
        """Some bytes; when ``rest`` is set the connection breaks off."""
        request.send_response(200)
        request.send_header('Content-Length', str(len(test_import.DATA)))
        request.end_headers()
        request.wfile.write(test_import.DATA[:-1000])
        request.wfile.flush()
        self.first.set()
        self.rest.wait(application.PATIENCE)
        request.close_connection = True

    def whole(self, request):
        """All bytes, the last ones when ``rest`` is set."""
        self.half(request)
        request.wfile.write(test_import.DATA[-1000:])

    def imported(self, answer, act, **choice):
        """:returns: an image after an import in which ``act`` was called."""
        url = self.serve(answer)
        image_id = self.create()
        self.submit(image_id, 'web-download', uri=url, **choice)
        self.assertTrue(self.first.wait(application.PATIENCE))
        application.eventually(
            lambda: self.files('fast') and self.files('cheap'),
            'Both stores have some of it')
        act()
        self.rest.set()
        return self.done(image_id)

    def test_an_import_fails_for_its_own_reason(self):
        image = self.imported(self.half, lambda: self.take_away('cheap'),
                              all_stores=True)
        self.assertEqual('queued', image['status'])
        self.assertIn('cannot be read', self.task(image['id'])['message'])
        self.assert_removed_when_back('cheap')

    def test_one_that_does_without_a_store_lets_go_of_the_image(self):
        image = self.imported(
            self.whole, lambda: self.take_away('cheap'), all_stores=True,
            all_stores_must_succeed=False)
        self.assertEqual(('active', 'fast', 'cheap'), (
            image['status'], image['stores'],
            image['os_glance_failed_import']))
        self.assert_removed_when_back('cheap', f'fast/{image["id"]}')

    def test_what_was_staged_goes_when_it_can(self):
        image_id = self.client.create(disk_format='qcow2',
                                      container_format='bare')['id']
        self.stage(image_id, b'no disk of that kind')
        self.take_away('staging')
        self.submit(image_id)
        image = self.done(image_id)
        self.assertEqual('queued', image['status'])
        self.assert_removed_when_back('staging')


class ForgottenStoreTest(RemainsTestCase):
    """A store that the configuration has no more when it is needed."""

    mode = 'eventlet'

    def test_bytes_are_remembered_until_it_is_back(self):
        held = client.HeldBody(test_import.DATA[:100_000], b'.')
        image_id = self.create()
        thread = threading.Thread(target=self.upload, args=(image_id, held))
        thread.start()
        held.begun.wait(application.PATIENCE)
        application.eventually(lambda: self.files('cheap'), 'It has begun')
        for process in self.application.workers():
            os.kill(process, signal.SIGKILL)
        self.application.stop()
        held.release()
        thread.join()
        self.application.configure(enabled_backends='fast:file,web:http')
        self.application.start()
        self.queued(image_id)
        application.eventually(self.remembered, 'They are remembered')
        self.assertEqual(1, len(self.files('cheap')))
        self.application.stop()
        self.application.configure(
            enabled_backends=test_import.OPTIONS['enabled_backends'])
        self.application.start()
        application.eventually(self.forgotten, 'They are forgotten')
        self.assertEqual(set(), self.files())

    def upload(self, image_id, body):
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.client.upload(image_id, body,
                               {'x-image-meta-store': 'cheap'})


class RefusingCommitTest(test_unfinishable.TroubledTestCase):
    """Stores that have all data, of which one does not end the import."""

    def test_the_others_are_enough_where_they_may_be(self):
        for what in ('refuses', 'hides', 'loses'):
            self.trouble(what)
            image_id = self.create()
            self.stage(image_id)
            self.submit(image_id, all_stores=True,
                        all_stores_must_succeed=False)
            image = self.done(image_id)
            self.assertEqual(('active', 'fast', 'cheap'), (
                image['status'], image['stores'],
                image['os_glance_failed_import']), what)
            # What the other store has goes last of all.
            application.eventually(
                lambda each=image_id: self.files() == {f'fast/{each}'},
                'The rest is removed')
            self.client.request('DELETE', f'/v2/images/{image_id}')


class SealedTest(test_unfinishable.TroubledTestCase):
    """A store that neither ends an import, nor removes what it has of it."""

    options = {'lease': {'ttl': 3, 'sweep_interval': 1, 'finish_timeout': 0}}

    def setUp(self):
        super().setUp()
        self.deaf = True
        delete = filesystem.FilesystemDriver.delete
        self.useFixture(fixtures.MonkeyPatch(
            'tests.functional.test_unfinishable.TroubledDriver.delete',
            lambda driver, url: self.refuse(driver) or delete(driver, url)))

    def refuse(self, driver):
        if self.deaf and driver.identifier == 'cheap':
            raise exception.StoreUnavailable()

    def test_what_has_its_name_is_removed_unless_it_is_in_use_again(self):
        self.trouble('hides')
        images = [self.done(self.import_staged()) for _number in range(2)]
        again, left = (image['id'] for image in images)
        self.assertEqual(['queued'] * 2, [each['status'] for each in images])
        self.assertEqual({f'cheap/{again}', f'cheap/{left}'}, self.files())
        self.trouble(None)
        self.assertEqual(204, self.client.upload(
            again, b'anew', {'x-image-meta-store': 'cheap'}).status)
        self.deaf = False
        application.eventually(
            lambda: forgotten(self.application.database), 'All is forgotten')
        self.assertEqual({f'cheap/{again}'}, self.files())
        self.assertEqual(b'anew', self.client.download(again).body)
