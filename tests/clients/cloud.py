# SPDX-License-Identifier: Apache-2.0
"""A cloud of one service: stores, users, and what clients are told of it.

The service is what ``tools/run`` starts, or what an operator has: behind
Apache httpd, with a real Keystone.
"""
import functools
import http.server
import json
import os
import pathlib
import threading

import bcrypt
import fixtures
import openstack
import yaml

from tests.clients import running
from tests.cloud import identity
from tests.cloud import service as service_module
from tests.cloud import shared
from tests.compare import process
from tests.functional import application

#: user: (project, roles)
USERS = {'root': ('operators', ('admin', 'member', 'reader')),
         'alice': ('wonderland', ('member', 'reader')),
         'bob': ('builders', ('member', 'reader'))}


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


#: The stores, and the image cache, which a flavor switches on.
_OPTIONS = {**application.THREE_STORES, 'image_cache_dir': '{folder}/cache'}


class Cloud(fixtures.Fixture):
    """A service with two stores of files and one of the web, and a cache.

    :ivar url: of the image service.
    :ivar state: where the service keeps what it has, as a path.
    :ivar files: URL of a server of small files.
    :ivar folder: for files of a test.
    :ivar raw: path of a file, its bytes in ``data``.
    :ivar projects: their ids, by name.
    :ivar endpoint: arguments by which the library of the glance client finds
        the service.
    """

    def _setUp(self):
        server = process.FileServer()
        self.addCleanup(server.stop)
        self.files = server.url
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.data = os.urandom(300000)
        self.raw = self.folder / 'disk.raw'
        self.raw.write_bytes(self.data)
        self._serve()
        self.configuration = self.folder / 'clouds.yaml'
        self.configuration.write_text(yaml.safe_dump({
            'clouds': {user: self._cloud(user) for user in USERS}}))

    def environment(self, user):
        """:returns: variables that make clients act as ``user``."""
        return {'OS_CLIENT_CONFIG_FILE': str(self.configuration),
                'OS_CLOUD': user, 'HOME': str(self.folder)}

    def region(self, user):
        """:returns: openstacksdk's configuration of what ``user`` uses."""
        config = openstack.config.OpenStackConfig(
            config_files=[str(self.configuration)], load_envvars=False)
        return config.get_one(cloud=user)

    def glance(self, command):
        """:returns: the command ``glance``, of an administrator.

        :param command: what makes it, such as :class:`running.Command`.
        """
        raise NotImplementedError

    def _serve(self):
        raise NotImplementedError

    def _cloud(self, user):
        """:returns: the cloud of that name: whose caller is ``user``."""
        raise NotImplementedError


class LocalCloud(Cloud):
    """With the service that ``tools/run`` starts.

    :param flavor: '' for no authentication, or 'http_basic'.
    """

    def __init__(self, flavor=''):
        super().__init__()
        self._flavor = flavor

    def _serve(self):
        service = self.useFixture(running.ToolsRun())
        self.url, self.state = service.url, service.state
        self.projects = {project: project
                         for project, _roles in USERS.values()}
        self.endpoint = {'endpoint_override': self.url}
        self._configure()
        service.start()

    def _configure(self):
        state = self.state
        state.mkdir()
        (state / 'glancelite-api.conf').write_text(application.as_text({
            **_OPTIONS,
            'log_dir': '{folder}/log', 'log_file': 'glancelite-api.log',
            'database': {
                'connection': 'sqlite:///{folder}/glancelite.sqlite'},
            'paste_deploy': {'flavor': '+'.join(filter(None, (
                self._flavor, 'cachemanagement')))},
            'http_basic': {
                'user_file': '{folder}/htpasswd',
                'project_map': ','.join(
                    f'{user}:{project}'
                    for user, (project, _roles) in USERS.items()),
                'role_map': ','.join(
                    f'{user}:{"+".join(roles)}'
                    for user, (_project, roles) in USERS.items())},
        }).replace('{folder}', str(state)))
        with open(state / 'htpasswd', 'wb') as file:
            for user in map(str.encode, USERS):
                hashed = bcrypt.hashpw(user, bcrypt.gensalt(4))
                file.write(user + b':' + hashed + b'\n')

    def glance(self, command):
        # It knows no authentication but Keystone's.
        return command(
            'glance', '--os-image-url', self.url, '--os-auth-token', 'unused',
            environment={'HOME': str(self.folder)})

    def _cloud(self, user):
        auth = {'endpoint': self.url}
        if self._flavor:
            # This plugin of the client looks for no version by itself.
            auth = {'endpoint': f'{self.url}/v2', 'username': user,
                    'password': user}
        return {'auth_type': self._flavor or 'none', 'auth': auth,
                'identity_endpoint_override':
                self.useFixture(_Identity()).url}


class KeystoneCloud(Cloud):
    """With the service in Apache httpd, and a real Keystone."""

    endpoint = {'region_name': identity.REGION}

    def _serve(self):
        self._keystone = _keystone()
        service = self.useFixture(service_module.CloudService(
            self._keystone, 'mod_wsgi', **_OPTIONS,
            paste_deploy={'flavor': 'keystone+caching'}))
        self.url, self.state = service.url, service.folder
        self._keystone.point('image', self.url)
        self.projects = {
            project: self._keystone.admin.find_project(project).id
            for project, _roles in USERS.values()}

    def glance(self, command):
        return command('glance', environment={
            **self._keystone.environment('root', USERS['root'][0]),
            'HOME': str(self.folder)})

    def _cloud(self, user):
        return {'region_name': identity.REGION, 'auth': {
            'auth_url': self._keystone.url, 'username': user,
            'password': identity.PASSWORD, 'user_domain_id': 'default',
            'project_name': USERS[user][0], 'project_domain_id': 'default'}}


@functools.cache
def _keystone():
    """:returns: a Keystone that knows the users."""
    keystone = shared.keystone()
    keystone.add_users(USERS)
    return keystone


#: How callers prove who they are, each with the cloud of it.
KINDS = {'none': LocalCloud,
         'http_basic': functools.partial(LocalCloud, 'http_basic'),
         'keystone': KeystoneCloud}


def scenarios(*kinds):
    """:returns: scenarios of testscenarios, one a kind of cloud."""
    return [(kind, {'kind': kind}) for kind in kinds]


def of(test):
    """:returns: the cloud that the scenario of a test is about, set up.

    The test is skipped where it cannot be had.
    """
    if test.kind == 'keystone':
        reason = identity.missing() or service_module.missing('mod_wsgi')
        if reason:
            test.skipTest(reason)
    return test.useFixture(KINDS[test.kind]())
