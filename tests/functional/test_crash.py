# SPDX-License-Identifier: Apache-2.0
"""The short form of the crash tests; ``tox -e crash`` is the long one."""
import os

import sqlalchemy
import testscenarios
import testtools

from tests import databases
from tests.crash import arena
from tests.crash import attacks
from tests.crash import campaign
from tests.crash import imports
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios


class _CrashTestCase(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.arena = self.useFixture(arena.Arena(
            'eventlet', os.environ.get('GLANCELITE_TEST_DATABASE')
            or 'sqlite'))


class KillTest(_CrashTestCase):
    """kill -9."""

    def kill(self, errand, *steps, action='kill'):
        """Kill the service at each of ``steps`` of an errand."""
        for step in steps:
            reached, answer = attacks.strike(self.arena, errand, step, 1,
                                             action)
            self.assertTrue(reached, step)

    def test_kills_lose_nothing_and_leave_nothing(self):
        self.kill(attacks.ChunkedUpload, 'upload/os.write:done',
                  action='kill_all')
        self.kill(attacks.ChunkedUpload, 'upload/committed',
                  'upload/os.open:done', 'upload/os.write',
                  'upload/os.fsync', 'upload/os.rename',
                  'upload/os.rename:done', 'upload/sql:delete image_leases')
        self.kill(attacks.Deletion, 'delete/committed', 'delete/os.unlink')
        self.kill(attacks.DeletionDuringUpload, 'delete/committed',
                  'delete/os.unlink:done')
        self.arena.settle()
        self.kill(attacks.Recovery, 'recover/os.unlink:done')
        self.kill(attacks.RecoveryOfSealedUpload, 'recover/os.rename:done')
        self.kill(attacks.Import, 'import/os.rename',
                  'import/sql:delete image_leases')
        self.kill(attacks.ResumableUpload, 'append/os.write:done')
        self.arena.audit()

    def test_kills_at_random_moments_lose_nothing_and_leave_nothing(self):
        attack = campaign.Campaign(self.arena)
        attack.kill_at_random(6)
        self.arena.audit()


class ImportKillTest(testtools.TestCase):
    """kill -9 while data comes into three stores."""

    def test_kills_in_imports_leave_no_lock_and_no_byte(self):
        attacked = self.useFixture(imports.ImportArena(
            'eventlet', os.environ.get('GLANCELITE_TEST_DATABASE')
            or 'sqlite'))
        for errand, step in (
                (imports.ImportToAll, 'import/begin:done'),
                (imports.ImportToAll, 'import/os.fsync'),
                (imports.PackedImport, 'import/apply:done'),
                (imports.PackedImport, 'import/os.rename:done'),
                (imports.WebDownload, 'import/work-write:done'),
                (imports.WebDownload, 'import/os.write'),
                (imports.RegionDownload, 'import/describe:done'),
                (imports.CopyToAll, 'import/os.rename'),
                (imports.CopyToAll, 'import/store:done')):
            reached, _answer = attacks.strike(attacked, errand, step, 1,
                                              'kill')
            self.assertTrue(reached, step)
        attacked.audit()


    def test_an_import_that_never_begins_leaves_nothing_staged(self):
        attacked = self.useFixture(imports.ImportArena(
            'eventlet', os.environ.get('GLANCELITE_TEST_DATABASE')
            or 'sqlite', task={'attempts': 1, 'poll_interval': 1}))
        reached, _answer = attacks.strike(
            attacked, imports.ImportToAll, 'import/begin', 1, 'kill')
        attacked.audit()
        image_id, = attacked.expectations
        image = attacked.patiently('get', f'/v2/images/{image_id}').json
        self.assertEqual((True, 'queued', ','.join(imports.STORES)), (
            reached, image['status'], image['os_glance_failed_import']))


    def test_who_was_stopped_in_an_import_for_too_long_leaves_nothing(self):
        backend = os.environ.get('GLANCELITE_TEST_DATABASE') or 'sqlite'
        slow = self.useFixture(imports.ImportArena('eventlet', backend))
        quick = self.useFixture(imports.ImportArena('eventlet', backend,
                                                    beside=slow))
        for errand in (imports.ImportToOne, imports.ImportToAll):
            self.assertEqual('stop', attacks.outrun(
                slow, quick, errand, 'import/os.open', 1))
        slow.audit()


    def test_what_came_after_the_loss_of_a_lease_is_removed_by_who_lost_it(
            self):
        attacked = self.useFixture(imports.ImportArena(
            'eventlet', os.environ.get('GLANCELITE_TEST_DATABASE')
            or 'sqlite'))
        errand = imports.ImportToOne(attacked)
        errand.prepare()
        attacked.order('import/os.close:done', 'hold')
        errand.run()
        self.assertEqual(1, len(self.files(attacked)))
        self.change(attacked, owner='another', expires_at='2100-01-01')
        self.assertTrue(attacked.withdraw())
        application.eventually(lambda: not self.files(attacked),
                               'What was written is removed')
        self.change(attacked, owner='another', expires_at='2020-01-01')
        attacked.audit()

    def files(self, attacked):
        """:returns: what is in the store."""
        return os.listdir(attacked.folder / 'cheap')

    def change(self, attacked, owner, expires_at):
        """Give the lease to somebody else."""
        engine = sqlalchemy.create_engine(attacked.database,
                                          poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text(
                'UPDATE image_leases SET owner = :owner, '
                'expires_at = :expires_at'), {
                    'owner': owner, 'expires_at': f'{expires_at} 00:00:00'})


class CutImportTest(testtools.TestCase):
    """The database is lost in an import, on servers that can be cut off."""

    scenarios = [(name, {'backend': name})
                 for name in ('mysql', 'postgresql')]

    def test_an_import_goes_on_when_the_database_is_back(self):
        reason = databases.unavailable(self.backend)
        if reason:
            self.skipTest(reason)
        attacked = self.useFixture(imports.ImportArena(
            'eventlet', self.backend))
        reached = attacks.steps(attacked, imports.ImportToOne)
        for step in ('import/begin', 'import/store'):
            before = [name for name, time in
                      reached[:reached.index((step, 1))]]
            number = before.count('import/commit') + 1
            for action in ('cut', 'cut_after'):
                fired, _answer = attacks.strike(
                    attacked, imports.ImportToOne, 'import/commit', number,
                    action)
                self.assertTrue(fired)
        attacked.audit()
        self.assertEqual({'active'}, {
            attacked.patiently('get', f'/v2/images/{image_id}').json['status']
            for image_id in attacked.expectations})


class FailureTest(_CrashTestCase):
    """Everything else that can happen to a service."""

    def test_a_store_that_fails_is_answered_and_leaves_nothing(self):
        for step, name, status in (
                ('upload/os.write', 'ENOSPC', 413),
                ('upload/os.write', 'EIO', 503),
                ('upload/os.fsync', 'EIO', 503),
                ('upload/os.rename', 'EIO', 503)):
            reached, answer = attacks.strike(
                self.arena, attacks.ChunkedUpload, step, 1, 'fail',
                errno=name)
            self.assertEqual((True, status), (reached, answer.status))
        attacks.strike(self.arena, attacks.Deletion, 'delete/os.unlink', 1,
                       'fail', errno='EIO')
        self.arena.audit()

    def test_deletion_ends_an_upload_with_410_though_the_store_fails(self):
        for name in ('ENOSPC', 'EIO'):
            reached, answer = attacks.strike(
                self.arena, attacks.DeletionDuringUpload, 'upload/os.unlink',
                1, 'fail', errno=name)
            self.assertEqual((True, 410), (reached, answer.status))
        self.arena.audit()

    def test_room_is_kept_for_an_upload_that_is_finished_later(self):
        service = self.useFixture(arena.Arena(
            user_storage_quota=f'{4 * attacks.MIB}B'))

        def other(size):
            image_id = attacks.create(service)
            return attacks.upload(service, image_id, bytes(size)).status

        # The bytes have their name, and the directory is not synced.
        reached, answer = attacks.strike(
            service, attacks.ChunkedUpload, 'upload/os.fsync', 2, 'fail',
            errno='EIO')
        self.assertEqual((True, 503), (reached, answer.status))
        self.assertEqual(413, other(2 * attacks.MIB))
        service.settle()
        self.assertEqual(413, other(2 * attacks.MIB))
        service.audit()

    def test_a_database_that_is_cut_off_costs_no_acknowledged_upload(self):
        for step, time in (('upload/sql:insert image_leases', 1),
                           ('upload/commit', 2), ('upload/commit', 3)):
            for action in ('cut', 'cut_after'):
                if action == 'cut' or step.endswith('/commit'):
                    reached, answer = attacks.strike(
                        self.arena, attacks.SmallUpload, step, time, action)
                    self.assertTrue(reached)
        attacks.strike(self.arena, attacks.Deletion, 'delete/commit', 1,
                       'cut_after')
        self.arena.audit()

    def test_who_was_stopped_too_long_does_no_harm(self):
        quick = self.useFixture(arena.Arena(
            'eventlet', self.arena.backend, beside=self.arena))
        for errand, step in (
                (attacks.ChunkedUpload, 'upload/os.rename'),
                (attacks.Recovery, 'recover/os.unlink')):
            self.assertIsNotNone(
                attacks.outrun(self.arena, quick, errand, step, 1))
        self.arena.audit()
