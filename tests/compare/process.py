# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping the services that are compared."""
import gzip
import http.server
import io
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
import zipfile

from tests.corpus import crafted

SECONDS_TO_START = 60
SECONDS_TO_STOP = 15

#: An image of another region, and one that has no data there.
REMOTE = '11111111-1111-4111-8111-111111111111'
WAITING = '22222222-2222-4222-8222-222222222222'


def _record(image_id, **values):
    return json.dumps({
        'id': image_id, 'status': 'active', 'name': 'theirs', 'size': 1000,
        'disk_format': 'raw', 'container_format': 'bare', 'min_disk': 7,
        'visibility': 'public', 'protected': True, 'tags': ['theirs'],
        'hw_disk_bus': 'scsi', 'os_distro': 'debian', 'trait:X': 'required',
        'other': 'x', 'os_hidden': False, 'checksum': 'x', **values}).encode()


def _zipped(content):
    made = io.BytesIO()
    with zipfile.ZipFile(made, 'w') as archive:
        # With a time that does not pass.
        archive.writestr(zipfile.ZipInfo('a.raw'), content)
    return made.getvalue()


_FILES = {
    '/a.raw': bytes(1000), '/b.raw': bytes(2000),
    '/a.raw.gz': gzip.compress(bytes(1000), mtime=0),
    '/cut.raw.gz': gzip.compress(bytes(1000), mtime=0)[:-9],
    '/a.raw.zip': _zipped(bytes(1000)),
    '/a.qcow2': crafted.empty_qcow2(),
    '/a.qcow2.gz': gzip.compress(crafted.empty_qcow2(), mtime=0),
    '/backed.qcow2': crafted.backed('/etc/passwd'),
    '/text': b'no disk at all\n' * 200,
    # The images of another region's service.
    f'/v2/images/{REMOTE}': _record(REMOTE),
    f'/v2/images/{REMOTE}/file': bytes(1000),
    f'/v2/images/{WAITING}': _record(WAITING, status='queued')}


class DidNotStart(Exception):
    """A service that ended, or stayed silent, instead of answering."""


def free_port():
    """Return a TCP port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Process:
    """A daemon in a process group of its own.

    :param command: list of words.
    :param log: path of the file that takes its output.
    """

    def __init__(self, command, log, environment=None):
        self._log = log
        with open(log, 'ab') as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=output,
                stdin=subprocess.DEVNULL, start_new_session=True,
                env={**os.environ, **(environment or {})})

    def wait_for(self, url):
        """Return when ``url`` answers 200.

        :raises DidNotStart: when it does not within a minute.
        """
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.1)
        self.stop()
        raise DidNotStart(f'no 200 from {url}, see {self._log}')

    def stop(self):
        """End the process, and its group if it does not end in time."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        content = _FILES.get(self.path.partition('?')[0])
        self.send_response(200 if content else 404)
        self.send_header('Content-Length', str(len(content or b'')))
        self.end_headers()
        if self.command == 'GET':
            self.wfile.write(content or b'')

    do_HEAD = do_GET

    def log_message(self, *arguments):
        """Say nothing."""


class FileServer:
    """Serves a few small files over HTTP, for imports and locations."""

    def __init__(self):
        self._server = http.server.ThreadingHTTPServer(
            ('127.0.0.1', 0), _Handler)
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    def stop(self):
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
