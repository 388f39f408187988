# SPDX-License-Identifier: Apache-2.0
"""glancelite with trusted identity headers: as a server, or in process."""
import pathlib
import sys

from tests.compare import configuration
from tests.compare import exchange
from tests.compare import process
from tests.compare import scenario as scenario_file
from tests.functional import application

_PASTE = scenario_file.HERE.parent / 'functional/etc/trusted-paste.ini'
_FETCH = {'allowed_hosts': '[127.0.0.1,localhost]', 'allowed_ports': '[]'}


class InProcess(application.Application):
    """The application in the test's own process, a fixture.

    Under the server that the tests were asked to run under, if there is one.

    It is what ``play.Play`` wants of a service.

    :param settings: a name in ``settings.yaml``.
    :param files_url: where files are to fetch, if they are.
    """

    def __init__(self, settings, files_url=''):
        options = {
            section: {name: str(value).replace('DATA', '{folder}/data')
                      .replace('DIRECTORY', '{folder}')
                      for name, value in values.items()}
            for section, values in configuration.sections(settings).items()}
        super().__init__(
            application.MODE, **options.pop('DEFAULT', {}), **options,
            import_filtering_opts=_FETCH,
            oslo_policy={'policy_file': '{folder}/policy.yaml'})
        self._settings = settings
        self._files_url = files_url

    def configure(self, **options):
        """Write the configuration, and the files that it names."""
        configuration.write_files(self.folder, self._settings)
        super().configure(**options)

    @property
    def transport(self):
        """What sends requests to the application."""
        if application.MODE == 'eventlet':
            return exchange.Socket(f'http://{self.address}')
        return exchange.Application(self.application)

    @property
    def names(self):
        """The fixed variables of scenarios."""
        return {'files': self._files_url, 'data': f'{self.folder}/data'}


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
        database = self._directory / 'glancelite.sqlite'
        path = configuration.write(self._directory, settings, {
            'DEFAULT': {'bind_host': '127.0.0.1', 'bind_port': port},
            'database': {'connection': f'sqlite:///{database}'},
            'paste_deploy': {'config_file': _PASTE, 'flavor': 'trusted'},
            'oslo_policy': {'policy_file': self._directory / 'policy.yaml'},
            'import_filtering_opts': _FETCH,
        })
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
