# SPDX-License-Identifier: Apache-2.0
"""A Barbican of our own, under gunicorn, which keeps certificates.

Its secrets are encrypted with a key in its configuration, and lie in SQLite.
"""
import base64
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

from cryptography.hazmat.primitives import serialization
import fixtures

from tests.cloud import identity
from tests.functional import application

_MANAGE = pathlib.Path(sys.executable).with_name('barbican-manage')

_CONFIGURATION = '''
[DEFAULT]
host_href = {url}
use_stderr = true
db_auto_create = false
[database]
connection = sqlite:///{folder}/barbican.sqlite
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = {key}
[keystone_authtoken]
{authtoken}
'''

_PASTE = '''
[pipeline:main]
pipeline = authtoken context microversion application
[app:application]
paste.app_factory = barbican.api.app:create_main_app
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
[filter:context]
paste.filter_factory = {middleware}.context:ContextMiddleware.factory
[filter:microversion]
paste.filter_factory = {middleware}.microversion:MicroversionMiddleware.factory
[composite:whole]
use = egg:Paste#urlmap
/v1: main
/: versions
[pipeline:versions]
pipeline = microversion version
[app:version]
paste.app_factory = barbican.api.app:create_version_app
'''

_GUNICORN = '''
bind = '127.0.0.1:{port}'
worker_class = 'gthread'
threads = 4
wsgi_app = 'served:application'
'''

_SERVED = '''
from paste import deploy
application = deploy.loadapp('config:{folder}/paste.ini', name='whole')
'''


class Barbican(fixtures.Fixture):
    """Barbican, known to a Keystone's catalogue.

    :param keystone: an :class:`identity.Keystone`.
    :ivar url: of the key manager API.
    """

    def __init__(self, keystone):
        super().__init__()
        self._keystone = keystone

    def _setUp(self):
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self._log = self._folder / 'log'
        self._port = self.useFixture(application.Port()).number
        self.url = f'http://127.0.0.1:{self._port}'
        self._write()
        self._run(_MANAGE, 'db', 'upgrade').wait()
        self.addCleanup(self.stop)
        self.start()
        self._keystone.point('key-manager', self.url)

    def _write(self):
        for name, text in (('barbican.conf', _CONFIGURATION),
                           ('paste.ini', _PASTE),
                           ('gunicorn.conf.py', _GUNICORN),
                           ('served.py', _SERVED)):
            (self._folder / name).write_text(text.format(
                url=self.url, folder=self._folder, port=self._port,
                key=base64.b64encode(os.urandom(32)).decode(),
                middleware='barbican.api.middleware',
                authtoken='\n'.join(
                    f'{option} = {value}' for option, value
                    in self._keystone.authtoken().items())))

    def _run(self, *command):
        """:returns: a process that finds its configuration at home."""
        with open(self._log, 'ab') as log:
            return subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
                env={**os.environ, 'HOME': str(self._folder)})

    def start(self):
        """Start it, and wait until it answers."""
        self._process = self._run(sys.executable, '-m', 'gunicorn')

        def answers():
            if self._process.poll() is not None:
                raise AssertionError(
                    f'Barbican ended: {self._log.read_text()[-4000:]}')
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return True
            except urllib.error.HTTPError as error:
                return error.code == 300
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False
        application.eventually(answers, 'Barbican answers')

    def stop(self):
        """Stop it; what it keeps stays."""
        self._process.terminate()
        self._process.wait()

    def keep(self, user, certificate, kind='certificate'):
        """:returns: the identifier of ``certificate``, kept by a user.

        :param kind: of secret that he says it is.
        """
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        answer = self._ask(user, 'POST', f'{self.url}/v1/secrets', json={
            'name': 'signer', 'secret_type': kind,
            'payload_content_type': 'application/octet-stream',
            'payload_content_encoding': 'base64',
            'payload': base64.b64encode(pem).decode()})
        return answer.json()['secret_ref'].rsplit('/', 1)[1]

    def admit(self, user, identifier, reader):
        """Let a user of another project read what ``user`` has kept."""
        reader = self._keystone.admin.find_user(reader).id
        self._ask(user, 'PUT', f'{self.url}/v1/secrets/{identifier}/acl',
                  json={'read': {'users': [reader]}})

    def _ask(self, user, method, url, **more):
        answer = self._keystone.connect(
            user, identity.project_of(user)).session.request(
                url, method, **more)
        answer.raise_for_status()
        return answer
