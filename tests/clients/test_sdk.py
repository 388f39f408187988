# SPDX-License-Identifier: Apache-2.0
"""openstacksdk's image proxy: each of its calls, but for metadata definitions,
which are in ``test_definitions``.
"""
import re

import openstack
from openstack import exceptions
from openstack.image.v2 import _proxy
import testscenarios
import testtools

from tests.clients import cloud
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

#: Of other resources, and what is no call of its own.
_OTHERS = re.compile('.*metadef|api_version|retriable')


class SdkTest(testtools.TestCase):
    """They do what they say, with authentication and without."""

    scenarios = cloud.scenarios('none', 'http_basic', 'keystone')

    def setUp(self):
        super().setUp()
        self.cloud = cloud.of(self)
        self.called = set()
        self.root, self.alice, self.bob = (
            self.connect(user) for user in ('root', 'alice', 'bob'))

    def connect(self, user):
        connection = openstack.connection.Connection(
            config=self.cloud.region(user))
        self.addCleanup(connection.close)
        return Noting(connection.image, self.called)

    def test_every_call(self):
        image = self.create_and_find()
        self.change(image)
        self.share(image)
        self.import_in_every_way()
        self.locate()
        self.discover()
        self.cache(image)
        self.alice.delete_image(image)
        self.alice.wait_for_delete(image)
        self.assertRaises(exceptions.NotFoundException, self.alice.get_image,
                          image)
        offered = {name for name, value in vars(_proxy.Proxy).items()
                   if callable(value) and not name.startswith('_')
                   and not _OTHERS.match(name)}
        self.assertIn('create_image', offered)
        self.assertEqual(set(), offered - self.called)

    def new(self, name, **more):
        return self.alice.create_image(
            name, disk_format='raw', container_format='bare', **more)

    def create_and_find(self):
        image = self.new('first', filename=str(self.cloud.raw), wait=True,
                         tags=['ready'], validate_checksum=True)
        self.assertEqual(image.id, self.alice.find_image('first').id)
        self.assertEqual(('active', len(self.cloud.data)), (
            self.alice.get_image(image.id).status,
            self.alice.get_image(image.id).size))
        self.assertEqual([image.id], [each.id for each in self.alice.images(
            name='first', tag='ready', status='active', limit=1)])
        self.assert_downloaded(image)
        second = self.alice.upload_image(
            container_format='bare', disk_format='raw', data=self.cloud.data,
            name='second')
        self.assert_downloaded(second)
        self.alice.delete_image(second)
        return image

    def assert_downloaded(self, image):
        self.assertEqual(self.cloud.data,
                         self.alice.download_image(image).content)
        self.assertEqual(self.cloud.data, b''.join(
            self.alice.download_image(image, stream=True).iter_content(4096)))

    def change(self, image):
        self.alice.update_image(image, name='renamed', min_ram=64)
        self.alice.update_image_properties(
            image=self.alice.get_image(image.id), color='red')
        found = self.alice.get_image(image.id)
        self.assertEqual(('renamed', 64, 'red'),
                         (found.name, found.min_ram,
                          found.properties['color']))
        self.alice.add_tag(image, 'extra')
        self.assertIn('extra', self.alice.get_image(image.id).tags)
        self.alice.remove_tag(image, 'extra')
        self.assertNotIn('extra', self.alice.get_image(image.id).tags)
        self.root.deactivate_image(image)
        self.assertEqual('deactivated',
                         self.alice.get_image(image.id).status)
        self.root.reactivate_image(image)
        self.alice.wait_for_status(self.alice.get_image(image.id), 'active')

    def cache(self, image):
        self.root.clear_cache()
        self.assertEqual([], self.root.get_image_cache().cached_images)
        self.root.queue_image(image)
        application.eventually(lambda: self.cached(image), 'It is cached')
        self.root.clean_cache()
        self.assertEqual(0, self.root.prune_cache()['total_files_pruned'])
        self.assertRaises(exceptions.ConflictException,
                          self.root.cached_image_nodes, image)
        # It makes a path of what it is given, as it is.
        self.root.cache_delete_image(image.id)
        self.assertFalse(self.cached(image))

    def cached(self, image):
        return image.id in [each['image_id'] for each in
                            self.root.get_image_cache().cached_images]

    def share(self, image):
        builders = self.cloud.projects['builders']
        self.alice.add_member(image, member_id=builders)
        self.assertEqual(['pending'], [
            member.status for member in self.alice.members(image)])
        self.bob.update_member(builders, image, status='accepted')
        for find in (self.bob.get_member, self.bob.find_member):
            self.assertEqual('accepted', find(builders, image).status)
        self.assertEqual(image.id, self.bob.get_image(image.id).id)
        self.alice.remove_member(builders, image)
        self.assertEqual([], list(self.alice.members(image)))

    def import_in_every_way(self):
        staged = self.new('staged')
        self.alice.stage_image(staged, filename=str(self.cloud.raw))
        self.alice.import_image(staged, method='glance-direct')
        self.become_active(staged)
        self.assert_downloaded(staged)
        web = self.new('web')
        self.alice.import_image(web, method='web-download',
                                uri=f'{self.cloud.files}/a.raw')
        self.become_active(web)
        task, = self.alice.image_tasks(web)
        # Another process lets go of the image a moment after it is active.
        task = self.root.wait_for_task(self.root.get_task(task.id))
        self.assertEqual('success', task.status)
        self.assertIn(task.id, {each.id for each in self.root.tasks()})
        self.root.import_image(web, method='copy-image', all_stores=True)
        # It is a task of the project that asked for it.
        copy, = [each for each in self.root.image_tasks(web)
                 if each.id != task.id]
        self.root.wait_for_task(self.root.get_task(copy.id))
        self.assertEqual({'fast', 'cheap'}, self.stores(web))
        self.root.delete_image(web, store='cheap')
        self.assertEqual({'fast'}, self.stores(web))
        self.root.import_image(web, method='copy-image', stores=['cheap'],
                               all_stores_must_succeed=True)
        self.await_newest_task(web)
        self.assertEqual({'fast', 'cheap'}, self.stores(web))
        both = self.new('both')
        self.alice.import_image(both, method='web-download', stores=[
            'fast', 'cheap'], uri=f'{self.cloud.files}/a.raw')
        self.become_active(both)
        self.assertEqual({'fast', 'cheap'}, self.stores(both))
        made = self.root.create_task(type='import', input={
            'import_from': f'{self.cloud.files}/a.raw',
            'import_from_format': 'raw', 'image_properties': {
                'disk_format': 'raw', 'container_format': 'bare'}})
        self.root.wait_for_task(made)
        for image in staged, web, both:
            self.alice.delete_image(image)

    def await_newest_task(self, image):
        task = next(self.root.image_tasks(image))
        self.root.wait_for_task(self.root.get_task(task.id))

    def stores(self, image):
        found = self.alice.get_image(image.id)
        return set(found.properties['stores'].split(','))

    def become_active(self, image):
        self.alice.wait_for_status(self.alice.get_image(image.id), 'active',
                                   interval=1)

    def locate(self):
        image = self.new('located')
        url = f'{self.cloud.files}/a.raw'
        self.alice.add_image_location(image, url)
        self.become_active(image)
        # By default locations are told to services and administrators.
        self.assertEqual([url], [
            each.url for each in self.root.image_locations(image)])
        self.alice.delete_image(image)

    def discover(self):
        self.assertIn('web-download', self.alice.get_import_info()
                      .import_methods['value'])
        self.assertEqual({'fast', 'cheap', 'web'}, {
            each.id for each in self.alice.stores()})
        for name in ('image', 'images', 'member', 'members', 'task', 'tasks'):
            schema = getattr(self.alice, f'get_{name}_schema')()
            self.assertEqual(name, schema.name)


class Noting:
    """A proxy that notes which of its methods are called."""

    def __init__(self, proxy, called):
        self._proxy = proxy
        self._called = called

    def __getattr__(self, name):
        self._called.add(name)
        return getattr(self._proxy, name)
