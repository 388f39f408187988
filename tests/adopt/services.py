# SPDX-License-Identifier: Apache-2.0
"""Glance and glancelite on one database and one set of stores.

Both read one ``glance-api.conf``, as an operator has it; a second file tells
glancelite where to listen and which pipeline to use. Both believe the
identity headers of a request.
"""
import os
import pathlib
import subprocess
import sys

import fixtures

from tests.compare import process
from tests.compare import trusted
from tests.functional import application
from tests.functional import client

#: Names an environment with Glance; by default one is made.
_GIVEN = 'GLANCELITE_TEST_GLANCE'

_HERE = pathlib.Path(__file__).parent
_WANTED = ('glance==33.0.0', 'gunicorn', 'PyMySQL', 'psycopg2-binary')

_CONFIGURATION = '''
[DEFAULT]
use_stderr = true
enabled_backends = fast:file, cheap:file
enabled_import_methods = [glance-direct,web-download,copy-image]
show_image_direct_url = true
show_multiple_locations = true
[glance_store]
default_backend = fast
[fast]
filesystem_store_datadir = {folder}/fast
weight = 100
[cheap]
filesystem_store_datadir = {folder}/cheap
weight = 200
[os_glance_staging_store]
filesystem_store_datadir = {folder}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {folder}/tasks
[task]
work_dir = {folder}/work
[oslo_concurrency]
lock_path = {folder}/lock
[wsgi]
python_interpreter = {python}
[database]
connection = {database}
[paste_deploy]
config_file = {folder}/glance-api-paste.ini
flavor = trusted
[oslo_policy]
policy_file = {folder}/policy.yaml
[import_filtering_opts]
allowed_hosts = [127.0.0.1,localhost]
allowed_ports = []
'''
_OURS = '''
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {port}
workers = 1
[paste_deploy]
config_file = {paste}
'''
_FOLDERS = ('fast', 'cheap', 'staging', 'tasks', 'work', 'lock')


def environment():
    """:returns: the folder of an environment with Glance."""
    if given := os.environ.get(_GIVEN):
        return pathlib.Path(given)
    folder = pathlib.Path(sys.prefix) / 'glance'
    if not (folder / 'made').exists():
        subprocess.run([sys.executable, '-m', 'venv', '--clear', folder],
                       check=True)
        subprocess.run(
            [folder / 'bin' / 'pip', 'install', '--quiet',
             '--disable-pip-version-check',
             '-c', _HERE / 'glance-constraints.txt', *_WANTED],
            check=True, env={name: value for name, value in os.environ.items()
                             if name != 'PIP_CONSTRAINT'})
        (folder / 'made').touch()
    return folder


class Cloud(fixtures.Fixture):
    """Glance on a new database, which glancelite is to adopt.

    :param database: the URL of a database.
    :param key: what URLs of image data are encrypted with there, or None.
    :ivar glance: a client of Glance, or None while it does not run.
    :ivar ours: a client of glancelite, likewise.
    """

    def __init__(self, database, key=None):
        super().__init__()
        self.database = database
        self._key = key
        self.glance = self.ours = None
        self._personas = client.Personas()
        self._processes = {}

    def _setUp(self):
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._glance = environment()
        self._ports = [self.useFixture(application.Port()).number
                       for _each in range(2)]
        for name in _FOLDERS:
            (self.folder / name).mkdir()
        self._configure()
        self._run(self._glance / 'bin' / 'glance-manage', 'db_sync')
        self._run(self._glance / 'bin' / 'glance-manage', 'db_load_metadefs',
                  self._glance / 'etc' / 'glance' / 'metadefs')
        self.addCleanup(self.stop_ours)
        self.addCleanup(self.stop_glance)

    def start_glance(self):
        """Start Glance, as ``glance``."""
        self.glance = self._start(
            'glance', self._ports[0],
            [self._glance / 'bin' / 'gunicorn', '--workers=2', '--threads=4',
             f'--bind=127.0.0.1:{self._ports[0]}',
             'glance.wsgi.api:application'],
            {'OS_GLANCE_CONFIG_DIR': str(self.folder)})

    def start_ours(self):
        """Start glancelite, as ``ours``."""
        self.ours = self._start(
            'glancelite', self._ports[1],
            [sys.executable, '-m', 'glancelite.cmd.api', *self._files()])

    def stop_glance(self):
        """Stop Glance."""
        self.glance = self._stop('glance')

    def stop_ours(self):
        """Stop glancelite."""
        self.ours = self._stop('glancelite')

    def manage(self, *command):
        """Run ``glancelite-manage``."""
        return self._run(sys.executable, '-m', 'glancelite.cmd.manage',
                         *self._files(), *command, configured=False)

    def log(self, name):
        """:returns: what a service has logged, its end."""
        path = self.folder / f'{name}.log'
        return path.read_text()[-6000:] if path.exists() else ''

    def _configure(self):
        here = self.folder
        (here / 'glance-api.conf').write_text(_CONFIGURATION.format(
            folder=here, database=self.database,
            python=self._glance / 'bin' / 'python'))
        if self._key:
            with (here / 'glance-api.conf').open('a') as file:
                file.write('[DEFAULT]\nmetadata_encryption_key = '
                           f'{self._key}\n')
        (here / 'ours.conf').write_text(_OURS.format(
            port=self._ports[1], paste=application.ETC / 'trusted-paste.ini'))
        trusted.write(self._glance, here)

    def _files(self):
        return ['--config-file', str(self.folder / 'glance-api.conf'),
                '--config-file', str(self.folder / 'ours.conf')]

    def _run(self, *command, configured=True):
        if configured:
            program, *rest = command
            command = [program, '--config-file',
                       self.folder / 'glance-api.conf', *rest]
        done = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=application.ROOT)
        if done.returncode:
            raise AssertionError(done.stdout)
        return done.stdout

    def _start(self, name, port, command, variables=None):
        started = process.Process(command, self.folder / f'{name}.log',
                                  variables)
        self._processes[name] = started
        started.wait_for(f'http://127.0.0.1:{port}/healthcheck')
        talking = client.HttpClient(port)
        talking.personas = self._personas
        return talking

    def _stop(self, name):
        if name in self._processes:
            self._processes.pop(name).stop()
