# SPDX-License-Identifier: Apache-2.0
"""One line in the log for each request, under every server."""
import time

from oslo_log import log

from glancelite.api import resource
from glancelite.api import sending

LOG = log.getLogger(__name__)

_LINE = '%s "%s %s" %s %s bytes %.6f s [%s]'


class RequestLog:
    """Logs client, request line, status, bytes sent, seconds, request id."""

    def __init__(self, application):
        self._application = application

    def __call__(self, environ, start_response):
        entry = _Entry(environ)

        def start(status, headers, exc_info=None):
            entry.start(status, headers)
            return start_response(status, headers, exc_info)

        try:
            result = self._application(environ, start)
        except Exception:
            # Of a filter, such as one that asks another service. Servers
            # differ in what they make of it.
            LOG.exception('Unexpected error in a filter')
            if entry.has_begun:
                raise
            result = resource.respond(resource.unexpected(), environ, start)
        if environ.get(sending.SENT_BY_SERVER) is result:
            # The server sends this file itself, if it gets it unwrapped.
            entry.write(entry.announced)
            return result
        return _Logged(result, entry)


class _Entry:
    """What is known of a request so far."""

    def __init__(self, environ):
        self._environ = environ
        self._began = time.monotonic()
        # What follows may rewrite the path.
        self._path = environ.get('PATH_INFO', '')
        if environ.get('QUERY_STRING'):
            self._path += f'?{environ["QUERY_STRING"]}'
        self._status = '-'
        self.has_begun = False
        self.announced = '-'

    def start(self, status, headers):
        self.has_begun = True
        self._status = status.partition(' ')[0]
        for name, value in headers:
            if name.lower() == 'content-length':
                self.announced = value

    def write(self, size):
        LOG.info(_LINE, self._environ.get('REMOTE_ADDR', '-'),
                 self._environ['REQUEST_METHOD'],
                 # A path may have line ends; they must not end the line.
                 self._path.encode('unicode_escape').decode(),
                 self._status, size, time.monotonic() - self._began,
                 self._environ.get('openstack.request_id', '-'))


class _Logged:
    """The body, counted; the line is written when the server closes it."""

    def __init__(self, result, entry):
        self._result = result
        self._entry = entry
        self._size = 0

    def __iter__(self):
        for block in self._result:
            self._size += len(block)
            yield block

    def close(self):
        close = getattr(self._result, 'close', None)
        try:
            if close:
                close()
        finally:
            self._entry.write(self._size)


def filter_factory(global_conf, **local_conf):
    """For Paste."""
    return RequestLog
