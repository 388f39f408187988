# SPDX-License-Identifier: Apache-2.0
"""Bodies alike under every server, and answers that reach who still sends.

A server that closes a connection on which a body is still arriving makes
the kernel throw away the answer as well. So when a request is refused, what
the client sends is read for a while after the answer.
"""
import time

from glancelite.api import body

#: Seconds; httpd lingers as long before it closes such a connection.
_LINGER = 30

_BLOCK_SIZE = 256 * 1024


class RequestBody:
    """Prepares ``wsgi.input``, and reads what a refusal left unread."""

    def __init__(self, application):
        self._application = application

    def __call__(self, environ, start_response):
        body.prepare(environ)
        refused = []

        def start(status, headers, exc_info=None):
            refused.append(status >= '4')
            return start_response(status, headers, exc_info)

        result = self._application(environ, start)
        if refused and refused[-1] and _comes(environ):
            # eventlet would keep a short answer back until it has all of it.
            environ['eventlet.minimum_write_chunk_size'] = 1
            return _Lingering(result, environ['wsgi.input'])
        return result


def _comes(environ):
    """:returns: whether the client may still be sending a body."""
    if environ.get('CONTENT_LENGTH', '0') in ('', '0'):
        if not (body.is_chunked(environ)
                and environ.get('wsgi.input_terminated')):
            return False
    # Who waits for 100 (Continue) sends nothing; reading would ask for it.
    return body.BEGUN in environ or not body.expects_continue(environ)


class _Lingering:
    """An answer, and then the rest of the body, thrown away."""

    def __init__(self, result, file):
        self._result = result
        self._file = file

    def __iter__(self):
        yield from self._result
        deadline = time.monotonic() + _LINGER
        try:
            while time.monotonic() < deadline:
                if not self._file.read(_BLOCK_SIZE):
                    return
        except Exception:
            # The client is gone, or sends no proper chunks: each server
            # says so in its own way, and there is nobody left to answer.
            return

    def close(self):
        close = getattr(self._result, 'close', None)
        if close:
            close()


def filter_factory(global_conf, **local_conf):
    """For Paste."""
    return RequestBody
