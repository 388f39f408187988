# SPDX-License-Identifier: Apache-2.0
"""Parts of one upload at once, each held up where another could overtake it.

The service runs with the faults of :mod:`tests.crash` in it, so who waits,
fails or dies does so at a step that has a name.
"""
import contextlib
import fcntl
import os
import threading
import urllib.parse

import fixtures
import sqlalchemy
import testscenarios
import testtools

from glancelite.stores import resumable_file
from tests.crash import arena as arena_module
from tests.crash import attacks
from tests.functional import application
from tests.functional import uploading

load_tests = testscenarios.load_tests_apply_scenarios

MIB = 1024 * 1024
FIRST = b'begin '
DATA = os.urandom(2 * MIB)

#: A part has found the file, and has not asked for it.
BEFORE = 'append/os.open'

#: It keeps others from the file, and has not asked whether it still may.
BETWEEN = 'append/os.stat:done'

#: It may, and has not begun.
AFTER = 'append/os.rename'


class _TogetherTestCase(testtools.TestCase):

    server = 'eventlet'

    def setUp(self):
        super().setUp()
        self.arena = self.useFixture(arena_module.Arena(
            self.server, os.environ.get('GLANCELITE_TEST_DATABASE')
            or 'sqlite'))
        self.client = self.arena.client
        self.image = self.client.create()
        self.arena.expectations[self.image['id']] = (
            arena_module.Expectation())

    def upload(self, body=FIRST):
        """:returns: an :class:`uploading.Upload` that was begun."""
        return uploading.Upload(self.client, uploading.begin(
            self.client, self.image['id'], body))

    def started(self, function, *arguments):
        """Call ``function`` beside the test.

        :returns: a function that waits for its result, and returns it.
        """
        results = []
        thread = threading.Thread(
            target=lambda: results.append(function(*arguments)))
        thread.start()
        self.addCleanup(thread.join)
        # Who waits at a step would wait for ever if the test failed.
        self.addCleanup(self.arena.withdraw)

        def finish():
            thread.join()
            return results.pop()
        return finish

    def held(self, step, upload, offset, body):
        """:returns: as :meth:`started`, for a part that waits at ``step``."""
        self.arena.order(step, 'hold')
        finish = self.started(upload.append, offset, body, '?1')
        application.eventually(self.arena.fired, f'A part is at {step}')
        return finish

    def begun(self, upload, offset, body):
        """:returns: as :meth:`started`, for a part that brings ``body`` only
            then, and has taken the file already.
        """
        finish = upload.hang(self, offset, body[:MIB], body[MIB:], '?1')
        application.eventually(
            lambda: any('.' in name[1:] for name in self.arena.files()),
            'The part begins')
        return finish

    def owner(self):
        """:returns: whose the lease on the image is."""
        engine = sqlalchemy.create_engine(self.arena.database,
                                          poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            return connection.execute(sqlalchemy.text(
                'SELECT owner FROM image_leases')).scalar()

    def assert_holds(self, data):
        """Nothing else is left, in whatever way."""
        expected = self.arena.expectations[self.image['id']]
        expected.kept = arena_module.digest(data)
        expected.sent = {expected.kept}
        self.arena.audit()


class LateTest(_TogetherTestCase):
    """Of several parts the last one that came is the one to go on."""

    scenarios = [(server, {'server': server})
                 for server in arena_module.SERVERS]

    def test_a_late_one_leaves_the_file_to_whoever_has_begun(self):
        upload = self.upload()
        late = self.held(BEFORE, upload, 6, b'late')
        rightful = self.begun(upload, 6, DATA)
        self.assertTrue(self.arena.withdraw())
        self.assertEqual(409, late().status)
        self.assertEqual(204, rightful().status)
        self.assert_holds(FIRST + DATA)

    def test_a_late_one_that_has_the_file_gives_it_back(self):
        self.assert_the_next_one_goes_on_after(BETWEEN)

    def test_one_that_has_asked_begins_before_whoever_came_after(self):
        self.assert_the_next_one_goes_on_after(AFTER)

    def assert_the_next_one_goes_on_after(self, step):
        """It comes while the late one is held at a step with the file."""
        upload = self.upload()
        late = self.held(step, upload, 6, b'late')
        before = self.owner()
        rightful = self.started(upload.append, 6, DATA, '?1')
        application.eventually(lambda: self.owner() != before,
                               'Another part has come')
        self.assertTrue(self.arena.withdraw())
        self.assertEqual(409, late().status)
        self.assertEqual(204, rightful().status)
        self.assert_holds(FIRST + DATA)

    def test_one_that_comes_when_all_is_done_leaves_no_file(self):
        upload = self.upload(b'')
        late = self.held(BEFORE, upload, 0, b'late')
        self.assertEqual(204, upload.append(0, DATA, '?1').status)
        self.assertTrue(self.arena.withdraw())
        self.assertEqual(409, late().status)
        self.assert_holds(DATA)

    def test_one_whose_image_is_deleted_meanwhile_leaves_no_file(self):
        upload = self.upload()
        late = self.held(BETWEEN, upload, 6, b'late')
        answer = self.client.request('DELETE',
                                     f'/v2/images/{self.image["id"]}')
        self.assertEqual(204, answer.status)
        self.assertTrue(self.arena.withdraw())
        self.assertEqual(410, late().status)
        self.assertEqual([], self.arena.files())


class BetweenTest(_TogetherTestCase):
    """What ends a part between its steps keeps nobody from the file."""

    def test_who_fails_there_leaves_the_file_to_the_next_one(self):
        upload = self.upload()
        for step in (BEFORE, 'append/os.stat', BETWEEN, AFTER,
                     'append/os.rename:done'):
            self.arena.order(step, 'fail', errno='EIO')
            self.assertEqual(503, upload.append(6, DATA).status, step)
            self.assertTrue(self.arena.withdraw())
        self.assertEqual(204, upload.append(6, DATA, '?1').status)
        self.assert_holds(FIRST + DATA)

    def test_who_dies_there_leaves_the_file_to_the_next_one(self):
        upload = self.upload()
        for step in (BEFORE, BETWEEN, AFTER, 'append/os.rename:done'):
            self.arena.order(step, 'kill')
            self.assertIsNone(attacks.attempt(upload.append, 6, DATA, '?1'),
                              step)
            self.assertTrue(self.arena.withdraw())
            self.assertEqual(6, self.arena.eventually(
                lambda: self.offset(upload), 'The service is back'))
        self.assertEqual(204, upload.append(6, DATA, '?1').status)
        self.assert_holds(FIRST + DATA)

    def test_who_dies_there_with_the_first_part_leaves_the_upload(self):
        for step in (BETWEEN, AFTER):
            self.arena.order(step, 'kill')
            self.assertIsNone(self.begin())
            self.assertTrue(self.arena.withdraw())
            answer = self.arena.eventually(self.begin, 'There is an answer')
            # Somebody is at it, and this is where.
            self.assertEqual(409, answer.status)
            upload = uploading.Upload.at(self.client, urllib.parse.urlsplit(
                answer.headers['Location']).path)
            self.assertEqual(0, upload.offset())
            self.assertEqual(204, upload.request('DELETE').status)
            self.assertEqual([], self.arena.files())

    def begin(self):
        """:returns: the answer to a creation, None if there was none."""
        return attacks.attempt(uploading.begin, self.client,
                               self.image['id'], DATA)

    def offset(self, upload):
        """:returns: how far an upload is, None if nobody answers."""
        answer = attacks.attempt(upload.head)
        return answer and int(answer.headers['Upload-Offset'])


class WaitTest(application.SharedTestCase):
    """Somebody has the file, and does not move."""

    mode = 'wsgi'

    def setUp(self):
        super().setUp()
        image = self.client.create()
        self.upload = uploading.Upload(self.client, uploading.begin(
            self.client, image['id'], FIRST))
        self.path, = [path for path in self.application.store.iterdir()
                      if image['id'] in path.name]

    @contextlib.contextmanager
    def locked(self):
        """Have the file while the block runs, as another process would."""
        with open(self.path, 'rb') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def wait_no_longer(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.data.append._HOLD_SECONDS', 0))

    def test_the_one_who_is_to_go_on_is_told_to_try_again(self):
        self.wait_no_longer()
        with self.locked():
            self.assertEqual(503, self.upload.append(6, DATA).status)
        self.assertEqual(204, self.upload.append(6, DATA, '?1').status)

    def test_one_who_is_late_is_told_so(self):
        waiting = threading.Event()
        hold = resumable_file.ResumableFileWriter.hold

        def noticed(writer):
            waiting.set()
            return hold(writer)
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.resumable_file.ResumableFileWriter.hold',
            noticed))
        answers = []
        late = threading.Thread(target=lambda: answers.append(
            self.upload.append(6, DATA)))
        with self.locked():
            late.start()
            self.addCleanup(late.join)
            self.assertTrue(waiting.wait(application.PATIENCE))
            # Who asks has taken the lease from whoever had it.
            self.assertEqual(6, self.upload.offset())
            self.wait_no_longer()
            late.join()
        self.assertEqual([409], [answer.status for answer in answers])
        self.assertEqual(204, self.upload.append(6, DATA, '?1').status)
