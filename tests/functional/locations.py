# SPDX-License-Identifier: Apache-2.0
"""For tests of locations: an application with a web server as a store."""
import hashlib
import pathlib

import fixtures
import testtools
from testtools import content

from tests.corpus import crafted
from tests.functional import application
from tests.unit.fetch import wire

DATA = b'all that there is ' * 100
OTHER = b'something else ' * 50
SHA512 = hashlib.sha512(DATA).hexdigest()
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()

#: A disk that would have its reader open another file.
BACKED = crafted.backed('/etc/passwd')

STORES = {
    'enabled_backends': 'fast:file,web:http',
    'glance_store': {'default_backend': 'fast'},
    'web': {'store_description': 'read-only HTTP', 'weight': 10},
}

#: Paths that are there no more.
gone = set()


def serve(request):
    """DATA and OTHER by their paths, and what goes wrong by others."""
    path = request.path.split('?')[0]
    if request.path in gone:
        return wire.send(request, b'', 410)
    if path == '/data':
        return wire.send(request, DATA)
    if path == '/other':
        return wire.send(request, OTHER)
    if path == '/backed':
        return wire.send(request, BACKED)
    if path == '/empty':
        return wire.send(request, b'')
    if path == '/redirect':
        return wire.redirect(request, '/data')
    if path == '/astray':
        return wire.redirect(request, 'http://169.254.169.254/')
    if path in ('/short', '/endless'):
        request.send_response(200)
        if path == '/short':
            request.send_header('Content-Length', '1000')
        request.end_headers()
        if request.command == 'GET':
            request.wfile.write(b'x' * 999)
        request.close_connection = True
        return None
    return wire.send(request, b'', 404)


class _Service(fixtures.Fixture):
    """An application, and what it reads from.

    :ivar source: serves files.
    :ivar fast: the directory of the store.
    """

    def __init__(self, mode, options):
        super().__init__()
        self._mode = mode
        self._options = options

    def _setUp(self):
        self.source = self.useFixture(wire.Source(serve))
        self.fast = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.application = self.useFixture(application.Application(
            self._mode, **{
                **STORES, 'fast': {'filesystem_store_datadir': self.fast},
                'show_multiple_locations': True,
                'http_retries': 1,
                'import_filtering_opts': {
                    'allowed_hosts': '[127.0.0.1]', 'allowed_ports': '[]'},
                **self._options}))


class LocationsTestCase(testtools.TestCase):

    scenarios = application.SCENARIOS
    mode = application.MODE
    service_name = 'default'
    options = {}

    def setUp(self):
        super().setUp()
        kept = application.kept(
            (_Service, self.mode, self.service_name),
            lambda: _Service(self.mode, self.options))
        self.service = kept.application
        self.source = kept.source
        self.fast = kept.fast
        self.client = self.service.client.renewed()
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.service.log_text()[-4000:])))

    def url(self, path):
        return f'http://127.0.0.1:{self.source.address[1]}{path}'

    def value(self, path, metadata=None, **validation_data):
        value = {'url': self.url(path), 'metadata': metadata or {}}
        if validation_data:
            value['validation_data'] = validation_data
        return value

    def add(self, path, position='-', **more):
        return {'op': 'add', 'path': f'/locations/{position}',
                'value': self.value(path, **more)}

    def remove(self, position):
        return {'op': 'remove', 'path': f'/locations/{position}'}

    def replace(self, *values):
        return {'op': 'replace', 'path': '/locations', 'value': list(values)}

    def patch(self, image, *changes, persona='alice'):
        return self.client.patch(f'/v2/images/{image["id"]}', list(changes),
                                 persona=persona)

    def image_at(self, *paths):
        """:returns: an active image with locations at ``paths``."""
        image = self.client.create()
        answer = self.patch(image, *map(self.add, paths))
        self.assertEqual(200, answer.status, answer.body)
        return answer.json


    def paths(self, image):
        return [each['url'].replace(self.url(''), '')
                for each in image['locations']]

    def assert_refused(self, answer, status, *words):
        self.assertEqual(status, answer.status, answer.body)
        for word in words:
            self.assertIn(word, answer.json['message'])

    def assert_unchanged(self, image):
        self.assertEqual(image, self.client.show(image['id']))


class RegisterTestCase(LocationsTestCase):

    def register(self, image, url, persona='alice', algorithm=None,
                 value=None):
        body = {'url': url}
        if algorithm:
            body['validation_data'] = {'os_hash_algo': algorithm,
                                       'os_hash_value': value}
        return self.client.request(
            'POST', f'/v2/images/{image["id"]}/locations', json=body,
            persona=persona)

    def registered(self, path, formats=None, **more):
        """:returns: the image, and its task, when the task is done."""
        image = self.client.create(**(formats or {}))
        answer = self.register(image, self.url(path), **more)
        self.assertEqual((202, b''), (answer.status, answer.body))
        return self.outcome(image)

    def outcome(self, image):
        def ended():
            tasks = self.client.get(
                f'/v2/images/{image["id"]}/tasks').json['tasks']
            return tasks and tasks[0]['status'] in (
                'success', 'failure') and tasks[0]
        task = application.eventually(ended, 'The task ends')
        return self.client.show(image['id']), task
