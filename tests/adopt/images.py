# SPDX-License-Identifier: Apache-2.0
"""Images of every kind, made by the API of either service."""
from tests.functional import application

_PLAIN = {'disk_format': 'raw', 'container_format': 'bare'}


class Maker:
    """Makes images, and remembers what their data is.

    :param client: of the service that is to do it.
    :param files: URL of a server of files, with ``/a.raw``.
    :ivar data: dict of image id and bytes.
    """

    def __init__(self, client, files):
        self._client = client
        self._files = files
        self.data = {}

    def everything(self):
        """Make one of each kind."""
        for make in (self.queued, self.uploaded, self.shared, self.imported,
                     self.copied, self.left_over, self.changed, self.gone,
                     self.asked_for_by_task):
            make()

    def queued(self):
        self._create(name='queued', owner_specified='yes', tags=['a', 'b'])
        self._create(name='née queued é 日本', min_disk=3, min_ram=5)
        # Without a name, a format or anything.
        self._ok(self._client.request('POST', '/v2/images', json={}))

    def uploaded(self):
        for visibility, persona in (
                ('private', 'alice'), ('public', 'admin'),
                ('community', 'alice'), ('shared', 'bob')):
            image_id = self._create(persona, name=f'is {visibility}',
                                    visibility=visibility, os_distro='debian')
            self.upload(image_id, visibility.encode() * 1000, persona)
        image_id = self._create(name='cheap')
        self.upload(image_id, b'cheap' * 5000,
                    headers={'X-Image-Meta-Store': 'cheap'})
        self.upload(self._create(name='empty'), b'')

    def shared(self):
        path = self._active(name='shared', visibility='shared')
        member = self._client.personas.project('bob')
        for project, status in ((member, 'accepted'), ('other', None),
                                ('third', 'rejected'), ('gone', None)):
            self._ok(self._client.request('POST', f'{path}/members',
                                          json={'member': project}))
            if status and project == member:
                self._ok(self._client.request(
                    'PUT', f'{path}/members/{project}', persona='bob',
                    json={'status': status}))
        self._ok(self._client.request('DELETE', f'{path}/members/gone'))

    def imported(self):
        image_id = self._create(name='imported')
        data = b'staged' * 4000
        self._stage(image_id, data)
        self._import(image_id, {'name': 'glance-direct'})
        self.data[image_id] = data
        image_id = self._create(name='from the web')
        self._import(image_id, {'name': 'web-download',
                                'uri': f'{self._files}/a.raw'})
        self.data[image_id] = bytes(1000)

    def copied(self):
        path = self._active(name='in two stores')
        image_id = path.rpartition('/')[2]
        self._import(image_id, {'name': 'copy-image'}, stores=['cheap'],
                     persona='admin')

    def left_over(self):
        """An import that was never asked for, and one that failed."""
        self._stage(self._create(name='staged'), b'left over')
        image_id = self._create(name='failed')
        self._ok(self._client.request(
            'POST', f'/v2/images/{image_id}/import',
            json={'method': {'name': 'web-download',
                             'uri': f'{self._files}/nowhere'}}))

        def failed():
            tasks = self._client.get(f'/v2/images/{image_id}/tasks',
                                     persona='admin')
            return tasks.json['tasks'][0]['status'] == 'failure'
        application.eventually(failed, 'The import fails')

    def changed(self):
        path = self._active(name='changed', one='1', two='2', three='3',
                            tags=['kept', 'gone'])
        self._ok(self._client.patch(path, [
            {'op': 'remove', 'path': '/two'},
            {'op': 'replace', 'path': '/three', 'value': 'drei'},
            {'op': 'add', 'path': '/four', 'value': '4'},
            {'op': 'replace', 'path': '/protected', 'value': True},
            {'op': 'replace', 'path': '/os_hidden', 'value': True}]))
        self._ok(self._client.request('DELETE', f'{path}/tags/gone'))
        path = self._active(name='deactivated')
        self._ok(self._client.request('POST', f'{path}/actions/deactivate',
                                      persona='admin'))

    def gone(self):
        path = self._active(name='gone', one='1', tags=['gone'])
        self._ok(self._client.request('DELETE', path))
        self.data.pop(path.rpartition('/')[2])

    def asked_for_by_task(self):
        answer = self._ok(self._client.request(
            'POST', '/v2/tasks', persona='admin', json={
                'type': 'import', 'input': {
                    'import_from': f'{self._files}/b.raw',
                    'import_from_format': 'raw',
                    'image_properties': {'name': 'by a task', **_PLAIN}}}))
        path = f'/v2/tasks/{answer.json["id"]}'
        application.eventually(
            lambda: self._client.get(path, persona='admin').json['status']
            in ('success', 'failure'), 'The task ends')

    def upload(self, image_id, data, persona='alice', headers=None):
        """Upload, and remember the data."""
        self._ok(self._client.upload(image_id, data, headers, persona))
        self.data[image_id] = data

    def _create(self, persona='alice', **properties):
        return self._client.create(persona, **properties)['id']

    def _active(self, **properties):
        """:returns: the path of a new image with data."""
        image_id = self._create(**properties)
        self.upload(image_id, image_id.encode() * 500)
        return f'/v2/images/{image_id}'

    def _stage(self, image_id, data):
        self._ok(self._client.request(
            'PUT', f'/v2/images/{image_id}/stage', body=data,
            headers={'Content-Type': 'application/octet-stream'}))

    def _import(self, image_id, method, persona='alice', **more):
        self._ok(self._client.request(
            'POST', f'/v2/images/{image_id}/import', persona=persona,
            json={'method': method, **more}))

        def done():
            shown = self._client.show(image_id, persona='admin')
            return (shown['status'] == 'active'
                    and not shown.get('os_glance_importing_to_stores')
                    and all(store in shown.get('stores', '')
                            for store in more.get('stores', ())))
        application.eventually(done, f'The import {method} of {image_id}')

    @staticmethod
    def _ok(answer):
        if answer.status >= 400:
            raise AssertionError(f'{answer.status} {answer.body}')
        return answer
