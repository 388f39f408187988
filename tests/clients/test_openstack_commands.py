# SPDX-License-Identifier: Apache-2.0
"""Every ``openstack image`` command that there is, but for metadata
definitions, which are in ``test_definitions``.
"""
import re

import testscenarios
import testtools

from tests.clients import cloud
from tests.clients import running
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios


class OpenstackCommandsTest(testtools.TestCase):
    """They do what they say, with authentication and without."""

    scenarios = cloud.scenarios('none', 'http_basic', 'keystone')

    def setUp(self):
        super().setUp()
        if not running.find('openstack'):
            self.skipTest('There is no openstack.')
        self.cloud = cloud.of(self)
        self.clients = self.useFixture(running.Clients())
        self.root, self.alice, self.bob = (
            self.clients.command(
                'openstack', environment=self.cloud.environment(user))
            for user in ('root', 'alice', 'bob'))

    def value(self, image, field, who=None):
        """:returns: a field of an image, as it is printed."""
        return (who or self.alice)('image', 'show', '-f', 'value', '-c',
                                   field, image).strip()

    def new(self, name, *options):
        return self.alice.json(
            'image', 'create', '--disk-format', 'raw', *options,
            name)['id']

    def become(self, image, status):
        application.eventually(
            lambda: self.value(image, 'status') == status,
            f'{image} is {status}')

    def refused(self, words, *command):
        done = self.alice.run(*command)
        self.assertNotEqual(0, done.returncode)
        self.assertIn(words, done.stdout + done.stderr)

    def test_every_command(self):
        image = self.create_and_find()
        self.save(image)
        self.change(image)
        self.share(image)
        self.discover()
        self.import_in_every_way()
        self.cache(image)
        self.alice('image', 'delete', image)
        self.refused('No Image found', 'image', 'show', image)
        self.assertEqual([], sorted(self.untold()))

    def create_and_find(self):
        created = self.alice.json(
            'image', 'create', '--disk-format', 'raw', '--min-disk', '1',
            '--property', 'os_distro=debian', '--tag', 'ready', '--file',
            self.cloud.raw, 'first')
        image = created['id']
        shown = self.alice.json('image', 'show', 'first')
        self.assertEqual((image, 'active', len(self.cloud.data), ['ready']),
                         (shown['id'], shown['status'], shown['size'],
                          shown['tags']))
        for options in ((), ('--long',), ('--private',), ('--shared',),
                        ('--name', 'first', '--status', 'active'),
                        ('--tag', 'ready', '--property', 'os_distro=debian'),
                        ('--sort', 'name:asc', '--limit', '5')):
            listed = [each['ID'] for each in self.alice.json(
                'image', 'list', *options)]
            self.assertEqual([] if options == ('--private',) else [image],
                             listed, options)
        return image

    def save(self, image):
        saved = self.cloud.folder / 'saved'
        for options in ((), ('--store-preference', 'fast')):
            self.alice('image', 'save', *options, '--file', saved, image)
            self.assertEqual(self.cloud.data, saved.read_bytes())
            saved.unlink()

    def change(self, image):
        self.alice('image', 'set', '--name', 'second', '--min-disk', '2',
                   '--min-ram', '64', '--property', 'color=red', '--tag',
                   'extra', '--os-version', '12', '--private', '--protected',
                   image)
        shown = self.alice.json('image', 'show', image)
        self.assertEqual(
            ('second', 2, 64, 'private', True, {'ready', 'extra'}, '12'),
            (shown['name'], shown['min_disk'], shown['min_ram'],
             shown['visibility'], shown['protected'], set(shown['tags']),
             shown['properties']['os_version']))
        self.refused('', 'image', 'delete', image)
        self.alice('image', 'unset', '--property', 'color', '--tag', 'extra',
                   image)
        self.assertNotIn('color', self.value(image, 'properties'))
        self.alice('image', 'set', '--unprotected', '--shared', '--hidden',
                   image)
        self.assertEqual([], self.alice.json('image', 'list'))
        self.assertEqual([image], [each['ID'] for each in self.alice.json(
            'image', 'list', '--hidden')])
        self.alice('image', 'set', '--unhidden', image)
        for option, status in (('--deactivate', 'deactivated'),
                               ('--activate', 'active')):
            self.root('image', 'set', option, image)
            self.assertEqual(status, self.value(image, 'status'))

    def cache(self, image):
        self.root('cached', 'image', 'clear')
        self.assertFalse(self.cached(image))
        self.root('cached', 'image', 'queue', image)
        application.eventually(lambda: self.cached(image), 'It is cached')
        self.save(image)
        self.root('cached', 'image', 'delete', image)
        self.assertFalse(self.cached(image))

    def cached(self, image):
        return (image, 'cached') in [
            (each['ID'], each['State'])
            for each in self.root.json('cached', 'image', 'list')]

    def share(self, image):
        # Who may not look up a project has to know its id.
        builders = self.cloud.projects['builders']
        self.alice('image', 'add', 'project', image, builders)
        member, = self.alice.json('image', 'member', 'list', image)
        self.assertEqual((builders, 'pending'),
                         (member['Member ID'], member['Status']))
        for option, status in (('--reject', 'rejected'),
                               ('--pending', 'pending'),
                               ('--accept', 'accepted')):
            self.bob('image', 'set', option, '--project', builders, image)
            self.assertEqual(status, self.bob.json(
                'image', 'member', 'get', image, builders)['status'])
        self.assertEqual(image, self.bob.json('image', 'show', image)['id'])
        self.alice('image', 'remove', 'project', image, builders)
        self.assertEqual([], self.alice.json('image', 'member', 'list',
                                             image))

    def discover(self):
        self.assertIn('web-download', self.alice('image', 'import', 'info'))
        self.assertEqual({'fast', 'cheap', 'web'}, {
            each['ID'] for each in self.alice.json('image', 'stores',
                                                   'list')})
        self.assertIn(str(self.cloud.state), self.root(
            'image', 'stores', 'list', '--detail'))

    def import_in_every_way(self):
        whole = self.new('whole', '--import', '--file', self.cloud.raw)
        self.become(whole, 'active')
        staged = self.new('staged')
        self.alice('image', 'stage', '--file', self.cloud.raw, staged)
        self.assertEqual('uploading', self.value(staged, 'status'))
        self.alice('image', 'import', '--method', 'glance-direct', staged)
        self.become(staged, 'active')
        web = self.new('web')
        self.alice('image', 'import', '--method', 'web-download', '--uri',
                   f'{self.cloud.files}/a.raw', web)
        self.become(web, 'active')
        self.root('image', 'import', '--method', 'copy-image', '--all-stores',
                  web)

        def stores(wanted):
            return set(re.findall(r"'stores': '([^']*)'", self.value(
                web, 'properties'))) & wanted
        application.eventually(
            lambda: stores({'fast,cheap', 'cheap,fast'}), 'it is copied')
        self.root('image', 'delete', '--store', 'cheap', web)
        self.assertTrue(stores({'fast'}))
        self.root('image', 'import', '--method', 'copy-image', '--store',
                  'cheap', '--disallow-failure', '--wait', web)
        self.assertTrue(stores({'fast,cheap', 'cheap,fast'}))
        both = self.new('both')
        self.alice('image', 'stage', '--file', self.cloud.raw, both)
        self.alice('image', 'import', '--method', 'glance-direct', '--store',
                   'fast', 'cheap', '--allow-failure', '--wait', both)
        self.assertRegex(self.value(both, 'properties'),
                         "'stores': '(fast,cheap|cheap,fast)'")
        tasks = self.root.json('image', 'task', 'list')
        self.assertEqual({'success'}, {each['Status'] for each in tasks})
        task = self.root.json('image', 'task', 'show', tasks[0]['ID'])
        self.assertEqual(tasks[0]['ID'], task['id'])
        self.alice('image', 'delete', whole, staged, web, both)

    def untold(self):
        """:returns: the commands that nobody has called."""
        offered = [
            command for noun in ('image', 'cached image')
            for command in re.findall(f'^  ({noun} .+)$', self.alice(
                'help', *noun.split()), re.M)]
        self.assertIn('image create', offered)
        self.assertIn('cached image list', offered)
        return {command for command in offered
                if not command.startswith('image metadef ')
                and not any(f'{told} '.startswith(f'openstack {command} ')
                            for told in self.clients.told)}
