# SPDX-License-Identifier: Apache-2.0
"""The body of a request that counts even when it breaks off."""
import time

from glancelite import exception
from glancelite.api import body

#: Bytes asked for at a time. What the server has of them when a connection
#: breaks may be lost.
_PIECE = 64 * 1024

#: Seconds after which what has come is handed on: it shall become safe while
#: the connection lasts, however slow it is.
_PATIENCE = 1


class PartialBody(body.BodyStream):
    """Gives what came before a connection broke, and then the error."""

    def __init__(self, request):
        super().__init__(request)
        self._broken = None

    def read(self, size):
        """:returns: up to ``size`` bytes; none at the end alone.

        :raises IncompleteBody: the client went away; only after everything
            else was given.
        """
        parts, began = [], time.monotonic()
        while size and self._broken is None:
            piece = self._piece(min(size, _PIECE))
            if not piece:
                break
            parts.append(piece)
            size -= len(piece)
            if time.monotonic() - began > _PATIENCE:
                break
        if not parts and self._broken:
            raise self._broken
        return b''.join(parts)

    def _piece(self, size):
        if self._left is not None:
            size = min(size, self._left)
        try:
            piece = self._read(size)
        except exception.IncompleteBody as error:
            self._broken = error
            return b''
        if self._left is not None:
            self._left -= len(piece)
            if len(piece) < size:
                self._broken = exception.IncompleteBody()
        return piece
