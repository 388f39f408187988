# SPDX-License-Identifier: Apache-2.0
"""Small images of every format, on a web server of our own."""
import functools
import http.server
import pathlib
import subprocess
import threading

import fixtures
import yaml

from tests.corpus import crafted

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


#: name, format, whether it is safe to use, and how its bytes are had, given
#: those of a qcow2 disk.
_CRAFTED = (
    ('gpt', 'raw', True, lambda disk: crafted.gpt()),
    ('plain', 'iso', True, lambda disk: crafted.iso()),
    # Two things at once.
    ('hidden', 'iso', False, lambda disk: crafted.iso(disk[:32768])),
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
        for name, kind, _usable, options in _MADE:
            self._make(f'{name}.{kind}', kind, options)
        disk = (self._folder / 'plain.qcow2').read_bytes()
        for name, kind, _usable, craft in _CRAFTED:
            (self._folder / f'{name}.{kind}').write_bytes(craft(disk))
        self.manifest.write_text(yaml.safe_dump({'images': [
            {'name': f'{kind}-{name}', 'format': kind,
             'filename': f'{name}.{kind}', 'usable': usable}
            for name, kind, usable, _how in (*_MADE, *_CRAFTED)]}))
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
