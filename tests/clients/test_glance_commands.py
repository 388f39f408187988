# SPDX-License-Identifier: Apache-2.0
"""Every ``glance`` command that there is, but for metadata definitions, which
are in ``test_definitions``.
"""
import re

import glanceclient
import testscenarios
import testtools

from tests.clients import cloud
from tests.clients import running
from tests.clients import test_clients
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

#: Of other resources, and what asks no service.
_OTHERS = re.compile('md-|help$|bash-completion$')


class GlanceCommandsTest(testtools.TestCase):
    """They do what they say. They know no authentication but Keystone's."""

    scenarios = cloud.scenarios('none', 'keystone')

    def setUp(self):
        super().setUp()
        self.cloud = cloud.of(self)
        self.clients = self.useFixture(running.Clients())
        self.glance = self.cloud.glance(self.clients.command)
        self.folder = self.cloud.folder

    def new(self, command, *options):
        """:returns: the id of a new image."""
        return test_clients.table(self.glance(
            command, '--container-format', 'bare', '--disk-format', 'raw',
            *options))['id']

    def show(self, image):
        return test_clients.table(self.glance('image-show', image,
                                              '--max-column-width', '200'))

    def become(self, image, name, *values):
        application.eventually(
            lambda: self.show(image).get(name) in values,
            f'{name} of {image} is one of {values}')

    def test_every_command(self):
        image = self.create_and_find()
        self.change(image)
        self.share(image)
        self.import_in_every_way()
        self.locate()
        self.tell_of_tasks()
        self.cache(image)
        self.glance('image-delete', image)
        self.assertIn('404', self.glance.run('image-show', image).stderr)
        offered = re.findall('^    ([a-z][a-z-]+)', self.glance('help'), re.M)
        self.assertIn('image-create', offered)
        told = {name for words in self.clients.told for name in words.split()}
        self.assertEqual([], [name for name in offered
                              if name not in told and not _OTHERS.match(name)])

    def create_and_find(self):
        image = self.new('image-create', '--name', 'first', '--file',
                         self.cloud.raw, '--property', 'color=red')
        self.assertEqual(('active', str(len(self.cloud.data))), (
            self.show(image)['status'], self.show(image)['size']))
        self.assertIn(image, self.glance(
            'image-list', '--property-filter', 'color=red', '--sort-key',
            'created_at', '--sort-dir', 'desc', '--limit', '3'))
        self.assert_saved(image)
        queued = self.new('image-create', '--name', 'second')
        self.glance('image-upload', '--file', self.cloud.raw, queued)
        self.assert_saved(queued)
        self.glance('image-delete', queued)
        chosen = self.new('image-create', '--store', 'cheap', '--file',
                          self.cloud.raw)
        self.assertEqual('cheap', self.show(chosen)['stores'])
        self.glance('image-delete', chosen)
        return image

    def assert_saved(self, image):
        saved = self.folder / 'saved'
        self.glance('image-download', '--file', saved, image)
        self.assertEqual(self.cloud.data, saved.read_bytes())

    def change(self, image):
        self.glance('image-update', '--name', 'renamed', '--property',
                    'color=blue', image)
        self.assertEqual('blue', self.show(image)['color'])
        self.glance('image-update', '--remove-property', 'color', image)
        self.assertNotIn('color', self.show(image))
        self.glance('image-tag-update', image, 'ready')
        self.assertIn('ready', self.show(image)['tags'])
        self.glance('image-tag-delete', image, 'ready')
        self.assertNotIn('ready', self.show(image)['tags'])
        for command, status in (('image-deactivate', 'deactivated'),
                                ('image-reactivate', 'active')):
            self.glance(command, image)
            self.assertEqual(status, self.show(image)['status'])

    def cache(self, image):
        self.glance('cache-clear')
        self.assertNotIn(image, self.glance('cache-list'))
        self.glance('cache-queue', image)
        application.eventually(
            lambda: re.search(f'{image}.*cached', self.glance('cache-list')),
            'It is cached')
        self.glance('cache-clean')
        self.assertIn('Pruned 0 file(s)', self.glance('cache-prune'))
        self.assertIn('409', self.glance.run('cache-nodes-list',
                                             image).stderr)
        self.glance('cache-delete', image)
        self.assertNotIn(image, self.glance('cache-list'))

    def share(self, image):
        builders = self.cloud.projects['builders']
        self.glance('member-create', image, builders)
        self.glance('member-update', image, builders, 'rejected')
        for words in (('member-list', '--image-id', image),
                      ('member-get', image, builders)):
            self.assertIn('rejected', self.glance(*words))
        self.glance('member-delete', image, builders)
        self.assertNotIn('rejected', self.glance('member-list', '--image-id',
                                                 image))

    def import_in_every_way(self):
        staged = self.new('image-create-via-import')
        self.glance('image-stage', '--file', self.cloud.raw, staged)
        self.glance('image-import', '--import-method', 'glance-direct',
                    '--store', 'cheap', staged)
        self.become(staged, 'stores', 'cheap')
        whole = self.new('image-create-via-import', '--import-method',
                         'glance-direct', '--file', self.cloud.raw)
        self.become(whole, 'status', 'active')
        web = self.new('image-create-via-import', '--import-method',
                       'web-download', '--uri', f'{self.cloud.files}/a.raw',
                       '--all-stores', 'True')
        self.become(web, 'stores', 'cheap,fast', 'fast,cheap')
        self.glance('stores-delete', '--store', 'cheap', web)
        self.assertEqual('fast', self.show(web)['stores'])
        self.glance('image-import', '--import-method', 'copy-image',
                    '--stores', 'cheap', web)
        self.become(web, 'stores', 'cheap,fast', 'fast,cheap')
        self.assertIn('success', self.glance('image-tasks', web))
        both = self.new('image-create-via-import', '--file', self.cloud.raw,
                        '--stores', 'cheap,fast', '--allow-failure', 'False')
        self.become(both, 'stores', 'cheap,fast', 'fast,cheap')
        self.glance('image-delete', staged, whole, web, both)

    def locate(self):
        url = f'{self.cloud.files}/a.raw'
        patched = self.new('image-create')
        self.glance('location-add', '--url', url, '--metadata',
                    '{"speed": "1"}', patched)
        self.assertEqual('active', self.show(patched)['status'])
        self.glance('location-update', '--url', url, '--metadata',
                    '{"speed": "2"}', patched)
        self.glance('location-add', '--url', f'{url}#two', patched)
        self.glance('location-delete', '--url', f'{url}#two', patched)
        registered = self.new('image-create')
        self.glance('add-location', '--url', url, registered)
        self.become(registered, 'status', 'active')
        self.glance('image-delete', patched, registered)

    def tell_of_tasks(self):
        self.glance('task-create', '--type', 'import', '--input',
                    '{"import_from": "%s/a.raw", "import_from_format": "raw",'
                    ' "image_properties": {"name": "from a task",'
                    ' "disk_format": "raw", "container_format": "bare"}}'
                    % self.cloud.files)
        application.eventually(
            lambda: 'from a task' in self.glance(
                'image-list', '--property-filter', 'status=active'),
            'the task has made an image')
        tasks = re.findall('[0-9a-f]{8}-[0-9a-f-]{27}', self.glance(
            'task-list'))
        self.assertIn(tasks[0], self.glance('task-show', tasks[0]))
        for words, part in ((('import-info',), 'web-download'),
                            (('stores-info',), 'cheap'),
                            (('stores-info', '--detail'), 'data_dir'),
                            (('explain', 'image'), 'min_disk'),
                            (('usage',), '')):
            self.assertIn(part, self.glance(*words))


class GlanceLibraryTest(testtools.TestCase):
    """python-glanceclient with a session of keystoneauth: its command cannot
    be told of http_basic.
    """

    scenarios = cloud.scenarios('http_basic', 'keystone')

    def setUp(self):
        super().setUp()
        self.cloud = cloud.of(self)
        self.alice, self.bob = (
            glanceclient.Client(
                '2', session=self.cloud.region(user).get_session(),
                **self.cloud.endpoint)
            for user in ('alice', 'bob'))

    def test_it_creates_uploads_changes_finds_reads_and_deletes(self):
        alice, bob = self.alice, self.bob
        wonderland, builders = (self.cloud.projects[name]
                                for name in ('wonderland', 'builders'))
        image = alice.images.create(name='first', disk_format='raw',
                                    container_format='bare')
        with open(self.cloud.raw, 'rb') as file:
            alice.images.upload(image.id, file)
        alice.images.update(image.id, color='red')
        alice.image_tags.update(image.id, 'ready')
        found, = alice.images.list(filters={'tag': ['ready']})
        self.assertEqual(('active', 'red', wonderland),
                         (found.status, found.color, found.owner))
        self.assertEqual([], list(bob.images.list()))
        alice.image_members.create(image.id, builders)
        bob.image_members.update(image.id, builders, 'accepted')
        self.assertEqual(self.cloud.data, b''.join(bob.images.data(image.id)))
        alice.images.delete(image.id)
        self.assertEqual([], list(alice.images.list()))
