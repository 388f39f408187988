# SPDX-License-Identifier: Apache-2.0
"""Image data sent by the HTTP server in front, as etc/ configures it."""
import hashlib
import http.client
import os
import pathlib
import shutil
import stat
import subprocess
import unittest

import fixtures
import testtools

from glancelite.api import accounts
from tests.functional import application
from tests.functional import client
from tests.servers import kinds
from tests.servers import servers

DATA = b'0123456789' * 100000

_ETC = pathlib.Path(__file__).parents[2] / 'etc'

_NGINX = '''
{user}
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
daemon off;
master_process off;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
{server}
}}
'''


class FrontEnd:
    """An image with data behind a front end.

    ``served`` is the application, ``client`` talks to the front end.
    """

    def read(self, method='GET', image=None, persona='alice', **headers):
        image = image or self.image
        return self.client.request(
            method, f'/v2/images/{image["id"]}/file', persona=persona,
            headers={name.replace('_', '-'): value
                     for name, value in headers.items()})

    @classmethod
    def use(cls, fixture):
        """:returns: ``fixture``, set up for all tests of the class."""
        fixture.setUp()
        cls.addClassCleanup(fixture.cleanUp)
        return fixture

    def setUp(self):
        super().setUp()
        self.image = self.client.create(name='disk.img')
        self.assertEqual(204, self.client.upload(
            self.image['id'], DATA).status)

    def assertOurAnswer(self, count):
        """The application itself sent ``count`` bytes last."""
        def logged():
            lines = [line for line in self.served.log_text().splitlines()
                     if f'GET /v2/images/{self.image["id"]}/file"' in line]
            return lines and lines[-1]
        self.assertIn(f' {count} bytes ', application.eventually(
            logged, 'The request is logged'))


class FrontEndTests(FrontEnd):
    """What holds behind every front end."""

    def test_the_front_end_sends_the_whole(self):
        answer = self.read()
        self.assertEqual((200, len(DATA)), (answer.status, len(answer.body)))
        self.assertEqual(DATA, answer.body)
        self.assertEqual('attachment; filename="disk.img"',
                         answer.headers['Content-Disposition'])
        self.assertEqual(str(len(DATA)), answer.headers['Content-Length'])
        self.assertOurAnswer(0)

    def test_the_front_end_sends_a_part(self):
        for header, part in (('bytes=5-9', DATA[5:10]),
                             ('bytes=999990-', DATA[-10:]),
                             ('bytes=-7', DATA[-7:])):
            answer = self.read(Range=header)
            self.assertEqual((206, part), (answer.status, answer.body))
            self.assertNotIn('Content-MD5', answer.headers)
            self.assertOurAnswer(0)

    def test_no_path_is_shown(self):
        for headers in ({}, {'Range': 'bytes=0-5'}, {'If_Match': '*'}):
            for method in ('GET', 'HEAD'):
                answer = self.read(method, **headers)
                shown = str(list(answer.headers.items()))
                for secret in (str(self.served.folder), 'X-Sendfile',
                               'X-Accel-Redirect', '_images'):
                    self.assertNotIn(secret.lower(), shown.lower())

    def test_conditions_are_answered_by_the_service(self):
        head = self.read('HEAD')
        tag = head.headers['ETag']
        self.assertEqual(str(len(DATA)), head.headers['Content-Length'])
        self.assertIn(hashlib.sha512(DATA).hexdigest(), tag)
        self.assertEqual(304, self.read(If_None_Match=tag).status)
        self.assertEqual(412, self.read(If_Match='"x"').status)
        self.assertEqual((200, DATA), (self.read(If_Match=tag).status,
                                       self.read(If_Match=tag).body))
        answer = self.read(Range='bytes=0-4', If_Range=tag)
        self.assertEqual((206, b'01234'), (answer.status, answer.body))
        answer = self.read(Range='bytes=0-4', If_Range='"x"')
        self.assertEqual((200, DATA), (answer.status, answer.body))
        answer = self.read(Content_Range='bytes 0-4/*')
        self.assertEqual((206, b'01234'), (answer.status, answer.body))
        self.assertEqual(416, self.read(Range='bytes=-0').status)

    def test_who_may_not_read_gets_nothing(self):
        for persona, status in (('alan', 403), ('bob', 404)):
            for headers in ({}, {'Range': 'bytes=0-4'}):
                answer = self.read(persona=persona, **headers)
                self.assertEqual(status, answer.status)
                self.assertNotIn(b'0123456789', answer.body)

    def test_an_upload_in_chunks_passes(self):
        image = self.client.create()
        self.assertEqual(204, self.client.upload(
            image['id'], [DATA] * 5).status)
        self.assertEqual(DATA * 5, self.read(image=image).body)


class NginxTest(FrontEndTests, testtools.TestCase):
    """nginx with X-Accel-Redirect."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which('nginx'):
            raise unittest.SkipTest('nginx is not installed')
        port, store = cls.use(application.Port()), cls.use(fixtures.TempDir())
        cls.served = cls.use(servers.Served(
            'eventlet', sendfile_header='X-Accel-Redirect',
            sendfile_prefixes=f'{store.path}:/_images',
            glance_store={'filesystem_store_datadir': store.path}))
        cls.start(port, store.path)

    @classmethod
    def start(cls, port, store):
        shipped = (_ETC / 'nginx' / 'glancelite.conf').read_text()
        for old, new in (
                ('127.0.0.1:9393', f'127.0.0.1:{port.number}'),
                ('127.0.0.1:9292', cls.served.address),
                ('/var/lib/glance/images/', f'{store}/')):
            shipped = shipped.replace(old, new)
        conf = cls.served.folder / 'nginx.conf'
        conf.write_text(_NGINX.format(
            folder=cls.served.folder, server=shipped,
            user='user root;' if os.getuid() == 0 else ''))
        process = subprocess.Popen(
            ['nginx', '-p', str(cls.served.folder), '-c', str(conf)],
            stderr=subprocess.DEVNULL)
        cls.addClassCleanup(process.wait)
        cls.addClassCleanup(process.terminate)
        cls.client = client.HttpClient(port.number)
        cls.client.personas = cls.served.client.personas
        application.eventually(cls.listens, 'nginx listens')

    @classmethod
    def listens(cls):
        try:
            cls.client.connect().close()
        except ConnectionRefusedError:
            return False
        return True

    def test_what_is_internal_is_not_served(self):
        answer = self.client.get(f'/_images/{self.image["id"]}')
        self.assertEqual(404, answer.status)


class SendfileHeader(kinds.EmbeddedModWsgi):
    """httpd with mod_xsendfile, whose own processes run the service."""

    def missing(self):
        return super().missing() or missing_module()

    def configuration(self, served):
        return (f'{super().configuration(served)}'
                f'XSendFile On\nXSendFilePath {served.store}\n')


def missing_module():
    """:returns: why httpd cannot send files by itself, or None."""
    if not kinds.SENDFILE_MODULE.exists():
        return 'mod_xsendfile is not installed'
    return None


class ApacheTests(FrontEndTests):
    """Apache httpd with X-Sendfile.

    :cvar server: how it is started.
    """

    options = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        missing = cls.server.missing() or missing_module()
        if missing:
            raise unittest.SkipTest(missing)
        cls.served = cls.use(servers.Served(cls.server, **cls.options))
        cls.client = cls.served.client

    def shown(self, answer):
        """:returns: what is told of the image data, but for the length."""
        return {name: answer.headers[name] for name in (
            'ETag', 'Last-Modified', 'Repr-Digest', 'Content-Disposition',
            'Content-Type', 'Accept-Ranges', 'Cache-Control')}

    def test_what_is_told_of_the_data_is_what_the_service_tells(self):
        expected = self.shown(self.read('HEAD'))
        self.assertIn(hashlib.sha512(DATA).hexdigest(), expected['ETag'])
        for headers in ({}, {'Range': 'bytes=5-9'}, {'If_Match': '*'}):
            self.assertEqual(expected, self.shown(self.read(**headers)))
        self.assertEqual(hashlib.md5(DATA).hexdigest(),
                         self.read().headers['Content-MD5'])

    def test_ranges_are_those_the_service_reads(self):
        size = len(DATA)
        for header in ('bytes=0-', 'bytes=0-0', 'bytes=5-9', 'bytes=999999-',
                       'bytes=0-999999', 'bytes=5-99999999', 'bytes=-1',
                       'bytes=-999999', 'bytes=-1000000', 'bytes=-9999999',
                       'bytes=1000000-', 'bytes=9-5', 'bytes=-0', 'bytes=-',
                       'bytes=', 'bytes', 'bytes=x', 'bytes=0-1,5-6',
                       'bytes=5-9,', 'bytes= 5-9', 'bytes=5 - 9',
                       'Bytes=5-9', 'lines=5-9', 'bytes=+5-9',
                       'bytes=18446744073709551616-', 'bytes=0005-0009'):
            # With a condition that always holds the service itself answers.
            ours = self.read(Range=header, If_Match='*')
            sent = self.read(Range=header)
            self.assertEqual(*((
                answer.status, answer.headers.get('Content-Range'),
                len(answer.body), hashlib.sha512(answer.body).hexdigest())
                for answer in (ours, sent)), header)
            self.assertEqual(str(len(sent.body)),
                             sent.headers['Content-Length'])
        self.assertEqual(f'bytes 5-9/{size}', self.read(
            Range='bytes=5-9').headers['Content-Range'])

    def test_another_name_of_range_means_nothing(self):
        answer = self.read(Request_Range='bytes=5-9')
        self.assertEqual((200, DATA), (answer.status, answer.body))

    def test_a_client_cannot_name_a_file(self):
        image = self.client.create(name='X-Sendfile: /etc/passwd')
        secret = self.served.folder / 'glancelite-api.conf'
        answer = self.client.request(
            'GET', f'/v2/images/{image["id"]}', headers={
                'X-Sendfile': str(secret), 'GLANCELITE_SENDFILE': '/',
                'GLANCELITE-SENDFILE': '/'})
        self.assertEqual(image['id'], answer.json['id'])

    def test_an_image_without_bytes_is_sent(self):
        image = self.client.create()
        self.assertEqual(204, self.client.upload(image['id'], b'').status)
        answer = self.read(image=image)
        self.assertEqual((200, b'', '0'), (
            answer.status, answer.body, answer.headers['Content-Length']))


class SendfileHeaderTest(ApacheTests, testtools.TestCase):
    """The header is set by configuration."""

    server = SendfileHeader()
    options = {'sendfile_header': 'X-Sendfile'}


class TwoStores(kinds.ModWsgi):
    """Three file stores, two of which httpd may send from."""

    def settings(self, served):
        yield from super().settings(served)
        yield f'Define GLANCELITE_OTHER_IMAGES {served.folder}/other'


class ShippedApacheTest(ApacheTests, testtools.TestCase):
    """The shipped configuration, with the module that it looks for."""

    server = TwoStores()
    options = {
        'enabled_backends': 'images:file, other:file, apart:file',
        'glance_store': {'default_backend': 'images',
                         'filesystem_store_datadir': None},
        'images': {'filesystem_store_datadir': '{folder}/images'},
        'other': {'filesystem_store_datadir': '{folder}/other'},
        'apart': {'filesystem_store_datadir': '{folder}/images-apart'}}

    def test_every_store_is_read_whoever_sends_it(self):
        for store, ours in (('images', 0), ('other', 0),
                            ('apart', len(DATA))):
            self.image = self.client.create()
            self.assertEqual(204, self.client.upload(
                self.image['id'], DATA,
                {'x-image-meta-store': store}).status)
            self.assertEqual(DATA, self.read().body)
            self.assertOurAnswer(ours)
            self.assertEqual(DATA[5:10], self.read(Range='bytes=5-9').body)

    def test_a_deletion_lets_a_download_finish(self):
        size = 32 << 20
        image = self.client.create()
        self.assertEqual(204, self.client.upload(
            image['id'], [bytes(1 << 20)] * 32).status)
        with self.client.connect() as connection:
            connection.sendall(client.head(
                'GET', f'/v2/images/{image["id"]}/file',
                self.client.personas.headers('alice')))
            response = http.client.HTTPResponse(connection)
            response.begin()
            self.assertEqual(204, self.client.request(
                'DELETE', f'/v2/images/{image["id"]}').status)
            self.assertEqual(bytes(size), response.read())
        self.assertEqual(404, self.read(image=image).status)


class TwoAccounts(kinds.ModWsgi):
    """httpd, started by root, with another account than the service has.

    :param group: of the service.
    """

    def __init__(self, group):
        self._group = group

    def missing(self):
        if os.getuid():
            return 'only root can start processes of two accounts'
        if not accounts.named('games').may_read(__file__):
            return 'the account games cannot read this checkout'
        return super().missing()

    def settings(self, served):
        # Both are to get in.
        served.folder.chmod(0o755)
        for each in super().settings(served):
            if not each.startswith('Define GLANCELITE_USER'):
                yield each
        yield 'User www-data\nGroup www-data'
        yield 'Define GLANCELITE_USER games'
        yield f'Define GLANCELITE_USER_GROUP {self._group}'
        yield 'Define GLANCELITE_HTTPD_USER www-data'

    def command(self, served):
        command = super().command(served)
        for path in (served.folder, *served.folder.rglob('*')):
            shutil.chown(path, 'games', self._group)
        return command[command.index('apache2'):]


class InOneFolder(servers.Served):
    """All that the account of the service needs is in one folder."""

    def _database(self):
        return f'sqlite:///{self.folder}/images.sqlite'


class OtherAccountTests(FrontEnd):
    """Who sends what, where the service and httpd are different accounts.

    :cvar mode: of files of images.
    :cvar ours: bytes that the service sends itself.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        missing = cls.server.missing() or missing_module()
        if missing:
            raise unittest.SkipTest(missing)
        cls.served = cls.use(InOneFolder(cls.server, **cls.options))
        cls.client = cls.served.client

    def test_the_mode_of_files_is_ours(self):
        mode = (self.served.store / self.image['id']).stat().st_mode
        self.assertEqual(self.mode, stat.S_IMODE(mode))

    def test_data_is_sent_by_whoever_may_read_it(self):
        answer = self.read()
        self.assertEqual((200, DATA), (answer.status, answer.body))
        self.assertOurAnswer(self.ours)
        answer = self.read(Range='bytes=5-9')
        self.assertEqual((206, DATA[5:10]), (answer.status, answer.body))


class GroupMayReadTest(OtherAccountTests, testtools.TestCase):
    """httpd's account is in the group of the service, as is advised."""

    server = TwoAccounts('www-data')
    options = {}
    mode = 0o640
    ours = 0


class NobodyElseMayReadTest(OtherAccountTests, testtools.TestCase):
    """It is in no group of the service."""

    server = TwoAccounts('games')
    options = {}
    mode = 0o640
    ours = len(DATA)


class OwnerAloneMayReadTest(OtherAccountTests, testtools.TestCase):
    """It is, but filesystem_store_file_perm keeps the group out."""

    server = TwoAccounts('www-data')
    options = {'glance_store': {'filesystem_store_file_perm': 600}}
    mode = 0o600
    ours = len(DATA)
