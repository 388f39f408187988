# SPDX-License-Identifier: Apache-2.0
"""The one fetcher of URLs that users name.

A host is resolved once, every address it has is checked, and the connection
goes to one of those very addresses; so a name cannot mean one thing to the
check and another to the connection. A redirect starts from the beginning.
Proxies from the environment are not used: they would resolve for us.

Refusals come in two kinds. What the text of a URL alone forbids is an
:class:`~glancelite.exception.InvalidLocation`. Everything that is known only
by asking the network, a forbidden address as much as a closed port, an error
status or data cut short, is one and the same
:class:`~glancelite.exception.FetchRefused`: nobody learns from it what
listens where.
"""
import contextlib
import http.client
import socket
import ssl
import time
import urllib.parse

from oslo_log import log

from glancelite import exception
from glancelite.fetch import connection
from glancelite.fetch import targets

LOG = log.getLogger(__name__)

#: Addresses of a host that are tried, in the resolver's order.
_MOST_ADDRESSES = 4

_BLOCK_SIZE = 1024 * 1024


class Fetcher:
    """Reads what URLs name, as far as the operator lets users name them.

    :param conf: for ``[import_filtering_opts]``, ``[fetch]`` and
        ``image_size_cap``.
    :param resolve: called as ``socket.getaddrinfo``.
    :raises ConfigurationError: ca_file or disallowed_hosts is unusable.
    """

    def __init__(self, conf, resolve=None):
        self._filter = targets.Filter(conf.import_filtering_opts)
        self._limits = conf.fetch
        self._size_cap = conf.image_size_cap
        self._resolve = resolve or socket.getaddrinfo
        # Without a file there is nothing to be at fault, and the system's
        # authorities are many: they are read for the first who asks.
        self._tls = self._authorities() if conf.fetch.ca_file else None

    def _authorities(self):
        """:returns: what hosts are verified by."""
        name = self._limits.ca_file
        try:
            return ssl.create_default_context(cafile=name)
        except OSError as error:
            raise exception.ConfigurationError(
                f'[fetch] ca_file {name}: {error}') from None

    def check(self, url):
        """Ask whether ``url`` may be fetched, without asking its host.

        :raises InvalidLocation, FetchRefused: see the module.
        """
        self._addresses(self._filter.target(url))

    def open(self, url, offset=0, length=None, fields=None):
        """:returns: a :class:`Stream` of what ``url`` names.

        :param offset: bytes to leave out at the start.
        :param length: the most bytes to read from there on.
        :param fields: header fields for that very host. With them no
            redirect is followed: they may be secret.
        :raises InvalidLocation, FetchRefused: see the module.
        :raises ImageTooLarge: it is larger than ``image_size_cap``.
        """
        private = fields is not None
        fields = dict(fields or {})
        if offset or length:
            last = offset + length - 1 if length else ''
            fields['Range'] = f'bytes={offset}-{last}'
        target, answer = self._get('GET', url, fields, private)
        try:
            if answer.status not in (200, 206):
                raise _refused(target, f'status {answer.status}')
            return Stream(target, answer, offset, length, self._size_cap)
        except BaseException:
            answer.close()
            raise

    def size(self, url):
        """:returns: bytes that ``url`` names; None when it is not told.

        Raises as :meth:`open`.
        """
        answer = self._get('HEAD', url, {})[1]
        answer.close()
        if answer.status == 200 and answer.length is not None:
            return _within(answer.length, self._size_cap)
        # Signed URLs, and some servers, know but GET.
        with self.open(url) as stream:
            return stream.size

    def _get(self, method, url, fields, private=False):
        """:returns: the last target and its answer, redirects followed."""
        target = self._filter.target(url)
        for _ in range(1 if private else self._limits.max_redirects + 1):
            answer = self._ask(method, target, fields)
            if answer.location is None:
                return target, answer
            answer.close()
            target = self._redirected(target, answer.location)
        raise _refused(target, 'too many redirects')

    def _redirected(self, target, location):
        try:
            return self._filter.target(
                urllib.parse.urljoin(target.url, location))
        except (exception.InvalidLocation, ValueError):
            # Its host was asked already, so this is one of the many.
            raise _refused(target, 'it redirects to what is not allowed'
                           ) from None

    def _ask(self, method, target, fields):
        channel = self._connect(target)
        try:
            with _failures(target):
                return connection.Answer(channel, method, target, fields,
                                         self._limits.total_timeout)
        except BaseException:
            channel.really_close()
            raise

    def _connect(self, target):
        """:returns: a channel to the first address that answers."""
        pairs = self._addresses(target)
        deadline = time.monotonic() + self._limits.read_timeout
        for family, address in pairs[:_MOST_ADDRESSES]:
            try:
                return connection.Channel(
                    self._socket(target, family, address),
                    self._limits.read_timeout, deadline)
            except OSError as error:
                LOG.info('An address of %s failed: %s', target.host, error)
        raise _refused(target, 'no address of it could be used')

    def _socket(self, target, family, address):
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(self._limits.connect_timeout)
            plain.connect(address)
            if target.scheme == 'http':
                return plain
            self._tls = self._tls or self._authorities()
            return self._tls.wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise

    def _addresses(self, target):
        """:returns: (family, address) pairs, every one of them checked."""
        with _failures(target):
            # In order of place: eventlet's stand-in has names of its own.
            found = self._resolve(target.host, target.port,
                                  socket.AF_UNSPEC, socket.SOCK_STREAM)
        pairs = [(family, address) for family, _, _, _, address in found
                 if family in (socket.AF_INET, socket.AF_INET6)]
        if not pairs:
            raise _refused(target, 'it has no address')
        for _, address in pairs:
            if not self._filter.permits(target, address[0]):
                raise _refused(target, 'an address of it is forbidden')
        return pairs


class Stream:
    """The bytes of a URL, or a part of them, as a file.

    :ivar size: bytes of the whole that the URL names; None when it is not
        told.
    """

    def __init__(self, target, answer, offset, length, cap):
        self._target = target
        self._answer = answer
        self._cap = cap
        self._count = 0
        self._left = length
        self.size = answer.length
        skip = offset
        if answer.status == 206:
            first, self.size = answer.content_range() or (None, None)
            if first != offset:
                raise _refused(target, 'it sends another range')
            skip = 0
        _within(self.size, cap)
        while skip:
            skip -= len(self._receive(min(skip, _BLOCK_SIZE), required=True))

    def read(self, size):
        """:returns: the next bytes, at most ``size``; empty at the end.

        :raises FetchRefused: they do not come, or end too early.
        :raises ImageTooLarge: there are more than image_size_cap.
        """
        if self._left is not None:
            size = min(size, self._left)
        if not size:
            return b''
        block = self._receive(size)
        if self._left is not None:
            self._left -= len(block)
        return block

    def close(self):
        """Close the connection."""
        self._answer.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()

    def _receive(self, size, required=False):
        with _failures(self._target):
            block = self._answer.read(size)
        self._count += len(block)
        _within(self._count, self._cap)
        expected = self._answer.length
        if not block and (required or expected is not None
                          and self._count < expected):
            raise _refused(self._target, 'the data ends early')
        return block


def _within(size, cap):
    """:returns: ``size``. :raises ImageTooLarge: it is beyond ``cap``."""
    if size is not None and size > cap:
        raise exception.ImageTooLarge(limit=cap)
    return size


@contextlib.contextmanager
def _failures(target):
    """Whatever goes wrong on the network becomes one refusal."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _refused(target, error) from None


def _refused(target, reason):
    """Tell the operator why; the user is told that it is so."""
    LOG.warning('Fetching from %s failed: %s', target.host, reason)
    return exception.FetchRefused()
