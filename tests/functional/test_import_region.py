# SPDX-License-Identifier: Apache-2.0
"""Images that are fetched from the image service of another region."""
import json
import uuid

from tests.functional import test_import
from tests.unit.fetch import wire

DATA = test_import.DATA
TOKEN = 'a-token-that-nobody-may-see'


class RegionTest(test_import.ImportTestCase):

    options = {'enabled_import_methods': '[glance-download,web-download]'}

    def setUp(self):
        super().setUp()
        self.remote_id = str(uuid.uuid4())
        self.record = {
            'id': self.remote_id, 'status': 'active', 'name': 'theirs',
            'disk_format': 'raw', 'container_format': 'bare', 'size': 5,
            'hw_disk_bus': 'scsi', 'trait:X': 'required',
            'os_distro': 'debian', 'other': 'x', 'os_glance_x': 'y',
            'tags': ['hw_tag'], 'owner': 'somebody'}
        self.asked, self.named = [], set()
        self.url = self.serve(self.answer)

    def answer(self, request):
        """The other service: one image, for who has the token."""
        self.asked.append((request.path, request.headers['X-Auth-Token']))
        self.named.add(request.headers['X-Openstack-Request-Id'])
        path = f'/v2/images/{self.remote_id}'
        if request.headers['X-Auth-Token'] != TOKEN:
            return wire.send(request, b'', 401)
        if request.path == path:
            return wire.send(request, json.dumps(self.record).encode())
        if request.path == f'{path}/file':
            return wire.send(request, DATA)
        return wire.send(request, b'', 404)

    def catalogue(self, url=None):
        return json.dumps([
            {'type': 'identity', 'endpoints': [
                {'region': 'there', 'publicURL': 'http://127.0.0.1:1'}]},
            {'type': 'image', 'name': 'glance', 'endpoints': [
                {'region': 'here', 'publicURL': 'http://127.0.0.1:2'},
                {'region': 'there', 'publicURL': f'{url or self.url}/v2/',
                 'internalURL': 'http://169.254.169.254'}]}])

    def fetch(self, token=TOKEN, url=None, **method):
        """:returns: the answer, and the image when all is done."""
        image_id = self.client.create(
            disk_format='qcow2', container_format='ovf',
            hw_disk_bus='ide')['id']
        answer = self.client.request(
            'POST', f'/v2/images/{image_id}/import',
            headers={'X-Auth-Token': token,
                     'X-Openstack-Request-Id': 'req-of-the-caller',
                     'X-Service-Catalog': self.catalogue(url)},
            json={'method': {
                'name': 'glance-download', 'glance_region': 'there',
                'glance_image_id': self.remote_id, **method}})
        return answer, self.done(image_id)

    def test_data_formats_and_permitted_properties_come_along(self):
        answer, image = self.fetch()
        self.assertEqual(202, answer.status)
        self.assertEqual(
            ('active', test_import.SHA512, 'raw', 'bare', 'scsi', 'required',
             'debian'),
            tuple(image.get(name) for name in (
                'status', 'os_hash_value', 'disk_format', 'container_format',
                'hw_disk_bus', 'trait:X', 'os_distro')),
            self.task(image['id']))
        self.assertEqual(set(), {'other', 'os_glance_x'} & set(image))
        self.assertEqual(
            {'name': 'glance-download', 'glance_region': 'there',
             'glance_image_id': self.remote_id,
             'glance_service_interface': 'public'},
            self.task(image['id'])['input']['import_req']['method'])

    def test_the_request_id_of_the_caller_goes_along(self):
        self.fetch()
        self.assertEqual({'req-of-the-caller'}, self.named)

    def test_the_token_goes_to_that_service_and_is_seen_nowhere(self):
        elsewhere = []

        def note(request):
            elsewhere.append(request.headers.get('X-Auth-Token'))
            return wire.send(request, DATA)
        other = self.serve(note)
        redirecting = self.serve(lambda request: wire.redirect(
            request, f'{other}/x'))
        image = self.fetch(url=redirecting)[1]
        self.assertEqual(('queued', []), (image['status'], elsewhere))
        self.fetch()
        self.assertEqual({TOKEN}, {token for _path, token in self.asked})
        seen = self.application.log_text() + json.dumps(
            self.task(image['id']))
        self.assertNotIn(TOKEN, seen)
        self.assertNotIn(other, seen)

    def test_what_cannot_be_had_fails_with_one_reason(self):
        messages = set()
        for change, token in (({}, 'other'), ({'status': 'queued'}, TOKEN),
                              ({'disk_format': 'odd'}, TOKEN)):
            self.record.update(change)
            image = self.fetch(token)[1]
            self.assertEqual(('queued', 'qcow2', 'ide'), tuple(
                image[name] for name in ('status', 'disk_format',
                                         'hw_disk_bus')))
            messages.add(self.task(image['id'])['message'])
            self.record.update(status='active')
        self.assertEqual(1, len(messages), messages)
        self.assertIn('region', messages.pop())

    def test_a_region_that_is_not_there_fails_the_task(self):
        for method in ({'glance_region': 'nowhere'},
                       {'glance_service_interface': 'odd'}):
            answer, image = self.fetch(**method)
            self.assertEqual((202, 'queued', 'failure'), (
                answer.status, image['status'],
                self.task(image['id'])['status']))
        self.assertEqual([], self.asked)

    def test_requests_that_make_no_sense_are_400(self):
        for method, words in (
                ({'glance_region': None}, b'glance_region'),
                ({'glance_region': 1}, b'glance_region'),
                ({'glance_image_id': None}, b'glance_image_id'),
                ({'glance_image_id': 'x'}, b'UUID'),
                ({'glance_service_interface': 'internal'}, b'location')):
            answer, image = self.fetch(**method)
            self.assertEqual((400, 'queued'),
                             (answer.status, image['status']), method)
            self.assertIn(words, answer.body)
        self.assertEqual([], self.asked)
