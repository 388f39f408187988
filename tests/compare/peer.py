# SPDX-License-Identifier: Apache-2.0
"""The peer: a real Glance, started privately with the lab's programs.

The lab is the folder named by GLANCELITE_LAB (default ../shared/lab beside
the repository); it holds a virtual environment with Glance and uWSGI, and
starts MariaDB.
"""
import os
import pathlib
import subprocess

from tests.compare import configuration
from tests.compare import exchange
from tests.compare import process
from tests.compare import scenario as scenario_file
from tests.compare import trusted

_LAB = scenario_file.HERE.parents[1].parent / 'shared' / 'lab'

_PREPARE = r'''
. "$1/env.sh"
"$1/mariadb-up" >/dev/null
sql <<<"DROP DATABASE IF EXISTS \`$2\`"
create_db "$2"
echo "$VENVS/glance"
echo "mysql+pymysql://$2:$LAB_PASSWORD@127.0.0.1:$MARIADB_PORT/$2?charset=utf8"
'''
_FORGET = r'''
. "$1/env.sh"
sql <<<"DROP DATABASE IF EXISTS \`$2\`; DROP USER IF EXISTS '$2'@'127.0.0.1'"
'''
_UWSGI = '''[uwsgi]
socket-timeout = 10
http-auto-chunked = true
http-chunked-input = true
http-raw-body = true
lazy-apps = true
add-header = Connection: close
buffer-size = 65535
chunked-input-limit = 4194304
enable-threads = true
die-on-term = true
master = true
processes = 1
http-socket = 127.0.0.1:{port}
module = glance.wsgi.api:application
env = OS_GLANCE_CONFIG_DIR={directory}
pythonpath = {root}
'''


class Peer:
    """A Glance of our own: one process, a fresh database, trusted headers.

    :param directory: a directory for its configuration and data.
    """

    private = True

    def __init__(self, directory, files_url):
        self._directory = pathlib.Path(directory)
        self._files_url = files_url
        self._process = None
        # One of our own: others may be comparing as well.
        self._database = f'glance_compare_{os.getpid()}'
        told = self._lab(_PREPARE).split()
        self._environment, self._connection = pathlib.Path(told[0]), told[1]
        self._synced = False

    def _lab(self, script):
        """Run a script with the lab's functions; return what it prints."""
        lab = os.environ.get('GLANCELITE_LAB', str(_LAB))
        return subprocess.run(
            ['bash', '-c', script, 'lab', lab, self._database], check=True,
            stdout=subprocess.PIPE, text=True).stdout

    def _write(self, settings, port):
        here = self._directory
        for name in ('work', 'lock'):
            (here / name).mkdir(parents=True, exist_ok=True)
        configuration.write(here, settings, {
            'DEFAULT': {'use_stderr': 'true', 'worker_self_reference_url':
                        f'http://127.0.0.1:{port}'},
            'database': {'connection': self._connection},
            'paste_deploy': {'config_file': here / 'glance-api-paste.ini',
                             'flavor': 'trusted'},
            'oslo_policy': {'policy_file': here / 'policy.yaml'},
            'oslo_concurrency': {'lock_path': here / 'lock'},
            'task': {'work_dir': here / 'work'},
            'wsgi': {'python_interpreter':
                     self._environment / 'bin' / 'python'},
        })
        trusted.write(self._environment, here)
        etc = self._environment / 'etc' / 'glance'
        (here / 'schema-image.json').write_bytes(
            (etc / 'schema-image.json').read_bytes())
        (here / 'uwsgi.ini').write_text(
            _UWSGI.format(port=port, directory=here,
                          root=scenario_file.HERE.parents[1]))

    def start(self, settings):
        """Start it with the ``settings`` of that name."""
        port = process.free_port()
        self._write(settings, port)
        if not self._synced:
            subprocess.run(
                [self._environment / 'bin' / 'glance-manage',
                 '--config-file', self._directory / 'glance-api.conf',
                 'db_sync'], check=True, capture_output=True)
            self._synced = True
        self._process = process.Process(
            [self._environment / 'bin' / 'uwsgi', '--ini',
             self._directory / 'uwsgi.ini'], self._directory / 'log')
        self._process.wait_for(f'http://127.0.0.1:{port}/healthcheck')
        self.transport = exchange.Socket(f'http://127.0.0.1:{port}')
        self.names = {'files': self._files_url,
                      'data': str(self._directory / 'data')}

    def stop(self):
        """Stop it; the database and the data stay."""
        if self._process:
            self._process.stop()

    def forget(self):
        """Drop the database."""
        self._lab(_FORGET)


class Running:
    """A service that somebody else runs, at ``url``."""

    def __init__(self, url, files_url):
        self.transport = exchange.Socket(url)
        self.names = {'files': files_url}

    def start(self, settings):
        """It runs already, whatever its settings are."""

    def stop(self):
        """It is not ours to stop."""

    def forget(self):
        """It has nothing of ours."""
