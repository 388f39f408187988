# SPDX-License-Identifier: Apache-2.0
"""Images that are imported: staged, fetched, and copied between stores."""
import base64
import collections
import hashlib
import os
import pathlib
import signal
import threading

import fixtures
import testscenarios
import testtools

from glancelite.db import leases
from tests import databases
from tests import nursery
from tests.functional import application
from tests.unit.fetch import wire

load_tests = testscenarios.load_tests_apply_scenarios

DATA = os.urandom(3 * 1024 * 1024 + 17)
SHA512 = hashlib.sha512(DATA).hexdigest()

OPTIONS = {
    'enabled_backends': 'fast:file,cheap:file,web:http',
    'glance_store': {'default_backend': 'fast'},
    'fast': {'filesystem_store_datadir': '{folder}/fast'},
    'cheap': {'filesystem_store_datadir': '{folder}/cheap', 'weight': 10},
    'os_glance_staging_store': {
        'filesystem_store_datadir': '{folder}/staging'},
    'import_filtering_opts': {'allowed_hosts': '127.0.0.1',
                              'allowed_ports': ''},
    'task': {'poll_interval': 1},
    'lease': {'ttl': 3, 'sweep_interval': 1},
}


def serve(request):
    """The data at one path, nothing at any other."""
    if request.path == '/data':
        return wire.send(request, DATA)
    return wire.send(request, b'', 404)


class ImportTestCase(testtools.TestCase):
    """A service with two stores to write to."""

    mode = application.MODE
    backend = None
    options = {}

    def setUp(self):
        super().setUp()
        self.application = self.useFixture(application.Application(
            self.mode, backend=self.backend,
            **{**OPTIONS, **self.options}))
        self.client = self.application.client

    def create(self):
        return self.client.create(
            disk_format='raw', container_format='bare')['id']

    def stage(self, image_id, data=DATA, persona='alice'):
        return self.client.request(
            'PUT', f'/v2/images/{image_id}/stage', body=data,
            persona=persona,
            headers={'Content-Type': 'application/octet-stream'})

    def submit(self, image_id, method='glance-direct', persona='alice',
               uri=None, **more):
        document = {'method': {'name': method}, **more}
        if uri:
            document['method']['uri'] = uri
        return self.client.request(
            'POST', f'/v2/images/{image_id}/import', json=document,
            persona=persona)

    def serve(self, answer):
        """:returns: the URL of a web server that answers so."""
        source = self.useFixture(wire.Source(answer))
        return f'http://127.0.0.1:{source.address[1]}'

    def done(self, image_id, persona='alice'):
        """:returns: the image once nothing is being done to it."""
        def ready():
            image = self.client.show(image_id, persona)
            # What was staged goes after the one, and before the other.
            return ('os_glance_import_task' not in image
                    and all(task['status'] in ('success', 'failure')
                            for task in self.tasks(image_id, persona))
                    and image)
        return application.eventually(ready, 'The import ends')

    def tasks(self, image_id, persona='alice'):
        """:returns: the tasks of the image that this one sees."""
        return self.client.get(f'/v2/images/{image_id}/tasks',
                               persona=persona).json['tasks']

    def task(self, image_id):
        """:returns: the newest task of the image."""
        return self.tasks(image_id)[0]

    def files(self, *directories):
        """:returns: what is left in the folders, by folder and name."""
        found = set()
        for name in directories or ('fast', 'cheap', 'staging'):
            folder = self.application.folder / name
            if folder.exists():
                found |= {f'{name}/{path.name}' for path in folder.iterdir()}
        return found


class ImportTest(ImportTestCase):
    scenarios = application.SCENARIOS

    def test_staged_data_is_imported_into_the_default_store(self):
        image_id = self.create()
        self.assertEqual(204, self.stage(image_id).status)
        staged = self.client.show(image_id)
        self.assertEqual(('uploading', len(DATA), None), (
            staged['status'], staged['size'], staged['checksum']))
        self.assertEqual({f'staging/{image_id}'}, self.files())
        self.assertEqual(202, self.submit(image_id).status)
        image = self.done(image_id)
        self.assertEqual(('active', SHA512, 'fast'), (
            image['status'], image['os_hash_value'], image['stores']))
        self.assertEqual(DATA, self.client.download(image_id).body)
        self.assertEqual({f'fast/{image_id}'}, self.files())
        task = self.task(image_id)
        self.assertEqual(('success', 'api_image_import'),
                         (task['status'], task['type']))

    def test_data_is_read_once_for_all_stores(self):
        image_id = self.create()
        self.stage(image_id)
        self.submit(image_id, all_stores=True)
        image = self.done(image_id)
        self.assertEqual('cheap,fast', image['stores'])
        self.assertEqual({f'fast/{image_id}', f'cheap/{image_id}'},
                         self.files())

    def test_data_is_fetched_from_the_web(self):
        url = self.serve(serve)
        image_id = self.create()
        self.assertEqual(202, self.submit(
            image_id, 'web-download', uri=f'{url}/data').status)
        self.assertEqual((SHA512, 'active'), tuple(
            self.done(image_id)[name]
            for name in ('os_hash_value', 'status')))

    def test_a_failed_import_says_why_and_leaves_the_image_queued(self):
        url = self.serve(serve)
        image_id = self.create()
        self.submit(image_id, 'web-download', uri=f'{url}/none')
        image = self.done(image_id)
        self.assertEqual(('queued', 'fast'), (
            image['status'], image['os_glance_failed_import']))
        task = self.task(image_id)
        self.assertEqual('failure', task['status'])
        self.assertIn('cannot be read', task['message'])
        self.assertEqual(set(), self.files())

    def test_an_image_is_copied_to_another_store(self):
        image_id = self.create()
        self.client.upload(image_id, DATA)
        self.assertEqual(403, self.submit(
            image_id, 'copy-image', stores=['cheap']).status)
        self.assertEqual(202, self.submit(
            image_id, 'copy-image', 'admin', stores=['cheap']).status)
        image = self.done(image_id)
        self.assertEqual(('active', 'cheap,fast'),
                         (image['status'], image['stores']))
        self.assertEqual({f'fast/{image_id}', f'cheap/{image_id}'},
                         self.files())
        self.assertEqual(400, self.submit(
            image_id, 'copy-image', 'admin', stores=['cheap']).status)

    def test_a_copy_to_all_stores_that_have_it_is_no_task(self):
        image_id = self.create()
        self.stage(image_id)
        self.submit(image_id, all_stores=True)
        self.done(image_id)
        self.assertEqual(202, self.submit(
            image_id, 'copy-image', 'admin', all_stores=True).status)
        self.assertEqual(1, len(self.tasks(image_id, 'admin')))
        self.assertEqual('', self.client.show(image_id)[
            'os_glance_failed_import'])
        self.client.request('POST', f'/v2/images/{image_id}/actions/'
                            'deactivate', persona='admin')
        self.assertEqual(409, self.submit(
            image_id, 'copy-image', 'admin', all_stores=True).status)

    def test_content_that_is_no_such_disk_is_refused(self):
        image_id = self.client.create(disk_format='qcow2',
                                      container_format='bare')['id']
        self.stage(image_id)
        self.submit(image_id)
        image = self.done(image_id)
        self.assertEqual('queued', image['status'])
        self.assertNotIn('os_glance_stage_host', image)
        self.assertEqual(set(), self.files())
        self.assertIn('disk_format', self.task(image_id)['message'])

    def test_deletion_of_a_staged_image_removes_what_was_staged(self):
        image_id = self.create()
        self.stage(image_id)
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image_id}').status)
        self.assertEqual(set(), self.files())

    def test_a_second_import_of_an_image_is_refused(self):
        image_id = self.create()
        self.stage(image_id)
        answers = {self.submit(image_id).status for _ in range(3)}
        self.assertEqual({202, 409}, answers)
        self.assertEqual('active', self.done(image_id)['status'])

    def test_other_data_than_announced_is_not_staged(self):
        image_id = self.create()
        for data, status, state in ((b'other', 400, 'queued'),
                                    (DATA, 204, 'uploading')):
            digest = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
            answer = self.client.request(
                'PUT', f'/v2/images/{image_id}/stage', body=data, headers={
                    'Content-Type': 'application/octet-stream',
                    'Content-Digest': f'sha-256=:{digest}:'})
            self.assertEqual((status, state), (
                answer.status, self.client.show(image_id)['status']))
        self.assertEqual({f'staging/{image_id}'}, self.files())

    def test_a_stage_that_breaks_off_leaves_the_image_queued(self):
        image_id = self.create()
        self.client.cut('PUT', f'/v2/images/{image_id}/stage', [DATA[:1000]],
                        {'Content-Type': 'application/octet-stream',
                         'Content-Length': '2000'})
        application.eventually(
            lambda: self.client.show(image_id)['status'] == 'queued',
            'The image is queued')
        self.assertEqual(set(), self.files())

    def test_one_copy_is_deleted_but_never_the_last(self):
        image_id = self.create()
        self.stage(image_id)
        self.submit(image_id, all_stores=True)
        self.done(image_id)

        # Even if the import has not let go of its image yet.
        self.assertEqual([204, 403, 403], [self.client.request(
            'DELETE', f'/v2/stores/{store}/{image_id}',
            persona='admin').status for store in ('fast', 'fast', 'cheap')])
        self.assertEqual({f'cheap/{image_id}'}, self.files())


class ProgressTest(ImportTestCase):
    """How far an import is can be seen while it runs."""

    mode = 'wsgi'

    def setUp(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.tasks.import_sources._REPORT_INTERVAL', 0))
        self.seen = threading.Event()
        super().setUp()

    def half(self, request, announced=True):
        """Send all but the last bytes, which come when half was seen."""
        request.send_response(200)
        if announced:
            request.send_header('Content-Length', str(len(DATA)))
        request.end_headers()
        request.wfile.write(DATA[:-1000])
        request.wfile.flush()
        self.seen.wait(application.PATIENCE)
        request.wfile.write(DATA[-1000:])
        request.close_connection = True

    def progress(self, image_id):
        """:returns: the task, when it tells of bytes that are done.

        It tells of more until half has come; then both calls tell the same.
        """
        def told():
            task = self.task(image_id)
            if not (task['result'] or {}).get('bytes_done'):
                return None
            shown = self.client.get(f'/v2/tasks/{task["id"]}',
                                    persona='admin').json
            return task if shown['result'] == task['result'] else None
        task = application.eventually(told, 'It tells how far it is')
        self.assertEqual('processing', task['status'])
        self.assertEqual(image_id, task['result']['image_id'])
        done = task['result']['bytes_done']
        self.assertTrue(0 < done < len(DATA), done)
        self.seen.set()
        self.done(image_id)
        self.assertEqual({'image_id': image_id},
                         self.task(image_id)['result'])
        return task

    def test_bytes_done_of_bytes_known(self):
        url = self.serve(self.half)
        image_id = self.create()
        self.submit(image_id, 'web-download', uri=url)
        task = self.progress(image_id)
        self.assertEqual(len(DATA), task['result']['bytes_known'])
        self.assertRegex(task['message'], 'Copied [0-3] MiB of 3 MiB')

    def test_bytes_done_where_nobody_knows_how_many_there_are(self):
        url = self.serve(lambda request: self.half(request, False))
        image_id = self.create()
        self.submit(image_id, 'web-download', uri=url)
        task = self.progress(image_id)
        self.assertIsNone(task['result']['bytes_known'])
        self.assertRegex(task['message'], 'Copied [0-3] MiB$')


class FailingStoreTest(ImportTestCase):
    """One of two stores has become unusable."""

    def setUp(self):
        super().setUp()
        self.image_id = self.create()
        self.stage(self.image_id)
        (self.application.folder / 'cheap').rmdir()
        (self.application.folder / 'cheap').write_text('')

    def submitted(self, **document):
        self.submit(self.image_id, all_stores=True, **document)
        return self.done(self.image_id)

    def test_with_all_stores_required_nothing_is_imported(self):
        image = self.submitted()
        self.assertEqual(('queued', 'fast,cheap'), (
            image['status'], image['os_glance_failed_import']))
        self.assertEqual(set(), self.files('fast', 'staging'))
        self.assertIn('store', self.task(self.image_id)['message'])

    def test_without_the_other_store_has_the_data(self):
        image = self.submitted(all_stores_must_succeed=False)
        self.assertEqual(('active', 'fast', 'cheap', ''), (
            image['status'], image['stores'],
            image['os_glance_failed_import'],
            image['os_glance_importing_to_stores']))
        application.eventually(
            lambda: self.files('fast', 'staging') == {
                f'fast/{self.image_id}'}, 'It is staged no more')


class SingleStoreTest(ImportTestCase):
    """Without ``enabled_backends`` a store has no name."""

    def setUp(self):
        self.options = {
            'enabled_backends': None, 'fast': None, 'cheap': None,
            'os_glance_staging_store': None,
            'node_staging_uri': 'file://{folder}/staging',
            'glance_store': {'filesystem_store_datadir': '{folder}/fast'}}
        super().setUp()

    def test_an_import_names_no_store(self):
        url = self.serve(serve)
        for path, status in (('data', 'active'), ('none', 'queued')):
            image_id = self.create()
            self.submit(image_id, 'web-download', uri=f'{url}/{path}')
            image = self.done(image_id)
            self.assertEqual((status, '', ''), (
                image['status'], image['os_glance_importing_to_stores'],
                image['os_glance_failed_import']))
            self.assertEqual([None], self.task(image_id)['input']['backend'])
            self.assertNotIn('stores', image)

    def test_a_copy_has_nowhere_to_go(self):
        image_id = self.create()
        self.client.upload(image_id, DATA)
        before = self.client.show(image_id)
        for choice in ({}, {'all_stores': True}, {'stores': ['file']}):
            self.assertEqual(400, self.submit(
                image_id, 'copy-image', 'admin', **choice).status)
        self.assertEqual(before, self.client.show(image_id))
        self.assertEqual({f'fast/{image_id}'}, self.files('fast'))


class DrainTest(ImportTestCase):
    """A host that takes no more tasks."""

    options = {'task': {'poll_interval': 1, 'drain_file': '{folder}/drain'}}

    def manage(self, *command):
        """:returns: what glancelite-manage prints."""
        done = nursery.run('manage', '--config-file',
                           self.application.configuration, *command)
        done.check_returncode()
        return done.stdout

    def test_tasks_wait_until_the_host_takes_them_again(self):
        self.assertIn('takes no more tasks',
                      self.manage('tasks', 'drain', '--wait'))
        image_id = self.create()
        self.stage(image_id)
        self.submit(image_id)
        self.assertEqual('', self.manage('tasks', 'list'))
        self.assertEqual('pending', self.task(image_id)['status'])
        self.assertIn('takes tasks', self.manage('tasks', 'resume'))
        self.assertEqual('active', self.done(image_id)['status'])


class DrainMeanwhileTest(DrainTest):
    """A host that is drained while one of its processes claims a task."""

    mode = 'wsgi'

    def setUp(self):
        claim = leases.Leases.claim

        def drain_after(repository, *args, **noted):
            lease = claim(repository, *args, **noted)
            if lease:
                # It shows as one of this host, or it is left again.
                self.seen.append(lease.detail['runner'])
                (self.application.folder / 'drain').touch()
            return lease
        self.seen = []
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.db.leases.Leases.claim', drain_after))
        super().setUp()

    def test_tasks_wait_until_the_host_takes_them_again(self):
        image_id = self.create()
        self.stage(image_id)
        self.submit(image_id)
        application.eventually(lambda: self.seen, 'It is claimed')
        application.eventually(lambda: not self.manage('tasks', 'list'),
                               'It is left')
        self.assertEqual('pending', self.task(image_id)['status'])
        self.assertEqual({os.uname().nodename}, set(self.seen))


class RefusedImportTest(ImportTestCase):
    """What is wrong with a request is said before anything is done."""

    def refused(self, status, **document):
        answer = self.client.request(
            'POST', f'/v2/images/{self.create()}/import', json=document)
        self.assertEqual(status, answer.status, answer.body)

    def test_requests_that_make_no_sense_are_400(self):
        url = 'http://127.0.0.1/x'
        for document in (
                {}, {'method': {}}, {'method': 'x'}, {'method': {'name': 1}},
                {'method': {'name': 'foo'}},
                {'method': {'name': 'web-download'}},
                {'method': {'name': 'web-download', 'uri': 'ftp://x/'}},
                {'method': {'name': 'web-download', 'uri': 'http://[::1]/'}},
                {'method': {'name': 'web-download', 'uri': url},
                 'all_stores': 1},
                {'method': {'name': 'web-download', 'uri': url},
                 'stores': 'fast'},
                {'method': {'name': 'web-download', 'uri': url},
                 'stores': ['fast'], 'all_stores': True}):
            self.refused(400, **document)
        answer = self.client.request(
            'POST', f'/v2/images/{self.create()}/import',
            headers={'x-image-meta-store': 'cheap'},
            json={'method': {'name': 'web-download', 'uri': url},
                  'stores': ['fast']})
        self.assertEqual(400, answer.status)

    def test_requests_at_the_wrong_time_are_409(self):
        url = 'http://127.0.0.1/x'
        self.refused(409, method={'name': 'glance-direct'})
        self.refused(409, method={'name': 'web-download', 'uri': url},
                     stores=['nope'])
        self.refused(410, method={'name': 'web-download', 'uri': url},
                     stores=['web'])

    def test_formats_must_be_known_before(self):
        image_id = self.client.create(container_format=None)['id']
        self.stage(image_id)
        self.assertEqual(409, self.submit(image_id).status)


class WorkerTestCase(ImportTestCase):
    """Tasks that the API leaves to glancelite-worker."""

    options = {'task': {'poll_interval': 1, 'concurrency': 0}}

    def start_worker(self):
        """:returns: a worker with the configuration of the service."""
        own = self.application.folder / 'worker.conf'
        own.write_text('[task]\nconcurrency = 2\n')
        worker = nursery.start(
            'worker', '--config-file', self.application.configuration,
            '--config-file', own)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        application.eventually(lambda: self.waits_for_signals(worker.pid),
                               'The worker is ready to be told to stop')
        return worker

    @staticmethod
    def waits_for_signals(pid):
        status = pathlib.Path('/proc', str(pid), 'status').read_text()
        blocked = next(line for line in status.splitlines()
                       if line.startswith('SigBlk:'))
        return int(blocked.split()[1], 16) & 1 << signal.SIGTERM - 1


class SeveralWorkersTest(WorkerTestCase):
    """Several workers over one database server."""

    scenarios = [(name, {'backend': name})
                 for name in ('mysql', 'postgresql')]

    def setUp(self):
        reason = databases.unavailable(self.backend)
        if reason:
            self.skipTest(reason)
        super().setUp()

    def test_every_task_is_run_once(self):
        fetched = collections.Counter()

        def serve_and_count(request):
            fetched[request.path] += 1
            return wire.send(request, DATA[:100_000])
        url = self.serve(serve_and_count)
        images = {}
        for number in range(9):
            images[self.create()] = f'/{number}'
        for image_id, path in images.items():
            self.submit(image_id, 'web-download', uri=url + path)
        for _ in range(3):
            self.start_worker()
        for image_id in images:
            self.assertEqual('active', self.done(image_id)['status'])
        self.assertEqual(dict.fromkeys(images.values(), 1), dict(fetched))


class WorkerTest(WorkerTestCase):

    mode = 'eventlet'

    def test_workers_share_the_tasks_and_drain(self):
        images = [self.create() for _ in range(6)]
        for image_id in images:
            self.stage(image_id)
            self.submit(image_id)
        workers = [self.start_worker() for _ in range(2)]
        for image_id in images:
            self.assertEqual('active', self.done(image_id)['status'])
            self.assertEqual(1, len(self.client.get(
                f'/v2/images/{image_id}/tasks').json['tasks']))
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        self.assertEqual([0, 0], [
            worker.wait(application.PATIENCE) for worker in workers])
        self.assertEqual({f'fast/{each}' for each in images}, self.files())

    def test_a_task_is_resumed_when_its_worker_was_killed(self):
        url = self.serve(self.hold)
        image_id = self.create()
        self.submit(image_id, 'web-download', uri=f'{url}/data')
        first = self.start_worker()
        application.eventually(lambda: self.held, 'The worker fetches')
        first.send_signal(signal.SIGKILL)
        first.wait()
        self.start_worker()
        image = self.done(image_id)
        self.assertEqual(('active', SHA512),
                         (image['status'], image['os_hash_value']))
        self.assertEqual({f'fast/{image_id}'}, self.files())

    held = 0

    def hold(self, request):
        """The first time half of the data, and then nothing more."""
        self.held += 1
        if self.held > 1:
            return wire.send(request, DATA)
        request.send_response(200)
        request.send_header('Content-Length', str(len(DATA)))
        request.end_headers()
        request.wfile.write(DATA[:len(DATA) // 2])
        request.wfile.flush()
        # Until the other side is gone.
        request.rfile.read(1)
        request.close_connection = True
        return None
