# SPDX-License-Identifier: Apache-2.0
"""Configuration files: where they are found, and what they change."""
import json
import os
import pathlib
import subprocess
import sys

import fixtures
import testscenarios
import testtools

from glancelite import deploy
from glancelite import exception
from glancelite.conf import files as conf_files
from tests import nursery
from tests.functional import application
from tests.functional import client

load_tests = testscenarios.load_tests_apply_scenarios

#: A WSGI server as operators use one: it imports ``glancelite.wsgi``.
_ASK = '''
import json
import webob
from glancelite import wsgi
answer = webob.Request.blank('/v2/images').get_response(wsgi.application)
print(json.dumps([answer.status_int, answer.json]))
'''


class EnvironmentTest(testtools.TestCase):
    """What the environment says about files."""

    def folder(self, *names):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name in names:
            (folder / name).touch()
        return str(folder)

    def test_nothing_said_leaves_the_usual_places(self):
        self.assertIsNone(conf_files.from_environment({}))

    def test_a_directory_gives_our_file_or_that_of_glance(self):
        for names in (['glancelite-api.conf'], ['glance-api.conf'],
                      ['glancelite-api.conf', 'glance-api.conf'],
                      ['glance-api.conf', 'glance-image-import.conf']):
            folder = self.folder(*names)
            for variable in ('OS_GLANCELITE_CONFIG_DIR',
                             'OS_GLANCE_CONFIG_DIR'):
                self.assertEqual(
                    [f'{folder}/{name}' for name in names],
                    conf_files.from_environment({variable: folder}))

    def test_files_are_separated_by_semicolons(self):
        self.assertEqual(
            ['/a/one.conf', '/b/two.conf'],
            conf_files.from_environment({
                'OS_GLANCE_CONFIG_DIR': '/a',
                'OS_GLANCE_CONFIG_FILES': 'one.conf;/b/two.conf'}))

    def test_our_names_come_before_those_of_glance(self):
        self.assertEqual(
            ['/ours/x.conf'], conf_files.from_environment({
                'OS_GLANCELITE_CONFIG_DIR': '/ours',
                'OS_GLANCE_CONFIG_DIR': '/theirs',
                'OS_GLANCE_CONFIG_FILES': 'x.conf'}))

    def test_commands_read_what_the_environment_names(self):
        folder = self.folder()
        connection = f'sqlite:///{folder}/named.sqlite'
        pathlib.Path(folder, 'glance-api.conf').write_text(
            f'[database]\nconnection = {connection}\n')
        for words in (['manage', 'db', 'sync'], ['status', 'upgrade',
                                                'check']):
            done = nursery.run(*words, env={
                **os.environ, 'OS_GLANCE_CONFIG_DIR': folder})
            self.assertEqual(0, done.returncode, done.stdout + done.stderr)
            self.assertTrue(pathlib.Path(folder, 'named.sqlite').exists())

    def test_the_wsgi_module_serves_what_the_environment_names(self):
        service = self.useFixture(application.Application(
            'wsgi', paste_deploy=application.SHIPPED_PASTE))
        service.client.create(persona=None, name='found')
        done = subprocess.run(
            [sys.executable, '-c', _ASK], capture_output=True, text=True,
            cwd=application.ROOT, check=True, timeout=application.PATIENCE,
            env={**os.environ, 'OS_GLANCELITE_CONFIG_FILES':
                 str(service.configuration)})
        status, document = json.loads(done.stdout.splitlines()[-1])
        self.assertEqual(200, status)
        self.assertEqual(['found'],
                         [image['name'] for image in document['images']])


class OptionTest(testtools.TestCase):
    """Options do what their help says, whatever the server."""

    def start(self, **options):
        service = self.useFixture(
            application.Application('wsgi', **options))
        return service.client

    def test_the_options_of_lists_and_links(self):
        asked = self.start(limit_param_default=2, api_limit_max=3,
                           public_endpoint='https://images.example/v')
        for _ in range(5):
            image = asked.request('POST', '/v2/images', json={})
            self.assertEqual(
                f'http://localhost/v2/images/{image.json["id"]}',
                image.headers['Location'])
        self.assertEqual(2, len(asked.names()))
        self.assertEqual(3, len(asked.names('limit=100')))
        href = asked.get('/').json['versions'][0]['links'][0]['href']
        self.assertEqual('https://images.example/v/v2/', href)

    def test_the_options_of_formats(self):
        asked = self.start(image_format={
            'disk_formats': 'raw,floppy', 'container_formats': 'bare',
            'require_image_format_match': False})
        answer = asked.request('POST', '/v2/images',
                               json={'disk_format': 'qcow2'})
        self.assertEqual(400, answer.status)
        image = asked.create(disk_format='floppy')
        self.assertEqual(204, asked.upload(image['id'], b'x').status)
        schema = asked.get('/v2/schemas/image').json
        self.assertEqual([None, 'raw', 'floppy'],
                         schema['properties']['disk_format']['enum'])

    def test_the_options_of_identity_without_authentication(self):
        asked = self.start(
            paste_deploy=application.SHIPPED_PASTE,
            noauth={'project_id': 'mine', 'roles': 'member,reader'})
        answer = asked.request('POST', '/v2/images', persona='admin',
                               json={})
        self.assertEqual('mine', answer.json['owner'])
        answer = asked.request('POST', '/v2/images', persona='admin',
                               json={'visibility': 'public'})
        self.assertEqual(403, answer.status)

    def test_the_options_of_what_is_shown(self):
        asked = self.start(show_image_direct_url=True,
                           show_multiple_locations=True)
        image = asked.create()
        asked.upload(image['id'], b'data')
        shown = asked.show(image['id'])
        self.assertStartsWith('file:///', shown['direct_url'])
        self.assertEqual([shown['direct_url']],
                         [each['url'] for each in shown['locations']])

    def test_locations_are_not_shown_by_default(self):
        asked = self.start()
        image = asked.create()
        asked.upload(image['id'], b'data')
        shown = asked.show(image['id'])
        self.assertNotIn('direct_url', shown)
        self.assertNotIn('locations', shown)

    def test_the_options_of_bodies(self):
        asked = self.start(max_json_body_size=2000)
        fitting = {'p': 'x' * 1900}
        self.assertEqual(201, asked.request('POST', '/v2/images',
                                            json=fitting).status)
        answer = asked.request('POST', '/v2/images', json={'p': 'x' * 2000})
        self.assertEqual(413, answer.status)

    def test_the_quotas_of_one_image(self):
        asked = self.start(image_property_quota=2, image_tag_quota=1)
        self.assertEqual(413, asked.request(
            'POST', '/v2/images',
            json={'a': '1', 'b': '2', 'c': '3'}).status)
        self.assertEqual(413, asked.request(
            'POST', '/v2/images', json={'tags': ['a', 'b']}).status)
        image = asked.create(a='1', b='2', tags=['a'])
        answer = asked.patch(f'/v2/images/{image["id"]}', [
            {'op': 'add', 'path': '/c', 'value': '3'}])
        self.assertEqual(413, answer.status)
        self.assertNotIn('c', asked.show(image['id']))

    def test_negative_quotas_are_no_quotas(self):
        asked = self.start(image_property_quota=-1, image_tag_quota=-1)
        asked.create(tags=[str(number) for number in range(200)],
                     **{f'p{number}': 'x' for number in range(200)})

    def test_the_host_and_scheme_that_a_proxy_passes_on(self):
        asked = self.start(oslo_middleware={
            'enable_proxy_headers_parsing': True})
        answer = asked.get('/', headers={
            'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'cloud:443'})
        href = answer.json['versions'][0]['links'][0]['href']
        self.assertStartsWith('https://cloud', href)

    def test_a_browser_of_an_allowed_origin_is_told_so(self):
        asked = self.start(cors={'allowed_origin': 'https://horizon'})
        answer = asked.get('/v2/images',
                           headers={'Origin': 'https://horizon'})
        self.assertEqual('https://horizon',
                         answer.headers['Access-Control-Allow-Origin'])
        answer = asked.get('/v2/images', headers={'Origin': 'https://evil'})
        self.assertNotIn('Access-Control-Allow-Origin', answer.headers)

    def test_a_browser_may_upload_in_parts(self):
        asked = self.start(cors={'allowed_origin': 'https://horizon'})
        path = f'/v2/images/{asked.create()["id"]}/file'
        for method in ('PUT', 'PATCH', 'HEAD', 'DELETE'):
            answer = asked.request('OPTIONS', path, headers={
                'Origin': 'https://horizon',
                'Access-Control-Request-Method': method,
                'Access-Control-Request-Headers':
                    'upload-complete, upload-offset, content-type'})
            self.assertEqual('https://horizon',
                             answer.headers['Access-Control-Allow-Origin'])
            self.assertIn(method,
                          answer.headers['Access-Control-Allow-Methods'])
        answer = asked.get('/v2/images',
                           headers={'Origin': 'https://horizon'})
        for name in ('Location', 'Upload-Offset', 'Upload-Complete'):
            self.assertIn(name,
                          answer.headers['Access-Control-Expose-Headers'])

    def assertStartsWith(self, expected, text):
        self.assertTrue(text.startswith(expected), text)


class StoresTest(application.SharedTestCase):
    """Several stores."""

    scenarios = application.SCENARIOS
    options = {
        'enabled_backends': 'fast:file,slow:file',
        'glance_store': {'default_backend': 'slow'},
        'fast': {'filesystem_store_datadir': '{folder}/fast'},
        'slow': {'filesystem_store_datadir': '{folder}/slow'},
    }

    def stored(self, store, image):
        """:returns: the bytes of an image in a store."""
        path = self.application.folder / store / image['id']
        return path.read_bytes()

    def test_data_goes_to_the_default_store(self):
        image = self.client.create()
        self.client.upload(image['id'], b'data')
        self.assertEqual(b'data', self.stored('slow', image))
        self.assertEqual('slow', self.client.show(image['id'])['stores'])

    def test_data_goes_to_the_store_that_the_request_names(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], b'data',
                                    {'x-image-meta-store': 'fast'})
        self.assertEqual(204, answer.status)
        self.assertEqual(b'data', self.stored('fast', image))
        self.assertEqual('fast', self.client.show(image['id'])['stores'])
        self.assertEqual(b'data', self.client.download(image['id']).body)

    def test_an_unknown_store_is_400_and_the_image_stays_queued(self):
        image = self.client.create()
        answer = self.client.upload(image['id'], b'data',
                                    {'x-image-meta-store': 'nowhere'})
        self.assertEqual(400, answer.status)
        self.assertEqual('queued', self.client.show(image['id'])['status'])

    def test_the_stores_are_named_when_an_image_is_created(self):
        answer = self.client.request('POST', '/v2/images', json={})
        named = answer.headers['OpenStack-image-store-ids'].split(',')
        self.assertEqual(['fast', 'slow'], named[:2])


class SchemaFileTest(testtools.TestCase):
    """schema-image.json adds properties with types of their own."""

    def test_an_operators_file_adds_properties(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = folder / 'more.json'
        path.write_text(json.dumps({'hw_kind': {
            'type': 'string', 'enum': ['a', 'b'], 'description': 'Kind'}}))
        asked = self.useFixture(application.Application(
            'wsgi', schema_image_file=path)).client
        asked.create(hw_kind='a')
        answer = asked.request('POST', '/v2/images', json={'hw_kind': 'c'})
        self.assertEqual(400, answer.status)
        self.assertIn('hw_kind',
                      asked.get('/v2/schemas/image').json['properties'])

    def test_a_file_that_is_no_schema_stops_the_start(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = folder / 'more.json'
        service = self.useFixture(application.Application(
            'eventlet', started=False, schema_image_file=path))
        for text in ('{', '[]', '{"a": 1}', '{"a": {"type": "text"}}'):
            path.write_text(text)
            error = self.assertRaises(exception.ConfigurationError,
                                      deploy.load_app, service.load_conf())
            self.assertIn(f'schema_image_file {path}', str(error))

    def test_the_shipped_file_adds_those_of_glance(self):
        asked = self.useFixture(application.Application('wsgi')).client
        for name in ('kernel_id', 'ramdisk_id', 'os_distro',
                     'instance_uuid', 'architecture'):
            self.assertIn(name,
                          asked.get('/v2/schemas/image').json['properties'])
        self.assertEqual(400, asked.request(
            'POST', '/v2/images', json={'kernel_id': 'no-uuid'}).status)


class PropertyProtectionTest(application.SharedTestCase):
    """Property protections, by roles, through the door."""

    scenarios = application.SCENARIOS
    options = {'property_protection_file':
               application.ETC / 'property-protections.conf'}

    def setUp(self):
        super().setUp()
        self.image = self.client.create(free='1', once='1')
        self.path = f'/v2/images/{self.image["id"]}'
        self.change('admin', 'add', 'secret', '1')
        self.change('admin', 'add', 'readonly_x', '1')

    def change(self, persona, op, name, value=None):
        change = {'op': op, 'path': f'/{name}'}
        if value is not None:
            change['value'] = value
        return self.client.patch(self.path, [change],
                                 persona=persona).status

    def test_a_property_that_may_not_be_read_is_absent(self):
        self.assertNotIn('secret', self.client.show(self.image['id']))
        self.assertIn('secret',
                      self.client.show(self.image['id'], persona='admin'))
        listed, = self.client.get('/v2/images').json['images']
        self.assertNotIn('secret', listed)
        answer = self.client.patch(self.path, [
            {'op': 'replace', 'path': '/name', 'value': 'x'}])
        self.assertNotIn('secret', answer.json)
        self.assertEqual('1', self.client.show(
            self.image['id'], persona='admin')['secret'])

    def test_member_cannot_create_what_is_for_administrators(self):
        self.assertEqual(403, self.change('alice', 'add', 'readonly_y', '1'))
        answer = self.client.request('POST', '/v2/images',
                                     json={'readonly_y': '1'})
        self.assertEqual(403, answer.status)

    def test_member_cannot_change_or_remove_what_he_may_only_read(self):
        self.assertEqual('1',
                         self.client.show(self.image['id'])['readonly_x'])
        self.assertEqual(
            403, self.change('alice', 'replace', 'readonly_x', '2'))
        self.assertEqual(403, self.change('alice', 'remove', 'readonly_x'))

    def test_member_cannot_remove_a_property_he_may_not_read(self):
        self.assertIn(self.change('alice', 'remove', 'secret'), (403, 409))
        self.assertEqual('1', self.client.show(
            self.image['id'], persona='admin')['secret'])

    def test_member_cannot_write_over_a_property_he_may_not_read(self):
        self.change('admin', 'add', 'blind_x', '1')
        self.assertEqual(403, self.change('alice', 'add', 'blind_x', '2'))
        self.assertEqual('1', self.client.show(
            self.image['id'], persona='admin')['blind_x'])
        self.assertEqual(200, self.change('alice', 'add', 'blind_y', '2'))

    def test_nobody_changes_what_is_closed_to_everybody(self):
        for persona in ('alice', 'admin'):
            self.assertEqual(
                403, self.change(persona, 'replace', 'once', '2'))
            self.assertEqual(403, self.change(persona, 'remove', 'once'))

    def test_the_first_section_that_matches_decides(self):
        self.assertEqual(200, self.change('alice', 'add', 'other', '1'))
        self.assertEqual(200, self.change('alice', 'replace', 'other', '2'))
        self.assertEqual(200, self.change('alice', 'remove', 'other'))


class LogTest(testtools.TestCase):
    """Where a program logs."""

    def write(self, **options):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        path = folder / 'glancelite-api.conf'
        path.write_text(application.as_text({
            **options,
            'database': {'connection': 'sqlite:///{folder}/sqlite'},
            'glance_store': {'filesystem_store_datadir': '{folder}/images'},
        }).replace('{folder}', str(folder)))
        return path

    def ask(self, path, program, *words):
        return nursery.run(program, '--config-file', path, *words)

    def test_a_file_is_called_by_the_name_of_the_service(self):
        path = self.write(log_dir='{folder}')
        done = subprocess.run(
            [sys.executable, '-c', 'from glancelite import wsgi'],
            cwd=application.ROOT, timeout=application.PATIENCE,
            env={**os.environ, 'OS_GLANCELITE_CONFIG_FILES': str(path)},
            capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(['glancelite-api.log'], [
            each.name for each in path.parent.glob('*.log')])

    def test_a_file_that_cannot_be_written_is_named_in_one_line(self):
        path = self.write(log_dir='{folder}/glancelite-api.conf')
        for program, words in (('api', ()), ('worker', ()),
                               ('manage', ('db', 'check'))):
            done = self.ask(path, program, *words)
            self.assertEqual(1, done.returncode)
            said, = done.stderr.splitlines()[-1:]
            self.assertIn(f'glancelite-{program}: ', said)
            self.assertIn(f'{path}/glancelite-{program}.log', said)
            self.assertNotIn('Traceback', done.stderr)


class GunicornTest(testtools.TestCase):
    """``glancelite.wsgi:application`` under gunicorn, native threads."""

    def test_gunicorn_serves_uploads_and_downloads(self):
        port = self.useFixture(application.Port())
        service = self.useFixture(application.Application(
            'eventlet', port=port, started=False))
        with open(service.log, 'ab') as log:
            process = subprocess.Popen(
                [sys.executable, '-m', 'gunicorn', '--threads', '4',
                 '--bind', f'127.0.0.1:{port.number}',
                 'glancelite.wsgi:application'],
                stdout=log, stderr=log, cwd=application.ROOT,
                env={**os.environ, 'OS_GLANCELITE_CONFIG_FILES':
                     str(service.configuration)})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        asked = client.HttpClient(port.number)
        application.eventually(lambda: _answers(asked), 'gunicorn answers')
        data = os.urandom(3 * 1024 * 1024)
        for body in (data, [data[:100], data[100:]]):
            image = asked.create()
            answer = asked.upload(image['id'], body)
            self.assertEqual((204, b''), (answer.status, answer.body))
            self.assertTrue(data == asked.download(image['id']).body)
        image = asked.create()
        asked.cut('PUT', f'/v2/images/{image["id"]}/file', [data[:5000]],
                  {'Content-Type': client.OCTET_STREAM})
        self.assertEqual('queued', asked.show(image['id'])['status'])


def _answers(asked):
    try:
        return asked.get('/').status == 300
    except OSError:
        return False
