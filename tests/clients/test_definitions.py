# SPDX-License-Identifier: Apache-2.0
"""Every command and call of the clients for metadata definitions."""
import json
import re

import openstack
from openstack.image.v2 import _proxy
import testscenarios
import testtools

from tests.clients import cloud
from tests.clients import running
from tests.clients import test_clients
from tests.clients import test_sdk

load_tests = testscenarios.load_tests_apply_scenarios

SPACE = 'Test::Disks'
_TYPE = 'OS::Test::Disk'
_PROPERTIES = {'speed': {'title': 'Speed', 'type': 'integer'}}


class _DefinitionsTestCase(testtools.TestCase):

    scenarios = cloud.scenarios('none', 'keystone')

    def setUp(self):
        super().setUp()
        self.cloud = cloud.of(self)
        self.called = set()
        connection = openstack.connection.Connection(
            config=self.cloud.region('root'))
        self.addCleanup(connection.close)
        self.proxy = test_sdk.Noting(connection.image, self.called)


class OpenstackDefinitionsTest(_DefinitionsTestCase):
    """python-openstackclient."""

    def setUp(self):
        super().setUp()
        self.clients = self.useFixture(running.Clients())
        self.openstack = self.clients.command(
            'openstack', environment=self.cloud.environment('root'))

    def call(self, *words):
        return self.openstack('image', 'metadef', *words)

    def json(self, *words):
        return self.openstack.json('image', 'metadef', *words)

    def test_every_command(self):
        self.call('namespace', 'create', '--display-name', 'Disk',
                  '--description', 'of disks', '--public', SPACE)
        self.change_the_namespace()
        self.define_properties()
        self.define_objects()
        self.associate()
        self.call('namespace', 'delete', SPACE)
        self.assertNotIn(SPACE, self.call('namespace', 'list'))
        self.assertEqual([], self.untold())

    def change_the_namespace(self):
        self.assertIn(SPACE, self.call('namespace', 'list'))
        self.call('namespace', 'set', '--tag', 'fast', SPACE)
        self.call('namespace', 'unset', '--tag', 'fast', SPACE)
        # It replaces all, and so the client has to name all.
        self.call('namespace', 'set', '--display-name', 'Disks', '--private',
                  '--tag', 'slow', SPACE)
        self.call('namespace', 'unset', '--all-tags', SPACE)
        shown = self.json('namespace', 'show', SPACE)
        self.assertEqual(('Disks', 'private'), (shown['display_name'],
                                                shown['visibility']))

    def define_properties(self):
        self.call('property', 'create', '--name', 'size', '--title', 'Size',
                  '--type', 'integer', '--schema', '{"minimum": 1}', SPACE)
        self.call('property', 'set', '--title', 'Bytes', '--schema',
                  '{"minimum": 2}', SPACE, 'size')
        self.assertEqual('Bytes', self.json('property', 'show', SPACE,
                                            'size')['title'])
        self.assertIn('size', self.call('property', 'list', SPACE))
        self.call('property', 'delete', SPACE, 'size')
        self.assertNotIn('size', self.call('property', 'list', SPACE))

    def define_objects(self):
        self.call('object', 'create', '--namespace', SPACE, 'drive')
        self.call('object', 'update', '--name', 'disk', SPACE, 'drive')
        self.assertEqual('disk', self.json('object', 'show', SPACE,
                                           'disk')['name'])
        # The command has no way to give an object properties.
        self.proxy.create_metadef_object(SPACE, name='ssd',
                                         properties=_PROPERTIES)
        self.assertIn('Speed', self.call('object', 'property', 'show', SPACE,
                                         'ssd', 'speed'))
        listed = self.call('object', 'list', SPACE)
        self.assertTrue('ssd' in listed and 'disk' in listed, listed)
        self.call('object', 'delete', SPACE, 'ssd', 'disk')
        self.assertEqual([], self.json('object', 'list', SPACE))

    def associate(self):
        association = 'resource', 'type', 'association'
        self.call(*association, 'create', SPACE, _TYPE)
        self.assertIn(_TYPE, self.call(*association, 'list', SPACE))
        self.assertIn(_TYPE, self.call('resource', 'type', 'list'))
        self.call(*association, 'delete', SPACE, _TYPE)
        self.assertNotIn(_TYPE, self.call(*association, 'list', SPACE))

    def untold(self):
        """:returns: the commands that nobody has called, sorted."""
        offered = re.findall('^  (image metadef .+)$', self.openstack(
            'help', 'image'), re.M)
        self.assertIn('image metadef namespace create', offered)
        return sorted(
            command for command in offered
            if not any(f'{told} '.startswith(f'openstack {command} ')
                       for told in self.clients.told))


class GlanceDefinitionsTest(_DefinitionsTestCase):
    """python-glanceclient."""

    def setUp(self):
        super().setUp()
        self.clients = self.useFixture(running.Clients())
        self.glance = self.cloud.glance(self.clients.command)

    def call(self, command, *words):
        return self.glance(f'md-{command}', *words)

    def table(self, command, *words):
        return test_clients.table(self.call(command, *words))

    def test_every_command(self):
        self.make_namespaces()
        self.define_properties()
        self.define_objects()
        self.define_tags()
        self.associate()
        self.call('namespace-delete', SPACE)
        self.assertNotIn(SPACE, self.call('namespace-list'))
        offered = re.findall('^    (md-[a-z-]+)', self.glance('help'), re.M)
        self.assertIn('md-tag-list', offered)
        told = {name for words in self.clients.told for name in words.split()}
        self.assertEqual([], sorted(set(offered) - told))

    def make_namespaces(self):
        self.call('namespace-create', '--visibility', 'public',
                  '--display-name', 'Disk', SPACE)
        self.call('namespace-update', '--display-name', 'Disks', SPACE)
        self.assertEqual('Disks', self.table(
            'namespace-show', SPACE)['display_name'])
        file = self.cloud.folder / 'namespace.json'
        file.write_text(json.dumps({'namespace': 'Test::Other',
                                    'tags': [{'name': 'one'}]}))
        self.call('namespace-import', '--file', file)
        listed = self.call('namespace-list')
        self.assertTrue(SPACE in listed and 'Test::Other' in listed, listed)
        self.call('namespace-delete', 'Test::Other')

    def define_properties(self):
        for name in ('size', 'speed'):
            self.call('property-create', '--name', name, '--title', 'Size',
                      '--type', 'integer', '--schema', '{}', SPACE)
        self.call('property-update', '--title', 'Bytes', SPACE, 'size')
        self.assertEqual('Bytes', self.table('property-show', SPACE,
                                             'size')['title'])
        self.call('property-delete', SPACE, 'size')
        listed = self.call('property-list', SPACE)
        self.assertTrue('speed' in listed and 'size' not in listed, listed)
        self.call('namespace-properties-delete', SPACE)
        self.assertNotIn('speed', self.call('property-list', SPACE))

    def define_objects(self):
        schema = json.dumps({'properties': _PROPERTIES})
        for name in ('drive', 'ssd'):
            self.call('object-create', '--name', name, '--schema', schema,
                      SPACE)
        self.call('object-update', '--name', 'disk', SPACE, 'drive')
        self.assertEqual('disk', self.table('object-show', SPACE,
                                            'disk')['name'])
        self.assertEqual('Speed', self.table(
            'object-property-show', SPACE, 'disk', 'speed')['title'])
        self.call('object-delete', SPACE, 'disk')
        listed = self.call('object-list', SPACE)
        self.assertTrue('ssd' in listed and 'disk' not in listed, listed)
        self.call('namespace-objects-delete', SPACE)
        self.assertNotIn('ssd', self.call('object-list', SPACE))

    def define_tags(self):
        self.call('tag-create', '--name', 'first', SPACE)
        # Its --append fails in the client, before it asks anybody.
        self.call('tag-create-multiple', '--names', 'second,third,fourth',
                  '--delim', ',', SPACE)
        self.assertNotIn('first', self.call('tag-list', SPACE))
        self.call('tag-update', '--name', 'changed', SPACE, 'second')
        self.assertEqual('changed', self.table('tag-show', SPACE,
                                               'changed')['name'])
        self.call('tag-delete', SPACE, 'third')
        listed = self.call('tag-list', SPACE)
        self.assertTrue('fourth' in listed and 'third' not in listed, listed)
        self.call('namespace-tags-delete', SPACE)
        self.assertNotIn('fourth', self.call('tag-list', SPACE))

    def associate(self):
        self.call('resource-type-associate', '--name', _TYPE, '--prefix',
                  'hw_', SPACE)
        self.assertIn(_TYPE, self.call('namespace-resource-type-list', SPACE))
        self.assertIn(_TYPE, self.call('resource-type-list'))
        self.call('resource-type-deassociate', SPACE, _TYPE)
        self.assertNotIn(_TYPE, self.call('namespace-resource-type-list',
                                          SPACE))


class SdkDefinitionsTest(_DefinitionsTestCase):
    """openstacksdk."""

    def test_every_call(self):
        self.proxy.create_metadef_namespace(namespace=SPACE,
                                            visibility='public')
        self.change_the_namespace()
        self.define_properties()
        self.define_objects()
        self.associate()
        self.proxy.delete_metadef_namespace(SPACE)
        self.assertEqual([], list(self.proxy.metadef_namespaces()))
        for name in ('namespace', 'namespaces', 'resource_type',
                     'resource_types', 'object', 'objects', 'property',
                     'properties', 'tag', 'tags'):
            schema = getattr(self.proxy, f'get_metadef_{name}_schema')()
            self.assertTrue(schema.properties, name)
        offered = {name for name, value in vars(_proxy.Proxy).items()
                   if callable(value) and 'metadef' in name}
        self.assertIn('create_metadef_object', offered)
        self.assertEqual(set(), offered - self.called)

    def change_the_namespace(self):
        self.assertEqual([SPACE], [
            each.namespace for each in self.proxy.metadef_namespaces()])
        self.proxy.update_metadef_namespace(SPACE, display_name='Disks')
        self.assertEqual('Disks', self.proxy.get_metadef_namespace(
            SPACE).display_name)
        for name in ('one', 'two', 'three'):
            self.proxy.add_tag_to_metadef_namespace(SPACE, name)
        self.proxy.remove_tag_from_metadef_namespace(SPACE, 'one')
        self.proxy.remove_tags_from_metadef_namespace(SPACE)

    def define_properties(self):
        for name in ('size', 'speed'):
            self.proxy.create_metadef_property(
                SPACE, name=name, title='Size', type='integer')
        self.proxy.update_metadef_property('size', SPACE, name='size',
                                           title='Bytes', type='integer')
        self.assertEqual('Bytes', self.proxy.get_metadef_property(
            'size', SPACE).title)
        self.proxy.delete_metadef_property('size', SPACE)
        self.assertEqual(['speed'], [
            each.name for each in self.proxy.metadef_properties(SPACE)])
        self.proxy.delete_all_metadef_properties(SPACE)
        self.assertEqual([], list(self.proxy.metadef_properties(SPACE)))

    def define_objects(self):
        for name in ('drive', 'ssd'):
            self.proxy.create_metadef_object(SPACE, name=name,
                                             properties=_PROPERTIES)
        self.proxy.update_metadef_object('drive', SPACE, name='disk')
        self.assertEqual('Speed', self.proxy.get_metadef_object(
            'ssd', SPACE).properties['speed'][
                'title'])
        self.proxy.delete_metadef_object('disk', SPACE)
        self.assertEqual(['ssd'], [
            each.name for each in self.proxy.metadef_objects(SPACE)])
        self.proxy.delete_all_metadef_objects(SPACE)
        self.assertEqual([], list(self.proxy.metadef_objects(SPACE)))

    def associate(self):
        self.proxy.create_metadef_resource_type_association(
            SPACE, name=_TYPE, prefix='hw_')
        self.assertEqual([_TYPE], [
            each.name for each in
            self.proxy.metadef_resource_type_associations(SPACE)])
        self.assertIn(_TYPE, {
            each.name for each in self.proxy.metadef_resource_types()})
        self.proxy.delete_metadef_resource_type_association(_TYPE, SPACE)
        self.assertEqual([], list(
            self.proxy.metadef_resource_type_associations(SPACE)))
