# SPDX-License-Identifier: Apache-2.0
"""Hostile images, by every way in; and harmless ones.

Plain uploads meet all that is hostile. Other ways meet a part of the corpus,
unless ``GLANCELITE_WHOLE_CORPUS`` is set, as ``tox -e corpus`` does.
"""
import json
import os

import sqlalchemy

from glancelite.conf import imports
from tests.corpus import crafted
from tests.corpus import harmless
from tests.corpus import hostile
from tests.corpus import sample
from tests.functional import application
from tests.functional import test_import
from tests.functional import test_import_plugins
from tests.functional import uploading
from tests.unit.fetch import wire

_EVERY = 1 if os.environ.get('GLANCELITE_WHOLE_CORPUS') else 12

#: Imports that wait at a time: each holds a lease.
_AT_ONCE = 40

#: Who owns the task of an import, unless it is alice.
_PERSONAS = {'copy-image': 'admin'}


class ContentTestCase(test_import.ImportTestCase):
    """A service that imports several images at a time."""

    options = {'enabled_import_methods': f'[{",".join(imports.METHODS)}]',
               'task': {'concurrency': 8, 'concurrency_per_project': 0},
               'lease': {'ttl': 30}}

    def samples(self, table, every=1):
        """:returns: (sample, bytes) pairs of those that can be made."""
        made, missing = [], []
        for each in table.SAMPLES[::every]:
            try:
                made.append((each, each.make()))
            except sample.ToolMissing as error:
                missing.append(f'{each.name}: {error}')
        if missing:
            # What can be made is tested first.
            self.addCleanup(self.skipTest, '; '.join(missing))
        return made

    def new(self, each):
        return self.client.create(disk_format=each.disk_format,
                                  name=each.name)['id']


class UploadedContentTest(ContentTestCase):
    """Uploads, whole and in parts."""

    def assert_refused(self, each, image_id, answer):
        self.assertEqual(415, answer.status, each.name)
        image = self.client.show(image_id)
        self.assertEqual(('queued', None, None), (
            image['status'], image['size'], image['virtual_size']))

    def test_every_hostile_upload_is_refused(self):
        for each, data in self.samples(hostile):
            image_id = self.new(each)
            self.assert_refused(each, image_id,
                                self.client.upload(image_id, data))
        self.assertEqual(set(), self.files())

    def test_hostile_uploads_in_parts_are_refused(self):
        for each, data in self.samples(hostile, _EVERY):
            image_id = self.new(each)
            half = len(data) // 2
            upload = uploading.Upload(
                self.client, uploading.begin(self.client, image_id))
            answer = upload.append(0, data[:half])
            if answer.status == 204:
                # The first half was not enough to tell.
                answer = upload.append(half, data[half:], '?1')
            self.assert_refused(each, image_id, answer)
            self.assertEqual(404, upload.head().status, each.name)
        self.assertEqual(set(), self.files())

    def test_harmless_uploads_are_taken(self):
        for each, data in self.samples(harmless, max(1, _EVERY // 4)):
            image_id = self.new(each)
            answer = self.client.upload(image_id, data)
            self.assertEqual(204, answer.status, (each.name, answer.body))
            self.assertEqual(len(data), self.client.show(image_id)['size'])


class ImportedContentTest(ContentTestCase):
    """Every import method."""

    def served(self, request):
        return wire.send(request, self._pages[request.path])

    def glance_direct(self, image_id, data):
        self.stage(image_id, data)
        return self.submit(image_id)

    def web_download(self, image_id, data):
        self._pages[f'/{image_id}'] = data
        return self.submit(image_id, 'web-download',
                           uri=f'{self._url}/{image_id}')

    def glance_download(self, image_id, data):
        said = self.client.show(image_id)['disk_format']
        path = f'/v2/images/{image_id}'
        self._pages[f'{path}/file'] = data
        self._pages[path] = json.dumps({
            'status': 'active', 'id': image_id, 'disk_format': said,
            'container_format': 'bare', 'size': len(data)}).encode()
        return self.client.request(
            'POST', f'/v2/images/{image_id}/import',
            headers={'X-Auth-Token': 'token', 'X-Service-Catalog': json.dumps(
                [{'type': 'image', 'endpoints': [
                    {'region': 'there', 'publicURL': self._url}]}])},
            json={'method': {'name': 'glance-download',
                             'glance_region': 'there',
                             'glance_image_id': image_id}})

    def copy_image(self, image_id, data):
        """The data was taken in by a service that did not look at it."""
        said = self.client.show(image_id)['disk_format']
        self._set_format(image_id, 'raw')
        self.client.upload(image_id, b'x' * len(data))
        self._set_format(image_id, said)
        (self.application.folder / 'fast' / image_id).write_bytes(data)
        return self.submit(image_id, 'copy-image', 'admin', stores=['cheap'])

    def copy_uploaded(self, image_id, data):
        self.assertEqual(204, self.client.upload(image_id, data).status)
        return self.submit(image_id, 'copy-image', 'admin', stores=['cheap'])

    def _set_format(self, image_id, disk_format):
        with self._engine.begin() as connection:
            connection.execute(
                sqlalchemy.text('UPDATE images SET disk_format = :said '
                                'WHERE id = :id'),
                {'said': disk_format, 'id': image_id})

    _WAYS = {'glance-direct': glance_direct, 'web-download': web_download,
             'glance-download': glance_download, 'copy-image': copy_image}

    def setUp(self):
        super().setUp()
        self._pages = {}
        self._url = self.serve(self.served)
        self._engine = sqlalchemy.create_engine(
            self.application.database, poolclass=sqlalchemy.NullPool)

    def imported(self, table, **ways):
        """Yield (sample, method, image, task) of every import.

        :param ways: functions that begin an import, instead of the usual.
        """
        for method, begin in {**self._WAYS, **ways}.items():
            samples = self.samples(table, _EVERY)
            for start in range(0, len(samples), _AT_ONCE):
                begun = []
                for each, data in samples[start:start + _AT_ONCE]:
                    image_id = self.new(each)
                    self.assertEqual(
                        202, begin(self, image_id, data).status, each.name)
                    begun.append((each, image_id))
                for each, image_id in begun:
                    yield (each, method, self.done(image_id),
                           self.ended(image_id, method))

    def ended(self, image_id, method):
        """:returns: the task, which ends a moment after the image is free."""
        def task():
            found = self.client.get(
                f'/v2/images/{image_id}/tasks',
                persona=_PERSONAS.get(method, 'alice')).json['tasks'][0]
            return found['status'] in ('success', 'failure') and found
        return application.eventually(task, 'The task ends')

    def test_each_way_to_import_is_tested(self):
        self.assertEqual(set(imports.METHODS), set(self._WAYS))

    def test_hostile_images_are_refused_by_every_method(self):
        kept = set()
        for each, method, image, task in self.imported(hostile):
            name = f'{method}: {each.name}'
            self.assertEqual('failure', task['status'], name)
            self.assertRegex(task['message'],
                             'safety check|does not match', name)
            if method == 'copy-image':
                kept.add(f'fast/{image["id"]}')
                self.assertEqual('fast', image['stores'], name)
            else:
                self.assertIsNone(image['checksum'], name)
                self.client.request('DELETE', f'/v2/images/{image["id"]}')
        self.assertEqual(kept, self.files())

    def test_harmless_images_are_taken_by_every_method(self):
        ways = {'copy-image': ImportedContentTest.copy_uploaded}
        for each, method, image, task in self.imported(harmless, **ways):
            name = f'{method}: {each.name}'
            self.assertEqual(
                ('active', 'success', 'cheap,fast'
                 if method == 'copy-image' else 'fast'),
                (image['status'], task['status'], image['stores']), name)

    def test_a_copy_of_exchanged_data_is_refused(self):
        image_id = self.client.create()['id']
        self.copy_image(image_id, b'other data')
        self.done(image_id)
        self.assertIn('not what was uploaded', self.ended(
            image_id, 'copy-image')['message'])
        self.assertEqual({f'fast/{image_id}'}, self.files())


class ConvertedContentTest(test_import_plugins.PluginTestCase):
    """What is refused never comes before qemu-img, which would open it."""

    plugins = '[image_conversion]'
    options = {'image_conversion': {'output_format': 'raw'}}

    def test_disks_that_name_other_files_are_not_converted(self):
        secret = self.application.folder / 'secret'
        secret.write_bytes(b'\x7f' * 1024 ** 2)
        for name, disk_format, data in (
                ('qcow2', 'qcow2', crafted.backed(str(secret))),
                ('data file', 'qcow2', crafted.data_file(str(secret))),
                ('vmdk', 'vmdk', crafted.vmdk(crafted.descriptor(
                    more=f'parentFileNameHint="{secret}"'))),
                ('vhdx', 'vhdx', crafted.vhdx([crafted.VHDX_PARENT])),
                ('vdi', 'vdi', crafted.vdi(4))):
            image = self.imported(data, disk_format=disk_format)
            self.assertIsNone(image['checksum'], name)
            self.assertIn('safety check',
                          self.task(image['id'])['message'], name)
