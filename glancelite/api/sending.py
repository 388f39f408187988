# SPDX-License-Identifier: Apache-2.0
"""How image data leaves: by the front end, by the server, or block by block.

The fewer hands it passes through here, the less a download costs.
"""
import os
import re
import urllib.parse

from glancelite import exception
from glancelite.api import accounts
from glancelite.api import conditions
from glancelite.api import same_machine
from glancelite.data import streams

#: The environ key under which the body is that the WSGI server sends by
#: itself, if it gets that very object.
SENT_BY_SERVER = 'glancelite.sent_by_server'

#: The environ key under which httpd says which directories it may send files
#: of by mod_xsendfile. No client can set it: headers begin with HTTP_.
SENDFILE = 'GLANCELITE_SENDFILE'

#: The one under which it says who it is. What that account may not read is
#: sent here.
SENDFILE_USER = 'GLANCELITE_SENDFILE_USER'

#: With these the front end would answer by validators of its own, or not at
#: all.
_OURS = (*conditions.HEADERS, 'Content-Range')

#: The ranges that every front end reads as this service does.
_PLAIN_RANGE = re.compile(r'bytes=(\d{1,18}-\d{0,18}|-\d{1,18})', re.ASCII)


class Sender:
    """Puts image data into responses.

    :param conf: the ``ConfigOpts`` of the service.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :raises ConfigurationError: X-Accel-Redirect is without any prefix.
    """

    def __init__(self, conf, threads):
        self._threads = threads
        self._block_size = conf.transfer_block_size
        self._header = conf.sendfile_header
        self._prefixes = [
            (os.path.normpath(directory) + os.sep, prefix.rstrip('/') + '/')
            for directory, prefix in conf.sendfile_prefixes.items()]
        if self._header == 'X-Accel-Redirect' and not self._prefixes:
            raise exception.ConfigurationError(
                'sendfile_header = X-Accel-Redirect needs sendfile_prefixes')

    def send(self, request, response, data, start, stop, sent=None):
        """Make bytes ``start`` to ``stop`` of ``data`` the response's body.

        :param data: a :class:`~glancelite.data.download.Data`.
        :param stop: position after the last byte.
        :param sent: called with the number of bytes that were sent; where
            somebody else sends the file, with how many he was asked to.
        :raises DataMissing, StoreUnavailable: it cannot be opened.
        """
        data = data.wanted(start, stop)
        path = data.path()
        target = path and self._target(request, path)
        if target:
            self._hand_over(request, response, *target)
            if sent:
                sent(stop - start)
            return
        file = self._threads.wait(data.open, start)
        same_machine.unpace(request.environ)
        wrapper = request.environ.get('wsgi.file_wrapper')
        # uWSGI sends from the first byte to the end of the file, wherever
        # the file stands and whatever Content-Length says. Others keep to
        # both, as PEP 3333 tells them.
        deaf = 'uwsgi.version' in request.environ
        if path and wrapper and not (deaf and stop - start < data.size):
            body = wrapper(file, self._block_size)
            request.environ[SENT_BY_SERVER] = body
            if sent:
                sent(stop - start)
        else:
            body = streams.blocks(file, stop - start, self._threads,
                                  self._block_size)
            if sent:
                body = _counted(body, sent)
        response.app_iter = body
        response.content_length = stop - start

    def _target(self, request, path):
        """:returns: header and value that tell the front end to send the
        file, None to send it here.
        """
        wanted = request.headers.get('Range')
        if (any(name in request.headers for name in _OURS)
                or wanted and not _PLAIN_RANGE.fullmatch(wanted)):
            return None
        if self._header:
            value = self._prefixed(path)
            return value and (self._header, value)
        directories = request.environ.get(SENDFILE, '').split(os.pathsep)
        if not any(directory and path.startswith(os.path.join(directory, ''))
                   for directory in directories):
            return None
        account = accounts.named(request.environ.get(SENDFILE_USER, ''))
        if account and not self._threads.wait(account.may_read, path):
            return None
        return 'X-Sendfile', urllib.parse.quote(path)

    def _prefixed(self, path):
        """:returns: what ``sendfile_prefixes`` make of a path, or None."""
        for directory, prefix in self._prefixes:
            if path.startswith(directory):
                return urllib.parse.quote(prefix + path[len(directory):])
        return None if self._prefixes else urllib.parse.quote(path)

    def _hand_over(self, request, response, header, value):
        """The front end reads Range as well, and answers it."""
        response.headers[header] = value
        response.status_int = 200
        response.content_range = None
        response.app_iter = ()
        del response.content_length
        if 'Range' in request.headers:
            response.headers.pop('Content-MD5', None)


def _counted(blocks, sent):
    """Yield ``blocks``, and tell at the end how many bytes were taken."""
    count = 0
    try:
        for block in blocks:
            # One that is asked for the next has sent this one.
            yield block
            count += len(block)
    finally:
        blocks.close()
        sent(count)
