# SPDX-License-Identifier: Apache-2.0
"""Apache httpd with TLS, and with the service below a path of a site."""
import shutil
import subprocess
import unittest

import requests
import testtools

from tests.functional import application
from tests.servers import kinds
from tests.servers import servers

DATA = b'0123456789' * 100000

_SITE = '''
Listen 127.0.0.1:{port}
<VirtualHost 127.0.0.1:{port}>
    AllowEncodedSlashes On
</VirtualHost>
'''


class Everywhere(kinds.ModWsgi):
    """On a port of its own with TLS, and at /image of another site.

    :param port: of the other site.
    """

    def __init__(self, port):
        self._port = port

    def missing(self):
        if not (kinds.APACHE_MODULES / 'mod_ssl.so').exists():
            return 'mod_ssl is not installed'
        if not shutil.which('openssl'):
            return 'openssl is not installed'
        return super().missing()

    def settings(self, served):
        yield from super().settings(served)
        yield f'LoadModule ssl_module {kinds.APACHE_MODULES}/mod_ssl.so'
        yield 'Define GLANCELITE_PATH /image'
        yield 'Define GLANCELITE_TLS'
        yield f'Define GLANCELITE_CERTIFICATE {certificate(served)}'
        yield f'Define GLANCELITE_KEY {served.folder}/key.pem'
        yield _SITE.format(port=self._port)


def certificate(served):
    """:returns: the path of a certificate, made if it is not there."""
    path = served.folder / 'certificate.pem'
    if not path.exists():
        subprocess.run(
            ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
             '-subj', '/CN=127.0.0.1', '-addext',
             'subjectAltName=IP:127.0.0.1', '-keyout',
             str(served.folder / 'key.pem'), '-out', str(path)],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


class ApacheTest(testtools.TestCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        port = application.Port()
        port.setUp()
        cls.addClassCleanup(port.cleanUp)
        server = Everywhere(port.number)
        missing = server.missing()
        if missing:
            raise unittest.SkipTest(missing)
        cls.served = servers.Served(server)
        cls.served.setUp()
        cls.addClassCleanup(cls.served.cleanUp)
        cls.tls = f'https://{cls.served.address}'
        cls.path = f'http://127.0.0.1:{port.number}/image'

    def ask(self, method, url, **more):
        headers = {**self.served.client.personas.headers('alice'),
                   **more.pop('headers', {})}
        return requests.request(
            method, url, headers=headers, timeout=application.PATIENCE,
            verify=str(certificate(self.served)), **more)

    def upload(self, endpoint, body):
        """:returns: the path of an image with its data."""
        image = self.ask('POST', f'{endpoint}/v2/images', json={
            'name': 'a', 'disk_format': 'raw', 'container_format': 'bare'})
        self.assertEqual(201, image.status_code, image.text)
        path = f'v2/images/{image.json()["id"]}'
        answer = self.ask('PUT', f'{endpoint}/{path}/file', data=body,
                          headers={'Content-Type': 'application/octet-stream'})
        self.assertEqual(204, answer.status_code, answer.text)
        return path

    def test_images_come_and_go_by_both_ways(self):
        for endpoint, other in ((self.tls, self.path),
                                (self.path, self.tls)):
            path = self.upload(endpoint, iter([DATA[:10], DATA[10:]]))
            self.assertEqual(DATA, self.ask(
                'GET', f'{other}/{path}/file').content)
            part = self.ask('GET', f'{other}/{path}/file',
                            headers={'Range': 'bytes=5-9'})
            self.assertEqual((206, DATA[5:10]),
                             (part.status_code, part.content))

    def test_links_lead_back_the_way_that_was_taken(self):
        for endpoint in (self.tls, self.path):
            versions = self.ask('GET', f'{endpoint}/').json()['versions']
            links = {link['href'] for version in versions
                     for link in version['links']}
            self.assertEqual({f'{endpoint}/v2/'}, links)
            image = self.ask('POST', f'{endpoint}/v2/images', json={})
            self.assertEqual(
                f'{endpoint}/v2/images/{image.json()["id"]}',
                image.headers['Location'])

    def test_the_path_begins_and_ends_where_it_says(self):
        site = self.path.rpartition('/')[0]
        self.assertEqual(200, self.ask(
            'GET', f'{self.path}/healthcheck').status_code)
        for url in (f'{site}/v2/images', f'{site}/images/v2/images'):
            self.assertEqual(404, self.ask('GET', url).status_code)
