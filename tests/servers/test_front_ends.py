# SPDX-License-Identifier: Apache-2.0
"""Image data sent by the HTTP server in front, as etc/ configures it."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import unittest

import fixtures
import testtools

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


class FrontEndTests:
    """What holds behind every front end.

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


class SendfileModule(kinds.EmbeddedModWsgi):
    """Apache httpd with mod_xsendfile."""

    module = kinds.APACHE_MODULES / 'mod_xsendfile.so'

    def missing(self):
        if not self.module.exists():
            return 'mod_xsendfile is not installed'
        return super().missing()

    def configuration(self, served):
        return (f'{super().configuration(served)}'
                f'LoadModule xsendfile_module {self.module}\n'
                f'XSendFile On\nXSendFilePath {served.store}\n')


class ApacheTest(FrontEndTests, testtools.TestCase):
    """Apache httpd with X-Sendfile."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        server = SendfileModule()
        missing = server.missing()
        if missing:
            raise unittest.SkipTest(missing)
        cls.served = cls.use(servers.Served(
            server, sendfile_header='X-Sendfile'))
        cls.client = cls.served.client
