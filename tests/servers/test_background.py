# SPDX-License-Identifier: Apache-2.0
"""What runs beside requests runs in the processes that each server has."""
import os
import signal

import testscenarios

from tests.functional import application
from tests.functional import client
from tests.servers import kinds
from tests.servers import servers
from tests.servers import test_image_data as image_data

DATA = b'0123456789' * 1000

load_tests = testscenarios.load_tests_apply_scenarios


class ImportingTestCase(image_data.ServerTestCase):

    def import_one(self):
        image = self.client.create()
        staged = self.client.request(
            'PUT', f'/v2/images/{image["id"]}/stage', body=DATA,
            headers={'Content-Type': client.OCTET_STREAM})
        self.assertEqual(204, staged.status, staged.body)
        accepted = self.client.request(
            'POST', f'/v2/images/{image["id"]}/import',
            json={'method': {'name': 'glance-direct'}})
        self.assertEqual(202, accepted.status, accepted.body)
        application.eventually(
            lambda: self.client.show(image['id'])['status'] == 'active',
            'The image is imported')
        self.assertEqual(DATA, self.client.download(image['id']).body)


class PreloadedGunicorn(kinds.Gunicorn):
    """It loads the service before it forks its workers."""

    def command(self, served):
        return [*super().command(served), '--preload',
                '--env', 'GLANCELITE_PRELOADED=1']


class ImportTest(ImportingTestCase):

    def test_an_import_is_done(self):
        self.import_one()


class ForkedTest(ImportingTestCase):
    """Servers whose workers are forked from a process with the service."""

    scenarios = [(name, {'name': name, 'server': kinds.SERVERS[name]})
                 for name in ('eventlet', 'gunicorn', 'uwsgi')]
    scenarios.append(('gunicorn, preloaded', {
        'name': 'gunicorn', 'server': PreloadedGunicorn()}))

    def setUp(self):
        server = self.server
        super().setUp()
        self.served = self.useFixture(servers.Served(
            server, lease={'ttl': 3, 'sweep_interval': 1}))
        self.client = self.served.client

    def test_workers_that_die_are_replaced_by_whole_ones(self):
        image = self.client.create()
        upload = self.client.connect()
        self.addCleanup(upload.close)
        upload.sendall(self.head(self.path(image), Content_Length='1000')
                       + b'x')
        application.eventually(
            lambda: self.client.show(image['id'])['status'] == 'saving',
            'The upload has begun')
        former = self.served.workers()
        for pid in former:
            os.kill(pid, signal.SIGKILL)
        application.eventually(
            lambda: self.replaced(former), 'All workers are new')
        self.import_one()
        application.eventually(
            lambda: self.client.show(image['id'])['status'] == 'queued',
            'The upload of the dead worker is undone')

    def replaced(self, former):
        try:
            return (set(self.served.workers()).isdisjoint(former)
                    and self.client.get('/healthcheck').status == 200)
        except OSError:
            return False
