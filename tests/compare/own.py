# SPDX-License-Identifier: Apache-2.0
"""glancelite with trusted identity headers: as a server, or in process."""
import pathlib
import sys

from tests.compare import configuration
from tests.compare import exchange
from tests.compare import process
from tests.compare import scenario as scenario_file

PASTE = scenario_file.HERE.parent / 'functional/etc/trusted-paste.ini'


def write(directory, settings, address=None):
    """Write the configuration of a fresh glancelite into ``directory``.

    :param address: (host, port) to listen on, None for an application.
    :returns: the path of the configuration file.
    """
    directory = pathlib.Path(directory)
    database = directory / 'glancelite.sqlite'
    own = {
        'DEFAULT': {},
        'database': {'connection': f'sqlite:///{database}'},
        'paste_deploy': {'config_file': PASTE, 'flavor': 'trusted'},
        'oslo_policy': {'policy_file': directory / 'policy.yaml'},
        'import_filtering_opts': {'allowed_hosts': '[127.0.0.1,localhost]',
                                  'allowed_ports': '[]'},
    }
    if address:
        own['DEFAULT'] = {'bind_host': address[0], 'bind_port': address[1]}
    return configuration.write(directory, settings, own)


class Server:
    """glancelite as a process, started with ``glancelite-api``.

    :param directory: a directory for its configuration and data.
    """

    private = True

    def __init__(self, directory, files_url):
        self._directory = pathlib.Path(directory)
        self._files_url = files_url
        self._process = None

    def start(self, settings):
        """Start it with the ``settings`` of that name."""
        port = process.free_port()
        self._directory.mkdir(parents=True, exist_ok=True)
        path = write(self._directory, settings, ('127.0.0.1', port))
        self._process = process.Process(
            [sys.executable, '-m', 'glancelite.cmd.api',
             '--config-file', path], self._directory / 'log')
        self._process.wait_for(f'http://127.0.0.1:{port}/healthcheck')
        self.transport = exchange.Socket(f'http://127.0.0.1:{port}')
        self.names = {'files': self._files_url,
                      'data': str(self._directory / 'data')}

    def stop(self):
        """Stop it."""
        if self._process:
            self._process.stop()
