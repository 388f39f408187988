# SPDX-License-Identifier: Apache-2.0
"""python-openstackclient and python-glanceclient upload, find, change, save
and delete real disks.
"""
import shutil

import bcrypt
import testtools

from tests.clients import cloud
from tests.clients import running

_BASIC = '''
[paste_deploy]
flavor = http_basic

[http_basic]
user_file = {state}/htpasswd
project_map = alice:wonderland,bob:builders
role_map = alice:member+reader,bob:member+reader
'''


class _ClientTestCase(testtools.TestCase):

    commands = ()

    def setUp(self):
        super().setUp()
        for name in (*self.commands, 'qemu-img'):
            if not (running.find(name) or shutil.which(name)):
                self.skipTest(f'There is no {name}.')
        self.disks = self.useFixture(running.Disks())

    def new_file(self, name):
        """:returns: a path where nothing is yet."""
        return self.disks.raw.with_name(name)

    def assert_same(self, path, other):
        self.assertEqual(running.sha512(path), running.sha512(other))

    def tell_openstack(self, openstack, disk_format):
        """Create, find, show, set, unset and save, by ``openstack``.

        :returns: the id of the image, which is left there.
        """
        disk = getattr(self.disks, disk_format)
        name = f'my {disk_format} disk'
        created = openstack.json(
            'image', 'create', '--disk-format', disk_format,
            '--container-format', 'bare', '--property', 'os_distro=debian',
            '--tag', 'ready', '--file', disk, name)
        shown = openstack.json('image', 'show', name)
        self.assertEqual(created['id'], shown['id'])
        self.assertEqual('active', shown['status'])
        self.assertEqual(disk.stat().st_size, shown['size'])
        self.assertEqual(running.sha512(disk),
                         shown['properties']['os_hash_value'])
        self.assertEqual('debian', shown['properties']['os_distro'])
        self.assertEqual(['ready'], shown['tags'])
        listed = openstack.json('image', 'list', '--name', name,
                                '--status', 'active', '--tag', 'ready')
        self.assertEqual([created['id']], [each['ID'] for each in listed])
        openstack('image', 'set', '--min-ram', '512', '--property',
                  'os_version=12', '--tag', 'tested', name)
        openstack('image', 'unset', '--property', 'os_distro', '--tag',
                  'ready', name)
        shown = openstack.json('image', 'show', name)
        self.assertEqual(512, shown['min_ram'])
        self.assertEqual('12', shown['properties']['os_version'])
        self.assertNotIn('os_distro', shown['properties'])
        self.assertEqual(['tested'], shown['tags'])
        saved = self.new_file(f'saved.{disk_format}')
        openstack('image', 'save', '--file', saved, name)
        self.assert_same(disk, saved)
        saved.unlink()
        return created['id']

    def tell_glance(self, glance, disk_format):
        """Create, find, change, save and delete, by ``glance``."""
        disk = getattr(self.disks, disk_format)
        printed = table(glance(
            'image-create', '--disk-format', disk_format,
            '--container-format', 'bare', '--name', 'mine', '--file',
            disk, '--property', 'color=red'))
        image_id = printed['id']
        self.assertEqual('active', printed['status'])
        # The table has no room for all of it.
        self.assertTrue(running.sha512(disk).startswith(
            printed['os_hash_value']))
        self.assertIn(image_id, glance('image-list'))
        glance('image-update', '--name', 'renamed', '--property',
               'color=blue', image_id)
        shown = table(glance('image-show', image_id))
        self.assertEqual(('renamed', 'blue'),
                         (shown['name'], shown['color']))
        glance('image-tag-update', image_id, 'ready')
        self.assertIn('ready', table(glance(
            'image-show', image_id))['tags'])
        saved = self.new_file(f'saved.{disk_format}')
        glance('image-download', '--file', saved, image_id)
        self.assert_same(disk, saved)
        saved.unlink()
        glance('image-deactivate', image_id)
        glance('image-reactivate', image_id)
        glance('image-delete', image_id)
        self.assertNotIn(image_id, glance('image-list'))


class _LocalTestCase(_ClientTestCase):

    def setUp(self):
        super().setUp()
        self.service = self.useFixture(running.ToolsRun())


class OpenstackTest(_LocalTestCase):
    """python-openstackclient."""

    commands = ('openstack',)

    def test_openstack_without_authentication(self):
        printed = self.service.start()
        openstack = running.Command(
            'openstack', '--os-auth-type', 'none', '--os-endpoint',
            self.service.url)
        self.assertIn(f'--os-auth-type none --os-endpoint '
                      f'{self.service.url} image list', printed)
        self.assertIn(str(self.service.state), printed)
        images = {}
        for disk_format in ('raw', 'qcow2'):
            images[disk_format] = self.tell_openstack(openstack, disk_format)
        self.assertEqual(0, self.service.stop())
        self.service.start()
        self.assertEqual(
            set(images.values()),
            {image['ID'] for image in openstack.json('image', 'list')})
        for image_id in images.values():
            openstack('image', 'delete', image_id)
        self.assertEqual([], openstack.json('image', 'list'))
        self.assertEqual([], list((self.service.state / 'images').iterdir()))

    def test_openstack_with_http_basic(self):
        self.service.start()
        self.assertEqual(0, self.service.stop())
        state = self.service.state
        with open(state / 'glancelite-api.conf', 'a') as file:
            file.write(_BASIC.format(state=state))
        with open(state / 'htpasswd', 'w') as file:
            for user in ('alice', 'bob'):
                hashed = bcrypt.hashpw(user.encode(), bcrypt.gensalt(5))
                file.write(f'{user}:{hashed.decode()}\n')
        self.service.start()
        # This plugin of the client looks for no version by itself.
        alice, bob, thief = (running.Command(
            'openstack', '--os-auth-type', 'http_basic', '--os-username',
            user, '--os-password', password, '--os-endpoint',
            f'{self.service.url}/v2') for user, password in (
                ('alice', 'alice'), ('bob', 'bob'), ('alice', 'wrong')))
        image_id = self.tell_openstack(alice, 'qcow2')
        self.assertEqual('wonderland', alice.json(
            'image', 'show', image_id)['owner'])
        self.assertEqual([], bob.json('image', 'list'))
        self.assertNotEqual(0, bob.run('image', 'show',
                                       image_id).returncode)
        refused = thief.run('image', 'list')
        self.assertNotEqual(0, refused.returncode)
        self.assertIn('401', refused.stdout + refused.stderr)
        alice('image', 'delete', image_id)
        self.assertEqual([], alice.json('image', 'list'))


class GlanceTest(_LocalTestCase):
    """python-glanceclient."""

    commands = ('glance',)

    def test_glance_without_authentication(self):
        self.service.start()
        glance = running.Command(
            'glance', '--os-image-url', self.service.url,
            '--os-auth-token', 'unused')
        for disk_format in ('raw', 'qcow2'):
            self.tell_glance(glance, disk_format)
        self.assertEqual([], list((self.service.state / 'images').iterdir()))


class KeystoneTest(_ClientTestCase):
    """Both, behind Apache httpd and with a real Keystone."""

    commands = ('openstack', 'glance')
    kind = 'keystone'

    def setUp(self):
        super().setUp()
        self.cloud = cloud.of(self)
        # A store.
        self.store = self.cloud.state / 'fast'

    def test_openstack_with_keystone(self):
        alice, bob = (
            running.Command('openstack',
                            environment=self.cloud.environment(user))
            for user in ('alice', 'bob'))
        for disk_format in ('raw', 'qcow2'):
            image = self.tell_openstack(alice, disk_format)
            self.assertEqual([], bob.json('image', 'list'))
            self.assertEqual([image],
                             [path.name for path in self.store.iterdir()])
            alice('image', 'delete', image)
        self.assertEqual([], list(self.store.iterdir()))

    def test_glance_with_keystone(self):
        glance = self.cloud.glance(running.Command)
        for disk_format in ('raw', 'qcow2'):
            self.tell_glance(glance, disk_format)
        self.assertEqual([], list(self.store.iterdir()))


def table(text):
    """:returns: property to value, of a table that ``glance`` prints."""
    rows = (line.split('|') for line in text.splitlines() if '|' in line)
    return {row[1].strip(): row[2].strip() for row in rows}
