# SPDX-License-Identifier: Apache-2.0
"""No hostile URL leads to a connection, whichever call names it.

The application is in the test's own process, and every socket of that process
is watched. Each call that takes a URL is given the whole table, and so is
what lies in the database since before: Glance may have taken it.
"""
import json
import uuid

import fixtures
import sqlalchemy

from glancelite.conf import imports
from tests.functional import application
from tests.functional import test_import
from tests.unit.fetch import hostile
from tests.unit.fetch import wire

#: What a database can hold.
_STORABLE = [url for url in hostile.URLS
             if url.isprintable() and len(url) < 500]

#: Redirects are followed in the background, which takes its time; the
#: fetcher's own tests have them all.
_SOME = hostile.HEADERS[::9]


class HostileURLTest(test_import.ImportTestCase):

    mode = 'wsgi'
    # Not a database that is reached by a socket.
    backend = 'sqlite'
    options = {
        'enabled_import_methods': f'[{",".join(imports.METHODS)}]',
        'show_multiple_locations': True,
        'task': {'concurrency_per_project': 0},
        # Glance's defaults.
        'import_filtering_opts': {},
        'oslo_policy': {'policy_file': application.ETC / 'tasks-policy.yaml'}}

    def setUp(self):
        # A fetcher is given the resolver when the service is built.
        self.useFixture(fixtures.MonkeyPatch(
            'socket.getaddrinfo', wire.Resolver(
                {'redirecting.example': [[wire.SOURCE]]},
                otherwise='127.0.0.1')))
        super().setUp()
        self.wire = self.useFixture(wire.Wire())

    def each_is_refused(self, ask, statuses=(400,)):
        """Have ``ask`` name every URL; each is refused, at once."""
        for url in hostile.URLS:
            answer = ask(url)
            self.assertIn(answer.status, statuses, (url, answer.body))
            self.assertEqual([], self.wire.seen, url)

    def test_no_import_from_the_web_connects(self):
        image_id = self.create()
        self.each_is_refused(lambda url: self.client.request(
            'POST', f'/v2/images/{image_id}/import', json={
                'method': {'name': 'web-download', 'uri': url}}))
        self.assertEqual(('queued', []), (
            self.client.show(image_id)['status'], self.tasks(image_id)))

    def test_no_import_from_another_region_connects(self):
        image_id = self.create()

        def ask(url):
            return self.client.request(
                'POST', f'/v2/images/{image_id}/import',
                headers={'X-Auth-Token': 'token', 'X-Service-Catalog':
                         json.dumps([{'type': 'image', 'endpoints': [
                             {'region': 'there', 'publicURL': url}]}])},
                json={'method': {
                    'name': 'glance-download', 'glance_region': 'there',
                    'glance_image_id': str(uuid.uuid4())}})
        self.each_is_refused(ask)

    def test_no_location_that_is_added_connects(self):
        image_id = self.create()
        self.each_is_refused(lambda url: self.client.patch(
            f'/v2/images/{image_id}', [{
                'op': 'add', 'path': '/locations/-',
                'value': {'url': url, 'metadata': {}}}]))
        self.assertEqual('queued', self.client.show(image_id)['status'])

    def test_no_locations_that_replace_others_connect(self):
        image_id = self.create()
        self.each_is_refused(lambda url: self.client.patch(
            f'/v2/images/{image_id}', [{
                'op': 'replace', 'path': '/locations',
                'value': [{'url': url, 'metadata': {}}]}]))
        self.assertEqual('queued', self.client.show(image_id)['status'])

    def register(self, image_id, url, persona='alice'):
        return self.client.request(
            'POST', f'/v2/images/{image_id}/locations', persona=persona,
            json={'url': url})

    def test_no_location_that_is_registered_connects(self):
        # Users may name the store of the web alone, services any.
        image_id = self.client.create(visibility='community')['id']
        self.each_is_refused(lambda url: self.register(image_id, url),
                             (400, 403))
        self.each_is_refused(lambda url: self.register(image_id, url, 'svc'))
        self.assertEqual('queued', self.client.show(image_id)['status'])

    def test_no_task_connects(self):
        self.each_is_refused(lambda url: self.client.request(
            'POST', '/v2/tasks', json={'type': 'import', 'input': {
                'import_from': url, 'import_from_format': 'raw',
                'image_properties': {}}}))
        self.assertEqual([], self.client.get('/v2/images').json['images'])

    def test_no_location_that_is_stored_connects(self):
        """Nor does it let anybody read a file of the host."""
        engine = sqlalchemy.create_engine(self.application.database,
                                          poolclass=sqlalchemy.NullPool)
        image_id = self.create()
        self.client.upload(image_id, b'data')
        for number, url in enumerate(_STORABLE):
            store = ('web', 'fast', 'cheap')[number % 3]
            with engine.begin() as connection:
                connection.execute(sqlalchemy.text(
                    'UPDATE image_locations SET value = :url, '
                    'meta_data = :metadata WHERE image_id = :image'), {
                        'url': url, 'image': image_id,
                        'metadata': json.dumps({'store': store})})
            answer = self.client.download(image_id)
            self.assertIn(answer.status, (404, 503), (url, answer.body))
            self.assertEqual([], self.wire.seen, url)

    def test_no_redirect_connects_elsewhere(self):
        location = {}
        source = self.useFixture(wire.Source(lambda request: wire.redirect(
            request, location.get(request.path, ''))))
        self.wire.routes[(wire.SOURCE, 80)] = source.address
        for number, target in enumerate(_SOME):
            location[f'/{number}'] = target
            url = f'http://redirecting.example/{number}'
            image_id = self.create()
            self.assertEqual(202, self.submit(
                image_id, 'web-download', uri=url).status)
            self.assertEqual('queued', self.done(image_id)['status'], target)
            self.assertEqual('The data cannot be read from the given URL.',
                             self.task(image_id)['message'], target)
            self.assertEqual(202, self.register(image_id, url).status)
            self.done(image_id)
            self.assertEqual(
                ['failure', 'failure'],
                [task['status'] for task in self.tasks(image_id)])
            self.assertEqual(b'', self.client.download(image_id).body)
        self.assertEqual({(wire.SOURCE, 80)}, set(self.wire.seen))
        self.assertEqual(set(), set(location) - {
            path for _method, path, _fields in source.requests})
