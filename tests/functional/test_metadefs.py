# SPDX-License-Identifier: Apache-2.0
"""Metadata definitions beyond what Glance's recorded answers show."""
import json
import threading
import uuid

import testtools

from glancelite.cmd import manage
from tests.functional import application

PATH = '/v2/metadefs/namespaces'


class MetadefTest(application.SharedTestCase):

    def setUp(self):
        super().setUp()
        self.name = f'NS-{uuid.uuid4()}'
        self.path = f'{PATH}/{self.name}'
        self.ask('POST', '', {
            'namespace': self.name, 'visibility': 'public'}, path=PATH)
        self.addCleanup(self.client.request, 'DELETE', self.path,
                        persona='admin')

    def ask(self, method, rest='', document=None, status=None, path=None):
        answer = self.client.request(
            method, f'{path or self.path}{rest}', json=document,
            persona='admin')
        if status is not None:
            self.assertEqual(status, answer.status, answer.body)
        return answer

    def test_values_of_a_property_come_back_as_they_were_given(self):
        schema = {'title': 'T', 'type': 'array', 'default': ['a', 1.5, None],
                  'minimum': 0.5, 'enum': [1, 'b'], 'operators': ['<or>'],
                  'items': {'type': 'string'}, 'description': '\U0001f600'}
        self.ask('POST', '/properties', {'name': 'p', **schema}, 201)
        self.assertEqual({'name': 'p', **schema},
                         self.ask('GET', '/properties/p').json)
        self.assertEqual({'p': schema}, self.ask('GET').json['properties'])

    def test_an_object_takes_no_name_that_is_taken(self):
        for name in ('a', 'b'):
            self.ask('POST', '/objects', {'name': name}, 201)
        self.ask('PUT', '/objects/a', {'name': 'b'}, 409)
        self.ask('GET', '/objects/a', status=200)

    def test_what_no_database_could_hold_is_refused(self):
        for rest, document in (
                ('/objects', {'name': 'o', 'description': 'd' * 70000}),
                ('/objects', {'name': 'o', 'description': 'a\0'}),
                ('/objects', {'name': 'o', 'required': ['a,b']}),
                ('/objects', {'name': 'o', 'properties': {
                    'n' * 81: {'title': 't', 'type': 'string'}}}),
                ('/properties', {'name': 'p', 'type': 'string',
                                 'title': 't' * 70000}),
                ('/properties', {'name': 'p\0', 'type': 'string',
                                 'title': 't'}),
                ('/tags', {'tags': [{'name': 't' * 81}]}),
                ('/resource_types', {'name': 'r\ud800'})):
            answer = self.ask('POST', rest, document, 400)
            self.assertNotIn('Traceback', answer.body.decode())
        self.ask('GET', '/objects/a%00', status=404)

    def test_names_are_matched_as_they_are_written(self):
        self.ask('POST', '/tags/Red', status=201)
        self.ask('GET', '/tags/red', status=404)
        self.ask('GET', '', status=404, path=self.path.swapcase().replace(
            PATH.swapcase(), PATH))

    def test_pages_of_namespaces_show_each_once(self):
        kind = f'T-{uuid.uuid4()}'
        names = {f'{self.name}-{number}' for number in range(5)}
        for name in names:
            self.ask('POST', '', {
                'namespace': name,
                'resource_type_associations': [{'name': kind}]},
                201, path=PATH)
        seen = []
        link = f'{PATH}?limit=2&sort_key=protected&resource_types={kind}'
        while link:
            page = self.client.get(link, persona='admin').json
            seen += [each['namespace'] for each in page['namespaces']]
            link = page.get('next')
        self.assertEqual(sorted(names), sorted(seen))
        for name in names:
            self.ask('DELETE', '', status=204, path=f'{PATH}/{name}')

    def test_of_two_that_add_the_same_tag_one_is_told_so(self):
        answers = []

        def add():
            answers.append(self.client.renewed().request(
                'POST', f'{self.path}/tags/one', persona='admin').status)
        threads = [threading.Thread(target=add) for _each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([201, 409, 409, 409], sorted(answers))


class FilesTest(testtools.TestCase):
    """Namespaces come from files and go to files."""

    def setUp(self):
        super().setUp()
        self.application = self.useFixture(application.Application('wsgi'))
        self.client = self.application.client

    def manage(self, command, *arguments):
        return manage.main([
            '--config-file', str(self.application.configuration), 'db',
            command, *map(str, arguments)])

    def test_what_is_exported_can_be_loaded_again(self):
        document = {
            'namespace': 'OS::Test', 'description': 'd', 'owner': 'admin',
            'visibility': 'public', 'protected': True,
            'resource_type_associations': [{'name': 'R', 'prefix': 'p_'}],
            'properties': {'a': {'title': 'A', 'type': 'string'}},
            'objects': [{'name': 'o', 'required': ['x'], 'properties': {
                'x': {'title': 'X', 'type': 'integer'}}}],
            'tags': [{'name': 't'}]}
        folder = self.application.folder / 'definitions'
        folder.mkdir()
        (folder / 'one.json').write_text(json.dumps(document))
        self.assertEqual(0, self.manage('load_metadefs', '--path', folder))
        before = self.client.get(f'{PATH}/OS::Test').json
        self.assertEqual({'a': {'title': 'A', 'type': 'string'}},
                         before['properties'])
        other = self.application.folder / 'exported'
        self.assertEqual(0, self.manage('export_metadefs', '--path', other))
        self.assertEqual(0, self.manage('unload_metadefs'))
        self.assertEqual([], self.client.get(PATH).json['namespaces'])
        self.assertEqual(0, self.manage('load_metadefs', '--path', other))
        after = self.client.get(f'{PATH}/OS::Test').json
        for shown in (before, after):
            for each in (shown, *shown['objects'],
                         *shown['resource_type_associations']):
                del each['created_at'], each['updated_at']
        self.assertEqual(before, after)

    def test_merging_keeps_replaces_or_overwrites(self):
        path = self.application.folder / 'one.json'

        def load(title, name, *options):
            path.write_text(json.dumps({
                'namespace': 'M', 'visibility': 'public', 'properties': {
                    'a': {'title': title, 'type': 'string'},
                    name: {'title': 'x', 'type': 'string'}}}))
            self.assertEqual(0, self.manage(
                'load_metadefs', '--path', path, *options))
            its = self.client.get(f'{PATH}/M').json['properties']
            return its['a']['title'], sorted(its)

        self.assertEqual(('1', ['a', 'b']), load('1', 'b'))
        self.assertEqual(('1', ['a', 'b']), load('2', 'c'))
        self.assertEqual(('1', ['a', 'b', 'd']), load('3', 'd', '--merge'))
        self.assertEqual(('4', ['a', 'b', 'd', 'e']),
                         load('4', 'e', '--merge', '--prefer_new'))
        self.assertEqual(('5', ['a', 'f']),
                         load('5', 'f', '--merge', '--overwrite'))

    def test_a_bad_file_is_named_and_the_others_are_loaded(self):
        folder = self.application.folder / 'definitions'
        folder.mkdir()
        (folder / 'a.json').write_text('{')
        (folder / 'b.json').write_text('{"namespace": 5}')
        (folder / 'c.json').write_text(
            '{"namespace": "C", "visibility": "public"}')
        self.assertEqual(1, self.manage('load_metadefs', '--path', folder))
        self.assertEqual(
            ['C'], [each['namespace'] for each in self.client.get(
                PATH).json['namespaces']])
