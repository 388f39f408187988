# SPDX-License-Identifier: Apache-2.0
"""What operators ask of a running service: its health, and what it does."""
import os
import shutil
import signal

import testscenarios
import testtools

from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

_SECRET = 'sesame42'


class HealthTest(testtools.TestCase):

    scenarios = application.SCENARIOS

    def start(self, **more):
        """:returns: a service of two stores whose /healthcheck asks all."""
        folder = self.useFixture(application.fixtures.TempDir()).path
        paste = f'{folder}/paste.ini'
        text = (application.ETC / 'trusted-paste.ini').read_text()
        with open(paste, 'w') as file:
            file.write(text.replace(
                'backends = disable_by_file',
                'backends = disable_by_file, glancelite_database, '
                'glancelite_stores').replace(
                    '/etc/glancelite/healthcheck_disable',
                    f'{folder}/disable'))
        self.disable = f'{folder}/disable'
        return self.useFixture(application.Application(
            self.mode, enabled_backends='fast:file,cheap:file',
            paste_deploy={'config_file': paste},
            glance_store={'default_backend': 'fast',
                          'filesystem_store_datadir': None},
            fast={'filesystem_store_datadir': '{folder}/fast'},
            cheap={'filesystem_store_datadir': '{folder}/cheap'},
            os_glance_staging_store={
                'filesystem_store_datadir': '{folder}/staging'},
            os_glance_tasks_store={
                'filesystem_store_datadir': '{folder}/tasks'}, **more))

    def health(self, service):
        answer = service.client.get('/healthcheck', persona=None)
        return answer.status, answer.body.decode()

    def test_a_store_that_fails_is_named(self):
        service = self.start()
        self.assertEqual(200, self.health(service)[0])
        shutil.rmtree(service.folder / 'cheap')
        (service.folder / 'cheap').touch()
        status, text = self.health(service)
        self.assertEqual(503, status)
        self.assertIn('store cheap not available', text)
        self.assertNotIn('fast', text)
        self.assertNotIn(str(service.folder), text)
        os.remove(service.folder / 'cheap')
        (service.folder / 'cheap').mkdir()
        # The server may run under another account.
        owner = service.folder.stat()
        os.chown(service.folder / 'cheap', owner.st_uid, owner.st_gid)
        self.assertEqual(200, self.health(service)[0])

    def test_an_operator_takes_the_service_out(self):
        service = self.start()
        with open(self.disable, 'w'):
            self.assertEqual(503, self.health(service)[0])
        os.remove(self.disable)
        self.assertEqual(200, self.health(service)[0])


class ReportTest(testtools.TestCase):

    def start(self, **more):
        folder = self.useFixture(application.fixtures.TempDir()).path
        return folder, self.useFixture(application.Application(
            'eventlet', transport_url=f'rabbit://u:{_SECRET}@h/',
            oslo_reports={'log_dir': folder, **more}))

    def reports(self, folder, count):
        def written():
            texts = []
            for name in os.listdir(folder):
                with open(f'{folder}/{name}') as file:
                    texts.append(file.read())
            return len(texts) == count and all(texts) and texts
        return application.eventually(written, 'the reports are written')

    def test_parent_and_workers_report_on_sigusr2(self):
        folder, service = self.start()
        # Then there is a worker.
        self.assertEqual(200, service.client.get('/v2/images').status)
        for pid in (service.process.pid, *service.workers()):
            os.kill(pid, signal.SIGUSR2)
        for text in self.reports(folder, 2):
            for part in ('Guru Meditation', 'Threads', 'Configuration',
                         'image_size_cap'):
                self.assertIn(part, text)
            self.assertNotIn(_SECRET, text)
        self.assertEqual(200, service.client.get('/v2/images').status)

    def test_a_file_that_is_touched_has_the_same_effect(self):
        watched = self.useFixture(application.fixtures.TempDir()).path
        open(f'{watched}/report', 'w').close()
        folder, service = self.start(file_event_handler=f'{watched}/report')
        service.client.get('/v2/images')
        later = os.stat(f'{watched}/report').st_mtime + 3600
        os.utime(f'{watched}/report', (later, later))
        self.assertIn('Guru Meditation', self.reports(folder, 1)[0])


class LogTest(testtools.TestCase):

    def test_credentials_of_the_database_are_not_logged(self):
        service = self.useFixture(application.Application(
            'eventlet', debug=True, started=False))
        with open(service.configuration, 'a') as file:
            file.write('[database]\nmax_retries = 0\nconnection = '
                       f'mysql+pymysql://u:{_SECRET}@127.0.0.1:1/x\n')
        process = service.run_server()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        application.eventually(
            lambda: "Can't connect" in service.log_text(), 'it is logged')
        self.assertNotIn(_SECRET, service.log_text())
