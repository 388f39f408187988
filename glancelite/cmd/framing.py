# SPDX-License-Identifier: Apache-2.0
"""Where the body of a request begins and ends (RFC 9112, sections 5 to 7).

eventlet is lenient here: it passes over a line that is no header together
with all that follow, takes the first of two lengths, and a body in a coding
it does not know for further requests. Behind a proxy that reads the same
bytes in another way they could be somebody else's.
"""
import re

_LENGTH = re.compile(r'[0-9]+', re.ASCII)
_CHUNK = re.compile(rb'([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n')

#: Follows on the data of a chunk.
_END = re.compile(rb'\r?\n')

#: Bytes of a line between chunks.
_LONGEST = 8192

_BAD_REQUEST = '400 Bad Request'
_NOT_IMPLEMENTED = '501 Not Implemented'


def refusal(headers, version):
    """:returns: why nobody can tell where the body ends, or None.

    :param headers: of the request, an ``email.message.Message``.
    :param version: for instance 'HTTP/1.1'.
    :returns: a status such as '400 Bad Request', or None.
    """
    codings = headers.get_all('Transfer-Encoding', [])
    lengths = headers.get_all('Content-Length', [])
    if headers.defects or len(set(lengths)) > 1 or (
            lengths and not _LENGTH.fullmatch(lengths[0])):
        return _BAD_REQUEST
    if not codings:
        return None
    if lengths or version == 'HTTP/1.0':
        return _BAD_REQUEST
    if [coding.lower() for coding in codings] != ['chunked']:
        return _NOT_IMPLEMENTED
    return None


class ChunkLines:
    """A connection from which chunks are read, each line of them checked.

    :param file: has ``read(size)`` for what is in the chunks, and
        ``readline(limit)`` for what is between them.
    """

    def __init__(self, file):
        self._file = file
        self._expected = _CHUNK
        self._broken = False

    def read(self, size):
        """:returns: up to ``size`` bytes of a chunk."""
        return self._file.read(size)

    def readline(self):
        """:returns: the next line: a size, the end of a chunk, a trailer.

        :raises OSError: it is none of these, or the connection has ended;
            then nothing more can be read.
        """
        line = b'' if self._broken else self._file.readline(_LONGEST)
        if not line.endswith(b'\n'):
            self._refuse()
        if self._expected is None:
            return line
        found = self._expected.fullmatch(line)
        if not found:
            self._refuse()
        self._expected = self._after(found)
        return line

    @staticmethod
    def _after(found):
        """:returns: what the next line has to be; None for any: a trailer.
        """
        if found.re is not _CHUNK:
            return _CHUNK
        return _END if int(found.group(1), 16) else None

    def _refuse(self):
        self._broken = True
        raise OSError('no chunks')
