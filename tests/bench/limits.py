# SPDX-License-Identifier: Apache-2.0
"""What the machine can do at best: ``tee`` for uploads, nginx for downloads.
"""
import shutil
import subprocess
import time

from tests.bench import processes
from tests.bench import transfers
from tests.compare import process

#: The same as an upload: two digests, and a file that is on the disk.
_TEE = '''
head -c "$2" "$1" | tee >(md5sum >"$3/md5") >(sha512sum >"$3/sha512") >"$3/tee"
sync "$3/tee"
until [ -s "$3/md5" ] && [ -s "$3/sha512" ]; do sleep 0.01; done
rm "$3"/md5 "$3"/sha512 "$3"/tee
'''
_NGINX = '''
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {folder}/nginx-temp;
    proxy_temp_path {folder}/nginx-temp;
    fastcgi_temp_path {folder}/nginx-temp;
    uwsgi_temp_path {folder}/nginx-temp;
    scgi_temp_path {folder}/nginx-temp;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
'''


def tee(source, size, folder):
    """:returns: the seconds that ``tee`` takes for ``size`` bytes."""
    began = time.perf_counter()
    subprocess.run(['bash', '-ec', _TEE, 'tee', source, str(size), folder],
                   check=True)
    return time.perf_counter() - began


class Nginx:
    """nginx, serving the folder of a file.

    :param source: path of the file.
    :param folder: for its configuration; nginx has to get into it.
    """

    def __init__(self, source, folder):
        self._source = source
        self._folder = folder
        self._process = None

    def start(self):
        """:returns: whether nginx is there, and started."""
        program = shutil.which('nginx', path='/usr/sbin:/usr/bin')
        if program is None:
            return False
        self._port = process.free_port()
        configuration = self._folder / 'nginx.conf'
        configuration.write_text(_NGINX.format(
            folder=self._folder, port=self._port, root=self._source.parent))
        self._process = process.Process(
            [program, '-c', str(configuration)], self._folder / 'nginx.log')
        self._process.wait_for(
            f'http://127.0.0.1:{self._port}/{configuration.name}')
        self.group = processes.Group(processes.listening_on(self._port))
        return True

    def download(self, size):
        """Receive the first ``size`` bytes of the file, and no more."""
        transfers.receive(self._port, f'/{self._source.name}', size)

    def stop(self):
        """Stop it."""
        if self._process:
            self._process.stop()
