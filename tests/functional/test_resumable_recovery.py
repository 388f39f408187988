# SPDX-License-Identifier: Apache-2.0
"""Uploads in parts that meet crashes, other processes, time and quotas."""
import hashlib
import http.client
import os
import random
import signal

import fixtures
import testscenarios
import testtools

from glancelite.data import recovery
from tests.functional import application
from tests.functional import uploading

load_tests = testscenarios.load_tests_apply_scenarios

MIB = 1024 * 1024
DATA = os.urandom(8 * MIB + 1001)

#: Leases that a test can wait for.
SHORT = {'ttl': 3, 'sweep_interval': 1}


class _RecoveryTestCase(testtools.TestCase):

    mode = 'eventlet'

    def start(self, mode=None, **options):
        """:returns: a running service with an image, without data."""
        service = self.useFixture(application.Application(
            mode or self.mode, **options))
        self.client = service.client
        self.image = self.client.create()
        return service

    def upload(self, body=b'', **more):
        return uploading.Upload(self.client, uploading.begin(
            self.client, self.image['id'], body, **more))

    def status(self):
        return self.client.show(self.image['id'])['status']

    @staticmethod
    def writers(service):
        """:returns: names of the files that somebody is writing."""
        return [name for name in service.files() if '.' in name[1:]]

    def assert_holds(self, data):
        image = self.client.show(self.image['id'])
        self.assertEqual(
            ('active', len(data), hashlib.sha512(data).hexdigest()),
            (image['status'], image['size'], image['os_hash_value']))
        self.assertTrue(data == self.client.download(self.image['id']).body)


class LifetimeTest(_RecoveryTestCase):
    """resumable_upload_ttl."""

    scenarios = application.SCENARIOS

    def test_an_upload_that_is_left_alone_runs_out(self):
        service = self.start(resumable_upload_ttl=1, lease=SHORT)
        upload = self.upload(DATA)
        application.eventually(lambda: self.status() == 'queued',
                               'The image is queued again')
        self.assertEqual([], service.files())
        self.assertEqual(404, upload.head().status)
        self.assertEqual(404, upload.append(len(DATA), b'', '?1').status)
        self.assertEqual(
            204, self.client.upload(self.image['id'], DATA).status)
        self.assert_holds(DATA)

    def test_a_completed_upload_is_forgotten_after_a_while(self):
        self.start(resumable_upload_ttl=1, lease=SHORT)
        upload = self.upload()
        upload.append(0, DATA, '?1')
        application.eventually(lambda: upload.head().status == 404,
                               'The upload is forgotten')
        self.assert_holds(DATA)

    def test_an_upload_is_told_how_long_it_may_wait(self):
        self.start(resumable_upload_ttl=100, image_size_cap=20 * MIB)
        upload = self.upload(DATA)
        limits = uploading.limits(upload.head())
        self.assertEqual(20 * MIB, limits['max-size'])
        self.assertTrue(90 < limits['max-age'] <= 100, limits)

    def test_data_beyond_the_largest_image_ends_the_upload(self):
        service = self.start(image_size_cap=2 * MIB)
        upload = self.upload(DATA[:MIB])
        answer = upload.append(MIB, DATA[MIB:])
        self.assertEqual(413, answer.status)
        self.assertEqual(2 * MIB, uploading.limits(answer)['max-size'])
        self.assertEqual('queued', self.status())
        self.assertEqual([], service.files())

    def test_who_renews_leases_does_not_change_the_answer(self):
        undo = recovery.Recovery.undo_upload

        def undo_and_renew(self, lease):
            undo(self, lease)
            self._leases.renew([lease])
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.data.recovery.Recovery.undo_upload', undo_and_renew))
        self.start('wsgi', image_size_cap=2 * MIB)
        upload = self.upload(DATA[:MIB])
        self.assertEqual(413, upload.append(MIB, DATA[MIB:]).status)
        self.assertEqual('queued', self.status())


class OtherProcessTest(_RecoveryTestCase):
    """The next part reaches another process."""

    def test_any_process_goes_on_and_completes(self):
        one = self.start('wsgi')
        other = uploading.another(self, one)
        upload = self.upload(DATA[:MIB], length=len(DATA))
        for start in range(MIB, len(DATA), 3 * MIB):
            upload.client = other if upload.client is self.client else (
                self.client)
            self.assertEqual(start, upload.offset())
            stop = start + 3 * MIB
            upload.append(start, DATA[start:stop],
                          '?1' if stop >= len(DATA) else '?0')
        self.assert_holds(DATA)
        self.assertEqual([self.image['id']], one.files())

    def test_only_a_process_without_the_digests_reads_again(self):
        one = self.start('wsgi')
        other = uploading.another(self, one)
        upload = self.upload(DATA[:MIB])
        upload.append(MIB, DATA[MIB:2 * MIB])
        self.assertNotIn('stored bytes again', one.log_text())
        upload.client = other
        upload.append(2 * MIB, DATA[2 * MIB:3 * MIB])
        self.assertIn(f'reading {2 * MIB} stored bytes again',
                      one.log_text())
        upload.client = self.client
        upload.append(3 * MIB, DATA[3 * MIB:], '?1')
        self.assertIn(f'reading {MIB} stored bytes again', one.log_text())
        self.assert_holds(DATA)

    def test_a_part_that_hangs_in_one_process_is_ended_by_another(self):
        service = self.start(workers=2)
        upload = self.upload()
        finish = upload.hang(self, 0, DATA[:2 * MIB], DATA[2 * MIB:], '?1')
        application.eventually(lambda: self.writers(service),
                               'The part begins')
        answer = upload.append(0, DATA, '?1')
        self.assertEqual(204, answer.status)
        self.assertEqual(409, finish().status)
        self.assert_holds(DATA)


class CrashTest(_RecoveryTestCase):
    """kill -9, and then on with it."""

    def test_a_worker_killed_in_the_midst_of_a_part_loses_nothing_safe(self):
        service = self.start(workers=2)
        upload = self.upload(DATA[:MIB], length=len(DATA))
        self.killed(service, upload, MIB, 3 * MIB)
        self.assertEqual(MIB, upload.offset())
        self.assertEqual(
            204, upload.append(MIB, DATA[MIB:], '?1').status)
        self.assert_holds(DATA)
        self.assertEqual([self.image['id']], service.files())

    def test_an_upload_whose_worker_died_waits_for_its_client(self):
        service = self.start(workers=2, lease=SHORT)
        upload = self.upload(DATA[:MIB])
        self.killed(service, upload, MIB, 3 * MIB)
        application.eventually(
            lambda: 'recovering' in service.log_text(),
            'The crash is noticed')
        self.assertEqual('saving', self.status())
        self.assertEqual(MIB, upload.offset())
        upload.append(MIB, DATA[MIB:], '?1')
        self.assert_holds(DATA)

    def test_an_upload_whose_worker_died_runs_out_as_any_other(self):
        service = self.start(workers=2, lease=SHORT, resumable_upload_ttl=5)
        upload = self.upload(DATA[:MIB])
        self.killed(service, upload, MIB, 3 * MIB)
        application.eventually(lambda: self.status() == 'queued',
                               'The image is queued again')
        self.assertEqual([], service.files())

    def test_after_a_restart_the_upload_goes_on(self):
        service = self.start(workers=2)
        upload = self.upload(DATA[:MIB])
        for number in (signal.SIGKILL, signal.SIGTERM):
            service.stop(number)
            # Workers outlive a killed parent for a moment.
            application.eventually(self.refuses, 'All of it has ended')
            service.start()
            offset = upload.offset()
            upload.append(offset, DATA[offset:offset + MIB])
        upload.append(3 * MIB, DATA[3 * MIB:], '?1')
        self.assert_holds(DATA)

    def test_kills_at_random_moments_do_no_harm(self):
        service = self.start(workers=2)
        seed = random.randrange(2 ** 32)
        self.addDetail('seed', testtools.content.text_content(str(seed)))
        chance = random.Random(seed)
        upload = self.upload(length=len(DATA))
        kills = 0
        while (offset := self.offset(upload)) is not None:
            stop = min(len(DATA), offset + chance.randrange(3 * MIB))
            at = None
            if kills < 4:
                at = chance.randint(offset, stop)
                kills += 1
            complete = '?1' if stop == len(DATA) else '?0'
            self.send(upload, offset, complete, self.killing(
                service, offset, at, stop))
        self.assert_holds(DATA)
        self.assertEqual([self.image['id']], service.files())

    def killed(self, service, upload, offset, at):
        """Send a last part; at byte ``at`` of the data no worker lives."""
        self.send(upload, offset, '?1', self.killing(
            service, offset, at, begun=lambda: application.eventually(
                lambda: self.writers(service), 'The part begins')))

    def killing(self, service, start, at, stop=None, begun=lambda: None):
        """Yield the data; at byte ``at`` no worker lives any more.

        :param begun: waits until the server has read some of it.
        """
        data = memoryview(DATA)[:stop]
        while start < len(data):
            block = data[start:start + 128 * 1024]
            start += len(block)
            yield bytes(block)
            if at is not None and start >= at:
                at = None
                begun()
                self.kill(service.workers())

    def refuses(self):
        try:
            self.client.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    @staticmethod
    def kill(pids):
        for pid in pids:
            os.kill(pid, signal.SIGKILL)

    @staticmethod
    def send(upload, offset, complete, body):
        """Send a part to a server that may die of it."""
        try:
            upload.append(offset, body, complete)
        except (http.client.HTTPException, OSError):
            pass

    def offset(self, upload):
        """:returns: where to go on, None when all is done."""
        answer = upload.head()
        self.assertEqual(204, answer.status)
        if answer.headers['Upload-Complete'] == '?1':
            return None
        return int(answer.headers['Upload-Offset'])


class QuotaTest(_RecoveryTestCase):
    """Room is kept for an upload while it waits."""

    scenarios = application.SCENARIOS

    def other(self, size):
        """:returns: the status of an upload of ``size`` bytes beside it."""
        image = self.client.create()
        answer = self.client.upload(image['id'], bytes(size))
        self.client.request('DELETE', f'/v2/images/{image["id"]}')
        return answer.status

    def begin(self, **options):
        self.start(user_storage_quota=f'{8 * MIB}B', **options)
        upload = self.upload(DATA[:MIB], length=5 * MIB)
        self.assertEqual(413, self.other(4 * MIB))
        self.assertEqual(204, self.other(3 * MIB))
        return upload

    def test_what_is_announced_is_kept_until_it_is_there(self):
        upload = self.begin()
        upload.append(MIB, DATA[MIB:2 * MIB])
        self.assertEqual(413, self.other(4 * MIB))
        self.assertEqual(
            204, upload.append(2 * MIB, DATA[2 * MIB:5 * MIB], '?1').status)
        self.assert_holds(DATA[:5 * MIB])
        self.assertEqual(413, self.other(4 * MIB))
        self.assertEqual(204, self.other(3 * MIB))

    def test_what_is_cancelled_is_given_back(self):
        upload = self.begin()
        upload.request('DELETE')
        self.assertEqual(204, self.other(8 * MIB))

    def test_what_is_deleted_with_its_image_is_given_back(self):
        self.begin()
        self.client.request('DELETE', f'/v2/images/{self.image["id"]}')
        self.assertEqual(204, self.other(8 * MIB))

    def test_what_ran_out_is_given_back(self):
        self.begin(resumable_upload_ttl=4, lease=SHORT)
        application.eventually(lambda: self.status() == 'queued',
                               'The image is queued again')
        self.assertEqual(204, self.other(8 * MIB))

    def test_data_beyond_the_quota_ends_the_upload(self):
        service = self.start(user_storage_quota=f'{8 * MIB}B')
        upload = self.upload(DATA[:MIB])
        self.assertEqual(413, upload.append(MIB, DATA[MIB:]).status)
        self.assertEqual('queued', self.status())
        self.assertEqual([], service.files())
        self.assertEqual(204, self.other(8 * MIB))
