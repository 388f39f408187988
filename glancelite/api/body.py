# SPDX-License-Identifier: Apache-2.0
"""The body of a request, read alike under every server."""
from glancelite import exception


def prepare(environ):
    """Make ``wsgi.input`` end where a chunked body ends.

    Servers say that theirs does by ``wsgi.input_terminated``.
    """
    if 'wsgi.input_terminated' in environ or not is_chunked(environ):
        return
    if 'uwsgi.version' in environ:
        # Under uWSGI wsgi.input knows of Content-Length alone.
        environ['wsgi.input'] = UwsgiChunks()
        environ['wsgi.input_terminated'] = True


def is_chunked(environ):
    """:returns: whether the request has a body of unknown length."""
    return 'chunked' in environ.get('HTTP_TRANSFER_ENCODING', '').lower()


class UwsgiChunks:
    """A file over uWSGI's own interface to chunks.

    It holds one chunk at a time, of at most ``chunked-input-limit`` bytes.
    """

    def __init__(self):
        # The module exists inside uWSGI alone.
        import uwsgi
        self._next = uwsgi.chunked_read
        self._rest = memoryview(b'')

    def read(self, size):
        """:returns: ``size`` bytes, fewer only at the end.

        :raises OSError: the client went away, or sent a larger chunk.
        """
        parts = []
        while size:
            if not self._rest:
                self._rest = memoryview(self._next())
                if not self._rest:
                    break
            part, self._rest = self._rest[:size], self._rest[size:]
            parts.append(part)
            size -= len(part)
        return b''.join(parts)


class BodyStream:
    """Image data as a request brings it; a broken connection is an error.

    Nothing is read, and so no 100 (Continue) sent, before :meth:`read`.

    :param request: a :class:`~glancelite.api.resource.Request`.
    :param expected: bytes the client says it sends, or None.
    :raises LengthRequired: the server cannot tell where the body ends.
    """

    def __init__(self, request, expected=None):
        self._file = request.body_file_raw
        self._left = request.content_length
        if self._left is None and not is_chunked(request.environ):
            self._left = 0
        elif (self._left is None
              and not request.environ.get('wsgi.input_terminated')):
            raise exception.LengthRequired()
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
