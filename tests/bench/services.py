# SPDX-License-Identifier: Apache-2.0
"""The services that are measured: glancelite, and perhaps a peer.

Both run under uWSGI with the same settings, those that Glance's guide has
for uWSGI alone: one process, one request at a time.
"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from tests.bench import processes
from tests.compare import process

_ROOT = pathlib.Path(__file__).parents[2]
_PASTE = _ROOT / 'tests' / 'functional' / 'etc' / 'trusted-paste.ini'

_UWSGI = '''[uwsgi]
socket-timeout = 10
http-auto-chunked = true
http-chunked-input = true
http-raw-body = true
lazy-apps = true
add-header = Connection: close
buffer-size = 65535
chunked-input-limit = 4194304
thunder-lock = true
enable-threads = true
die-on-term = true
master = true
processes = 1
http-socket = 127.0.0.1:{port}
module = glancelite.wsgi:application
env = OS_GLANCELITE_CONFIG_FILES={configurations}
'''
_CONFIGURATION = '''[DEFAULT]
enabled_backends = fast:file, cheap:file, web:http
show_image_direct_url = true
show_multiple_locations = true
use_stderr = true
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
[database]
connection = {database}
[paste_deploy]
flavor = trusted
config_file = {paste}
'''


class Service:
    """A service that is measured.

    :ivar port: where it listens, on the loopback address.
    :ivar first_answer: seconds from start to the first 200; None where
        somebody else has started it.
    """

    first_answer = None

    def __init__(self, name, port, command=None, log=os.devnull,
                 environment=os.environ):
        self.name = name
        self.port = port
        self._command = command
        self._log = log
        self._environment = environment
        self._process = None

    def start(self):
        """Start it, if that is ours to do, and find its processes."""
        if self._command:
            with open(self._log, 'ab') as log:
                began = time.perf_counter()
                self._process = subprocess.Popen(
                    self._command, cwd=_ROOT, env=self._environment,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True)
            self._wait()
            self.first_answer = time.perf_counter() - began
        self.group = processes.Group(processes.listening_on(self.port))

    def _wait(self):
        deadline = time.monotonic() + process.SECONDS_TO_START
        url = f'http://127.0.0.1:{self.port}/healthcheck'
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(url, timeout=60).close()
                return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.01)
        self.stop()
        raise process.DidNotStart(f'no 200 from {url}, see {self._log}')

    def stop(self):
        """Stop it, if it is ours."""
        if self._process:
            self._process.terminate()
            self._process.wait()
        self._process = None


def own(folder, database, more=None):
    """:returns: glancelite on ``database``, with what it writes in a folder.

    :param folder: a path.
    :param database: URL of a database that it finds migrated.
    :param more: path of a further configuration file, or None.
    """
    port = process.free_port()
    for name in ('fast', 'cheap', 'staging', 'tasks'):
        (folder / name).mkdir()
    configuration = folder / 'glancelite-api.conf'
    configuration.write_text(_CONFIGURATION.format(
        folder=folder, database=database.replace('%', '%%'), paste=_PASTE))
    ini = folder / 'uwsgi.ini'
    ini.write_text(_UWSGI.format(port=port, configurations=';'.join(
        str(each) for each in (configuration, more) if each)))
    beside = pathlib.Path(sys.executable).with_name('uwsgi')
    program = str(beside) if beside.exists() else shutil.which('uwsgi')
    if program is None:
        raise process.DidNotStart('uwsgi is not installed')
    # An installed service has its bytecode; that of a checkout goes here.
    environment = {**os.environ, 'PYTHONPYCACHEPREFIX': str(folder / 'code')}
    environment.pop('PYTHONDONTWRITEBYTECODE', None)
    return Service('glancelite', port, [program, '--ini', str(ini)],
                   folder / 'log', environment)


def peer(url, command, folder):
    """:returns: the service at ``url``.

    :param command: what starts it, as for a shell; None when it runs.
    """
    return Service('peer', urllib.parse.urlsplit(url).port,
                   command and shlex.split(command), folder / 'peer-log')


def database_server(url):
    """:returns: the processes of a local database server, or None."""
    parts = urllib.parse.urlsplit(url)
    if parts.port is None:
        return None
    return processes.Group(processes.listening_on(parts.port))
