# SPDX-License-Identifier: Apache-2.0
"""gunicorn for glancelite: gunicorn -c glancelite.py

Which configuration the service reads, OS_GLANCELITE_CONFIG_FILES or
OS_GLANCELITE_CONFIG_DIR tells in the environment.
"""
import multiprocessing

bind = '127.0.0.1:9292'
wsgi_app = 'glancelite.wsgi:application'

# Each worker loads the service by itself, so that SIGHUP reads a changed
# configuration. With these two lines it is loaded once, workers take half the
# memory, and a changed configuration needs a restart.
#preload_app = True
#raw_env = ['GLANCELITE_PRELOADED=1']

# A request holds a thread while its data is moving. Digests are computed in
# threads beside those, so one process keeps several processors busy.
worker_class = 'gthread'
workers = max(2, multiprocessing.cpu_count())
threads = 32

# Seconds that a stopping worker lets running transfers go on.
graceful_timeout = 60

# Tokens of Keystone can be long.
limit_request_field_size = 16384

#: Seconds that a client may send or take nothing; gunicorn waits for ever.
_CLIENT_TIMEOUT = 60


def pre_request(worker, req):
    """Hold clients to their time, and tell them when to send."""
    req.unreader.sock.settimeout(_CLIENT_TIMEOUT)
    _continue_later(req)


def _continue_later(req):
    """Send 100 (Continue) when the body is wanted, not before.

    gunicorn sends it before it asks the application, which could then not
    refuse an upload without being sent all of it.
    """
    expected = [header for header in req.headers if header[0] == 'EXPECT']
    if not expected or req.version < (1, 1):
        return
    req.headers.remove(expected[0])
    # So newer gunicorns note what the header said.
    req._expected_100_continue = False
    req.body.reader = _Continued(req, req.body.reader)
    # Whether the client still sends a body that was not wanted cannot be
    # known, nor therefore where its next request begins.
    req.must_close = True


class _Continued:
    """Reads a body, having told the client to send it."""

    def __init__(self, req, reader):
        self._socket = req.unreader.sock
        self._reader = reader
        self._told = False

    def read(self, size):
        if not self._told:
            self._told = True
            self._socket.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
        return self._reader.read(size)
