# SPDX-License-Identifier: Apache-2.0
"""Small images of every format, on a web server of our own."""
import functools
import http.server
import pathlib
import subprocess
import threading

import fixtures

#: name, format, whether it is safe to use, and how qemu-img makes it.
_MADE = (
    ('plain', 'qcow2', True, ()),
    ('backing', 'qcow2', False, ('-F', 'raw', '-b', '/etc/hosts')),
    ('data', 'qcow2', False, ('-o', 'data_file=outside.dat,'
                                    'data_file_raw=on')),
    ('blank', 'raw', True, ()),
    ('sparse', 'vmdk', True, ('-o', 'subformat=monolithicSparse')),
    ('stream', 'vmdk', True, ('-o', 'subformat=streamOptimized')),
    ('flat', 'vmdk', False, ('-o', 'subformat=monolithicFlat')),
    ('plain', 'vdi', True, ()),
    ('plain', 'vhdx', True, ()),
)


class Samples(fixtures.Fixture):
    """Images, and a web server for them.

    :ivar url: of the web server.
    :ivar manifest: path of the list of images that Tempest reads.
    """

    def _setUp(self):
        self._folder = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path)
        self.manifest = self._folder / 'manifest.yaml'
        lines = ['images:']
        for name, kind, usable, options in _MADE:
            self._make(f'{name}.{kind}', kind, options)
            lines.append(f'- {{name: {kind}-{name}, format: {kind}, '
                         f'filename: {name}.{kind}, '
                         f'usable: {str(usable).lower()}}}')
        self.manifest.write_text('\n'.join([*lines, '']))
        self._serve()

    def _make(self, name, kind, options):
        subprocess.run(['qemu-img', 'create', '-q', '-f', kind, *options,
                        name, '10M'], cwd=self._folder, check=True)

    def _serve(self):
        server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), functools.partial(
                _Quiet, directory=str(self._folder)))
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f'http://127.0.0.1:{server.server_address[1]}'


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Tell nobody."""
