# SPDX-License-Identifier: Apache-2.0
"""The body of a request, read alike under every server."""
import importlib
import os

from glancelite import exception

#: The environ key that says that the body is being read.
BEGUN = 'glancelite.body_begun'


def prepare(environ):
    """Make ``wsgi.input`` end where the body ends, whatever the server.

    Servers say that theirs does for chunked bodies too by
    ``wsgi.input_terminated``.
    """
    if 'eventlet.input' in environ:
        # eventlet reads chunks, and forgets to say so.
        environ['wsgi.input_terminated'] = True
    if 'uwsgi.version' not in environ or not (
            is_chunked(environ) or expects_continue(environ)):
        return
    # No package has this module; it exists inside uWSGI alone.
    uwsgi = importlib.import_module('uwsgi')
    if is_chunked(environ):
        # Under uWSGI wsgi.input knows of Content-Length alone.
        environ['wsgi.input'] = UwsgiChunks(uwsgi.chunked_read)
        environ['wsgi.input_terminated'] = True
    if expects_continue(environ) and _speaks_http(environ, uwsgi.opt):
        environ['wsgi.input'] = UwsgiContinue(
            environ['wsgi.input'], uwsgi.connection_fd())


def is_chunked(environ):
    """:returns: whether the request has a body of unknown length."""
    return environ.get('HTTP_TRANSFER_ENCODING', '').lower() == 'chunked'


def expects_continue(environ):
    """:returns: whether the client holds the body back until it is told."""
    return environ.get('HTTP_EXPECT', '').lower() == '100-continue'


def _speaks_http(environ, options):
    """:returns: whether uWSGI has the client itself on its connections."""
    return ('http-socket' in options and 'socket' not in options
            and environ['SERVER_PROTOCOL'] != 'HTTP/1.0')


class UwsgiChunks:
    """A file over uWSGI's own interface to chunks.

    It holds one chunk at a time, of at most ``chunked-input-limit`` bytes.

    :param chunked_read: returns the next chunk, an empty one at the end.
    """

    def __init__(self, chunked_read):
        self._next = chunked_read
        self._rest = memoryview(b'')
        self._ended = False

    def read(self, size=-1):
        """:returns: ``size`` bytes, fewer only at the end.

        :raises OSError: the client went away, or sent a larger chunk.
        """
        parts = []
        while size and self._fill():
            stop = len(self._rest) if size < 0 else size
            part, self._rest = self._rest[:stop], self._rest[stop:]
            parts.append(part)
            size -= len(part) if size > 0 else 0
        return b''.join(parts)

    def _fill(self):
        """:returns: whether there is anything to give."""
        if not self._rest and not self._ended:
            self._rest = memoryview(self._next())
            self._ended = not self._rest
        return bool(self._rest)


class UwsgiContinue:
    """Sends 100 (Continue) before the first byte is read.

    uWSGI does not, and the client would wait for a second or more.

    :param file: the body.
    :param descriptor: of the connection.
    """

    def __init__(self, file, descriptor):
        self._file = file
        self._descriptor = descriptor

    def read(self, *size):
        """As the body's own ``read``."""
        if self._descriptor is not None:
            os.write(self._descriptor, b'HTTP/1.1 100 Continue\r\n\r\n')
            self._descriptor = None
        return self._file.read(*size)


class BodyStream:
    """Image data as a request brings it; a broken connection is an error.

    Nothing is read, and so no 100 (Continue) sent, before :meth:`read`.

    :param request: a :class:`~glancelite.api.resource.Request`.
    :param expected: bytes the client says it sends, or None.
    :raises LengthRequired: the server cannot tell where the body ends.
    """

    def __init__(self, request, expected=None):
        self._environ = request.environ
        self._file = request.body_file_raw
        self._left = request.content_length
        if self._left is None and 'HTTP_TRANSFER_ENCODING' in self._environ:
            if not (is_chunked(self._environ)
                    and self._environ.get('wsgi.input_terminated')):
                raise exception.LengthRequired()
        elif self._left is None:
            self._left = 0
        self._expected = expected
        self._count = 0

    def read(self, size):
        """:returns: the next ``size`` bytes, fewer only at the end.

        :raises IncompleteBody: the client went away.
        :raises SizeExceeded: more came than was announced.
        """
        if self._left is not None:
            size = min(size, self._left)
        block = self._read(size)
        if self._left is not None:
            if len(block) < size:
                raise exception.IncompleteBody()
            self._left -= len(block)
        self._count += len(block)
        if self._expected is not None and self._count > self._expected:
            raise exception.SizeExceeded(expected=self._expected,
                                         size=self._count)
        return block

    def _read(self, size):
        self._environ[BEGUN] = True
        parts = []
        try:
            while size and (part := self._file.read(size)):
                parts.append(part)
                size -= len(part)
        except Exception:
            # Each server has errors of its own for a client that went away
            # or sends no proper chunks.
            raise exception.IncompleteBody() from None
        return parts[0] if len(parts) == 1 else b''.join(parts)
