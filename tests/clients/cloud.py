# SPDX-License-Identifier: Apache-2.0
"""A cloud of one service: stores, users, and what clients are told of it."""
import http.server
import json
import os
import pathlib
import threading

import bcrypt
import fixtures
import yaml

from tests.clients import running
from tests.compare import process

#: user: (project, roles)
USERS = {'root': ('operators', 'admin+member+reader'),
         'alice': ('wonderland', 'member+reader'),
         'bob': ('builders', 'member+reader')}

_CONFIGURATION = '''
[DEFAULT]
log_dir = {state}/log
log_file = glancelite-api.log
enabled_backends = fast:file, cheap:file, web:http
enabled_import_methods = [glance-direct,web-download,copy-image]
show_multiple_locations = true

[database]
connection = sqlite:///{state}/glancelite.sqlite

[glance_store]
default_backend = fast

[fast]
filesystem_store_datadir = {state}/fast

[cheap]
filesystem_store_datadir = {state}/cheap

[os_glance_staging_store]
filesystem_store_datadir = {state}/staging

[os_glance_tasks_store]
filesystem_store_datadir = {state}/tasks

[import_filtering_opts]
allowed_hosts = [127.0.0.1]
allowed_ports = []

[paste_deploy]
flavor = {flavor}

[http_basic]
user_file = {state}/htpasswd
project_map = {projects}
role_map = {roles}
'''


class _Refusal(http.server.BaseHTTPRequestHandler):

    def do_GET(self):
        versions = self.path.rstrip('/') == '/v3'
        body = json.dumps({'version': {
            'id': 'v3.14', 'status': 'stable', 'links': [
                {'rel': 'self',
                 'href': f'http://{self.headers["Host"]}/v3/'}]}}
            if versions else {'error': {'code': 403, 'message': 'No.'}})
        self.send_response(200 if versions else 403)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        """Say nothing."""


class _Identity(fixtures.Fixture):
    """An identity service that tells nobody about projects.

    Clients then take a project's name for its id, which it is here.
    """

    def _setUp(self):
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), _Refusal)
        self.url = f'http://127.0.0.1:{server.server_address[1]}/v3'
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)


class Cloud(fixtures.Fixture):
    """``tools/run`` with two stores of files and one of the web.

    :param flavor: '' for no authentication, or 'http_basic'.
    :ivar url: of the image service.
    :ivar files: URL of a server of small files.
    :ivar folder: for files of a test.
    :ivar raw: path of a file, its bytes in ``data``.
    """

    def __init__(self, flavor=''):
        super().__init__()
        self.flavor = flavor

    def _setUp(self):
        server = process.FileServer()
        self.addCleanup(server.stop)
        self.files = server.url
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.data = os.urandom(300000)
        self.raw = self.folder / 'disk.raw'
        self.raw.write_bytes(self.data)
        service = self.useFixture(running.ToolsRun())
        self.url, self.state = service.url, service.state
        self._configure()
        service.start()
        self.configuration = self.folder / 'clouds.yaml'
        self.configuration.write_text(yaml.safe_dump({
            'clouds': {user: self._cloud(user) for user in USERS}}))

    def _configure(self):
        state = self.state
        state.mkdir()
        (state / 'glancelite-api.conf').write_text(_CONFIGURATION.format(
            state=state, flavor=self.flavor,
            projects=','.join(f'{user}:{project}' for user, (project, _roles)
                              in USERS.items()),
            roles=','.join(f'{user}:{roles}' for user, (_project, roles)
                           in USERS.items())))
        with open(state / 'htpasswd', 'wb') as file:
            for user in map(str.encode, USERS):
                hashed = bcrypt.hashpw(user, bcrypt.gensalt(4))
                file.write(user + b':' + hashed + b'\n')

    def _cloud(self, user):
        """:returns: the cloud of that name: whose caller is ``user``."""
        auth = {'endpoint': self.url}
        if self.flavor:
            # This plugin of the client looks for no version by itself.
            auth = {'endpoint': f'{self.url}/v2', 'username': user,
                    'password': user}
        return {'auth_type': self.flavor or 'none', 'auth': auth,
                'identity_endpoint_override':
                self.useFixture(_Identity()).url}

    def environment(self, user):
        """:returns: variables that make clients act as ``user``."""
        return {'OS_CLIENT_CONFIG_FILE': str(self.configuration),
                'OS_CLOUD': user, 'HOME': str(self.folder)}
