# SPDX-License-Identifier: Apache-2.0
"""Two hosts of one service, each with a staging area of its own."""
import contextlib
import http.client
import json
import os
import signal
import threading

import sqlalchemy
import testtools

from glancelite.db import models
from tests import databases
from tests.functional import application
from tests.functional import client
from tests.functional import test_http_basic
from tests.functional import test_import

DATA = b'what was staged' * 1000


class TwoHostsTestCase(testtools.TestCase):

    more = {}

    def setUp(self):
        super().setUp()
        self.database = self.useFixture(databases.Database('sqlite'))
        self.first = self.host()
        self.second = self.host({
            'fast': {'filesystem_store_datadir': self.first.folder / 'fast'},
            'cheap': {'filesystem_store_datadir':
                      self.first.folder / 'cheap'}})

    def host(self, more=None):
        port = self.useFixture(application.Port())
        options = {
            **test_import.OPTIONS, 'workers': 1,
            'worker_self_reference_url': f'http://127.0.0.1:{port.number}',
            'paste_deploy': {'flavor': 'http_basic', 'config_file': None},
            'http_basic': {'user_file': application.ETC / 'htpasswd',
                           'project_id': 'rest',
                           'role_map': 'alice:member+reader'},
            **self.more, **(more or {})}
        return self.useFixture(application.Application(
            'eventlet', port=port, database=self.database, **options))

    def ask(self, host, method, path, **more):
        headers = {**more.pop('headers', {}),
                   **test_http_basic.credentials('alice', 'alice')}
        return host.client.request(method, f'/v2/images{path}', persona=None,
                                   headers=headers, **more)

    def staged(self, host):
        """:returns: id of an image whose data is staged on ``host``."""
        image_id = self.ask(host, 'POST', '', json={
            'disk_format': 'raw', 'container_format': 'bare'}).json['id']
        answer = self.ask(
            host, 'PUT', f'/{image_id}/stage', body=DATA,
            headers={'Content-Type': 'application/octet-stream'})
        self.assertEqual(204, answer.status)
        return image_id

    def submit(self, host, image_id, **more):
        return self.ask(
            host, 'POST', f'/{image_id}/import', headers={
                'X-Openstack-Request-Id': 'req-of-the-caller'},
            json={'method': {'name': 'glance-direct'}, **more})

    def staging(self, host):
        folder = host.folder / 'staging'
        return ([path.name for path in folder.iterdir()]
                if folder.exists() else [])


class TwoHostsTest(TwoHostsTestCase):

    def test_any_host_imports_what_was_staged_on_another_one(self):
        image_id = self.staged(self.second)
        shown = self.ask(self.first, 'GET', f'/{image_id}').json
        self.assertEqual([], [name for name in shown if 'stage' in name])
        self.assertEqual(409, self.submit(
            self.first, image_id, stores=['none']).status)
        answer = self.submit(self.first, image_id)
        self.assertEqual((202, b''), (answer.status, answer.body))
        application.eventually(
            lambda: self.ask(self.first, 'GET', f'/{image_id}').json[
                'status'] == 'active', 'The import ends')
        self.assertEqual(DATA, self.ask(
            self.first, 'GET', f'/{image_id}/file').body)
        application.eventually(lambda: not self.staging(self.second),
                               'The staging area is empty')
        application.eventually(
            lambda: 's [req-of-the-caller]' in self.second.log_text(),
            'The other host knows whose request it is')

    def test_any_host_deletes_what_was_staged_on_another_one(self):
        image_id = self.staged(self.second)
        self.assertEqual(204, self.ask(
            self.first, 'DELETE', f'/{image_id}').status)
        self.assertEqual([], self.staging(self.second))

    def test_a_host_that_is_away_is_named_and_cleans_up_when_it_is_back(self):
        image_id, other = (self.staged(self.second) for _ in range(2))
        self.second.stop()
        answer = self.submit(self.first, image_id)
        self.assertEqual((503, True), (answer.status, b'host' in answer.body))
        self.assertEqual(204, self.ask(
            self.first, 'DELETE', f'/{image_id}').status)
        self.assertEqual({image_id, other}, set(self.staging(self.second)))
        self.second.start()
        application.eventually(lambda: self.staging(self.second) == [other],
                               'It cleans up')
        self.assertEqual(202, self.submit(self.first, other).status)

    def test_what_a_host_cannot_remove_now_is_left_to_it(self):
        image_id = self.staged(self.first)
        place = self.first.folder / 'staging'
        away = place.rename(self.first.folder / 'away')
        place.write_text('')
        self.assertEqual(202, self.submit(self.second, image_id).status)

        def queued():
            found = self.ask(self.first, 'GET', f'/{image_id}').json
            return found['status'] == 'queued'
        application.eventually(queued, 'The import fails')
        engine = sqlalchemy.create_engine(self.database.url)
        self.addCleanup(engine.dispose)

        def hosts():
            with engine.connect() as connection:
                return [json.loads(row.detail).get('host')
                        for row in connection.execute(sqlalchemy.select(
                            models.image_leases))]
        # Who sweeps on the other host leaves it alone, however often.
        self.assertEqual(1, len(application.eventually(
            hosts, 'It is remembered')))
        self.assertIn(self.first.address, hosts()[0])
        place.unlink()
        away.rename(place)
        application.eventually(lambda: not hosts(), 'It is forgotten')
        self.assertEqual([], self.staging(self.first))


class LostHostTest(TwoHostsTestCase):
    """A host that goes away, and nobody has patience with it."""

    more = {'lease': {'ttl': 3, 'sweep_interval': 1, 'finish_timeout': 0},
            # The other one is never quicker to begin what was staged here.
            'task': {'concurrency': 0}}

    def setUp(self):
        super().setUp()
        self.second.stop()
        self.second.configure(task={'concurrency': 2, 'poll_interval': 1})
        self.second.start()

    def assert_queued_by_the_other(self, image_id):
        """It is, can be staged anew there, and nothing of it is left."""
        application.eventually(
            lambda: self.ask(self.second, 'GET', f'/{image_id}').json[
                'status'] == 'queued', 'The other host gives it up')
        self.assertEqual(204, self.ask(
            self.second, 'PUT', f'/{image_id}/stage', body=DATA,
            headers={'Content-Type': 'application/octet-stream'}).status)
        self.assertNotEqual([], self.staging(self.first))
        self.first.start()
        self.assertEqual(202, self.submit(self.second, image_id).status)
        application.eventually(
            lambda: self.ask(self.second, 'GET', f'/{image_id}').json[
                'status'] == 'active', 'It is imported')
        application.eventually(lambda: not self.staging(self.first),
                               'The former host removes what it had')
        self.assertEqual([], self.staging(self.second))

    def test_an_import_of_what_is_there_fails_and_says_why(self):
        image_id = self.staged(self.first)
        self.assertEqual(202, self.submit(self.first, image_id).status)
        # What it has seen of the host while it was there is not believed on.
        self.let_the_other_look_for_tasks()
        self.first.stop()
        application.eventually(
            lambda: self.ask(self.second, 'GET', f'/{image_id}/tasks').json[
                'tasks'][0]['status'] == 'failure', 'The task fails')
        task, = self.ask(self.second, 'GET',
                         f'/{image_id}/tasks').json['tasks']
        self.assertIn('host that has the staged data', task['message'])
        self.assert_queued_by_the_other(image_id)

    def test_what_was_being_staged_there_is_given_up(self):
        image_id = self.ask(self.first, 'POST', '', json={
            'disk_format': 'raw', 'container_format': 'bare'}).json['id']
        body = client.HeldBody(DATA, DATA)
        thread = threading.Thread(target=self.stage, args=(image_id, body))
        thread.start()
        body.begun.wait(application.PATIENCE)
        application.eventually(lambda: self.staging(self.first),
                               'It has begun')
        for process in self.first.workers():
            os.kill(process, signal.SIGKILL)
        self.first.stop()
        body.release()
        thread.join()
        self.assert_queued_by_the_other(image_id)

    def stage(self, image_id, body):
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.ask(self.first, 'PUT', f'/{image_id}/stage', body=body,
                     headers={'Content-Type': 'application/octet-stream'})

    def test_a_host_that_is_there_is_waited_for(self):
        image_id = self.staged(self.first)
        self.assertEqual(202, self.submit(self.first, image_id).status)
        self.let_the_other_look_for_tasks()
        task, = self.ask(self.first, 'GET',
                         f'/{image_id}/tasks').json['tasks']
        self.assertEqual('pending', task['status'])

    def let_the_other_look_for_tasks(self):
        image_id = self.staged(self.second)
        self.assertEqual(202, self.submit(self.second, image_id).status)
        application.eventually(
            lambda: self.ask(self.second, 'GET', f'/{image_id}').json[
                'status'] == 'active', 'The other host looks for tasks')
