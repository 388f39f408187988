# SPDX-License-Identifier: Apache-2.0
"""A Keystone of our own, under gunicorn, with projects, users and roles."""
import base64
import os
import pathlib
import subprocess
import sys
import urllib.error
import urllib.request

import fixtures
import openstack
from testtools import content
from testtools import content_type

from tests import databases
from tests.functional import application

PASSWORD = 'secret'
REGION = 'RegionOne'

#: Roles of users by name; each has a project of its own, but glance.
USERS = {
    'glance': ('service', ('admin', 'service')),
    'nova': ('service', ('admin', 'service')),
    'demo': ('demo', ('member', 'reader')),
    'alt_demo': ('alt_demo', ('member', 'reader')),
    'watcher': ('demo', ('reader',)),
}

_MANAGE = pathlib.Path(sys.executable).with_name('keystone-manage')

# password_hash_rounds is the lowest allowed: tests make many users.
_CONFIGURATION = '''
[DEFAULT]
use_stderr = true
[database]
connection = {database}
[cache]
enabled = true
backend = dogpile.cache.memory
[token]
expiration = {expiration}
[fernet_tokens]
key_repository = {folder}/fernet-keys
[fernet_receipts]
key_repository = {folder}/fernet-keys
[credential]
key_repository = {folder}/credential-keys
[identity]
password_hash_rounds = 4
[oslo_policy]
enforce_scope = true
enforce_new_defaults = true
'''

_GUNICORN = '''
bind = '127.0.0.1:{port}'
worker_class = 'gthread'
threads = 16
wsgi_app = 'keystone.wsgi.api:application'
'''


def missing():
    """:returns: why Keystone cannot be started here, or None."""
    return None if _MANAGE.exists() else 'Keystone is not installed'


def database_backend():
    """:returns: the database that GLANCELITE_TEST_DATABASE names, or the
        first that is here.
    """
    named = os.environ.get('GLANCELITE_TEST_DATABASE')
    return named or next(backend for backend in (
        'mysql', 'postgresql', 'sqlite')
        if not databases.unavailable(backend))


class Server(fixtures.Fixture):
    """One process of Keystone.

    :param folder: of its keys, as a path; the configuration goes there.
    :param database: URL of its database.
    :param name: of the configuration, in that folder.
    :param expiration: seconds that the tokens it issues are good for.
    :ivar url: of the identity API.
    """

    def __init__(self, folder, database, name='keystone', expiration=86400):
        super().__init__()
        self._folder = folder / name
        self._values = {'folder': folder, 'database': database,
                        'expiration': expiration}

    def _setUp(self):
        self._folder.mkdir()
        (self._folder / 'keystone.conf').write_text(
            _CONFIGURATION.format(**self._values))
        self._log = self._folder / 'log'
        self.addDetail('keystone', content.Content(
            content_type.UTF8_TEXT,
            lambda: [self._log.read_bytes()[-4000:]]))
        self._port = self.useFixture(application.Port()).number
        self.url = f'http://127.0.0.1:{self._port}/v3'

    def manage(self, *arguments):
        """Run keystone-manage."""
        with open(self._log, 'ab') as log:
            subprocess.run(
                [_MANAGE, '--config-dir', str(self._folder), *arguments],
                check=True, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)

    def start(self):
        """Start the server, and wait until it answers."""
        # Keystone takes gunicorn's arguments for its own, if there are any.
        (self._folder / 'gunicorn.conf.py').write_text(
            _GUNICORN.format(port=self._port))
        with open(self._log, 'ab') as log:
            process = subprocess.Popen(
                [sys.executable, '-m', 'gunicorn'], cwd=self._folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, 'OS_KEYSTONE_CONFIG_DIR':
                     str(self._folder),
                     'GUNICORN_CMD_ARGS': '--no-control-socket'})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

        def answers():
            if process.poll() is not None:
                raise AssertionError(
                    f'Keystone ended: {self._log.read_text()[-4000:]}')
            try:
                with urllib.request.urlopen(self.url, timeout=5):
                    return True
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return False
        application.eventually(answers, 'Keystone answers')


class Keystone(fixtures.Fixture):
    """Keystone with everything that the tests need in it.

    :ivar url: of the identity API.
    :ivar admin: identity proxy of openstacksdk, of an administrator.
    """

    def _setUp(self):
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        # Keystone cannot take turns at writing to an SQLite file for long.
        self._database = self.useFixture(
            databases.Database(database_backend())).url
        if self._database.startswith('sqlite'):
            self._database += '?timeout=60'
        server = self.useFixture(Server(self._folder, self._database))
        self.url = server.url
        for keys in ('fernet-keys', 'credential-keys'):
            (self._folder / keys).mkdir(mode=0o700)
            for name in ('0', '1'):
                (self._folder / keys / name).write_bytes(
                    base64.urlsafe_b64encode(os.urandom(32)))
        server.manage('db_sync')
        server.manage(
            'bootstrap', '--bootstrap-password', PASSWORD,
            '--bootstrap-region-id', REGION,
            '--bootstrap-public-url', self.url,
            '--bootstrap-internal-url', self.url,
            '--bootstrap-admin-url', self.url)
        server.start()
        self.admin = self.connect('admin', 'admin').identity
        self._populate()

    def short_lived(self, seconds):
        """:returns: the URL of a Keystone on the same database, whose
            tokens are good for so many seconds.
        """
        server = self.useFixture(Server(
            self._folder, self._database, 'short', seconds))
        server.start()
        return server.url

    def connect(self, user, project, url=None, **scope):
        """:returns: a connection of openstacksdk."""
        if not scope:
            scope = {'project_name': project, 'project_domain_id': 'default'}
        return openstack.connect(
            auth_url=url or self.url, username=user, password=PASSWORD,
            user_domain_id='default', region_name=REGION,
            load_yaml_config=False, **scope)

    def token(self, user, project=None, url=None, **scope):
        """:returns: a new token of a user for his project, or a scope."""
        return self.connect(user, project or project_of(user), url,
                            **scope).session.get_token()

    def revoke(self, token):
        """End a token."""
        self.admin.delete('/auth/tokens', headers={'X-Subject-Token': token})

    def environment(self, user, project=None):
        """:returns: variables that clients authenticate a user by."""
        return {'OS_AUTH_URL': self.url, 'OS_IDENTITY_API_VERSION': '3',
                'OS_USERNAME': user, 'OS_PASSWORD': PASSWORD,
                'OS_PROJECT_NAME': project or project_of(user),
                'OS_USER_DOMAIN_ID': 'default',
                'OS_PROJECT_DOMAIN_ID': 'default',
                'OS_REGION_NAME': REGION}

    def point(self, service_type, url):
        """Name an endpoint in the catalogue."""
        service = next(self.admin.services(type=service_type), None)
        service = service or self.admin.create_service(
            type=service_type, name=service_type)
        there = {each.interface: each
                 for each in self.admin.endpoints(service_id=service.id)}
        for interface in ('public', 'internal', 'admin'):
            if interface in there:
                self.admin.update_endpoint(there[interface], url=url)
            else:
                self.admin.create_endpoint(
                    service_id=service.id, interface=interface,
                    region_id=REGION, url=url)

    def limit(self, **limits):
        """Register what every project may have of the image service."""
        self.point('image', 'http://127.0.0.1:9292')
        service = next(self.admin.services(type='image'))
        for name, value in limits.items():
            self.admin.create_registered_limit(
                service_id=service.id, region_id=REGION, resource_name=name,
                default_limit=value)

    def authtoken(self, **options):
        """:returns: the options [keystone_authtoken] of a service."""
        return {
            'www_authenticate_uri': self.url, 'auth_url': self.url,
            'auth_type': 'password', 'username': 'glance',
            'password': PASSWORD, 'user_domain_id': 'default',
            'project_name': 'service', 'project_domain_id': 'default',
            'region_name': REGION, 'service_token_roles_required': True,
            **options}

    def add_users(self, users):
        """Make users, and the projects in which they have roles.

        :param users: user to (project, names of roles).
        """
        domain = 'default'
        for name, (project, roles) in users.items():
            project = self.admin.find_project(project) or (
                self.admin.create_project(name=project, domain_id=domain))
            user = self.admin.create_user(
                name=name, password=PASSWORD, domain_id=domain)
            for role in roles:
                self.admin.assign_project_role_to_user(
                    project, user, self._role(role))

    def _role(self, name):
        return self.admin.find_role(name) or self.admin.create_role(name=name)

    def _populate(self):
        self.add_users(USERS)
        self.admin.assign_domain_role_to_user(
            'default', self.admin.find_user('admin'), self._role('admin'))
        # It reads the limits of all projects.
        self.admin.put(f'/system/users/{self.admin.find_user("glance").id}'
                       f'/roles/{self._role("reader").id}').raise_for_status()


def project_of(user):
    """:returns: the name of the project that a user has."""
    return USERS.get(user, (user,))[0]
