# SPDX-License-Identifier: Apache-2.0
"""How Swift is read from the middle, and what a cut upload leaves there."""
import collections
import contextlib
import datetime
import importlib
import itertools
import re

from glancelite.stores.kinds import kind

_SEGMENT = re.compile(r'-[0-9]{5}$')


class Swift(kind.Kind):
    """Objects in one account; large ones in segments beside a manifest."""

    module = 'glance_store._drivers.swift.store'
    modules = ('swiftclient',)

    #: What a crash left could only be removed with the token of the user.
    refused = ('swift_store_multi_tenant',)

    #: Idle connections kept for the next question.
    _IDLE = 4

    def __init__(self, library, identifier):
        super().__init__(library, identifier)
        self._idle = collections.deque(maxlen=self._IDLE)

    def add(self, name, source, size, digest):
        if size >= self.library.large_object_size:
            # The last segment is smaller than the others, and told to Swift
            # as being as large, by glance_store 5.7; unless the size is not
            # known.
            size = 0
        super().add(name, source, size, digest)

    def owns(self, parsed):
        # Any other address would be one that a caller chose.
        accounts = self._pristine.ref_params.values()
        return parsed.swift_url.rstrip('/') in {
            _with_scheme(account['auth_address']).rstrip('/')
            for account in accounts}

    def url(self, name):
        swift_utils = importlib.import_module(
            'glance_store._drivers.swift.utils')
        library = self.library
        named = not swift_utils.is_multiple_swift_store_accounts_enabled(
            library.conf, backend=library.backend_group)
        return library.create_location(name).get_uri(
            credentials_included=named)

    def size(self, url):
        location = self.parsed(url)
        with self._missing(), self._connection(location) as connection:
            headers = connection.head_object(location.container,
                                             location.obj)
            return int(headers['content-length'])

    def read(self, url, offset, stack):
        location = self.parsed(url)
        connection = self._connect(location)
        stack.callback(connection.close)
        headers = {'Range': f'bytes={offset}-'} if offset else {}
        swiftclient = importlib.import_module('swiftclient')
        with self._missing():
            try:
                _, body = connection.get_object(
                    location.container, location.obj,
                    resp_chunk_size=kind.BLOCK, headers=headers)
            except swiftclient.ClientException as error:
                if error.http_status == 416:
                    return iter(())
                raise
        return body

    def key(self, parsed):
        return f'{parsed.container}/{parsed.obj}'

    def names(self, prefix=''):
        location = self.parsed(self.url(prefix or '-'))
        with self._connection(location) as connection:
            listed = _pages(connection, location.container, prefix)
            # Segments follow their manifest in the listing.
            for name, group in itertools.groupby(listed, _whole_name):
                yield _found(name, list(group))

    def delete(self, url):
        super().delete(url)
        location = self.parsed(url)
        with self._missing(), self._connection(location) as connection:
            self._remove_segments(connection, location.container,
                                  location.obj, ())

    def remove(self, name):
        location = self.parsed(self.url(name))
        container = location.container
        with self._connection(location) as connection:
            names = self._listed(connection, container, name)
            for each in names:
                self._remove(connection, container, each)
            found = self._remove_segments(connection, container, name, names)
            return self._remove(connection, container, name) or bool(
                names or found)

    def _listed(self, connection, container, name):
        """:returns: a set of the names that begin with ``name``."""
        try:
            with self._missing():
                _, listed = connection.get_container(
                    container, prefix=name, full_listing=True)
        except kind.Missing:
            return set()
        return {each['name'] for each in listed}

    def _remove_segments(self, connection, container, name, done):
        """Remove segments that the listing, which may be late, leaves out.

        They are written one after another.
        """
        for number in itertools.count(1):
            each = f'{name}-{number:05d}'
            if each not in done and not self._remove(
                    connection, container, each):
                return number > 1

    def _remove(self, connection, container, name):
        """:returns: whether it was there."""
        try:
            with self._missing():
                connection.delete_object(container, name)
        except kind.Missing:
            return False
        return True

    @contextlib.contextmanager
    def _missing(self):
        swiftclient = importlib.import_module('swiftclient')
        try:
            yield
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                raise kind.Missing() from None
            raise

    def _connect(self, location):
        connection = self.library.get_connection(location)
        # Waiting for a store that is away is not for the caller's request.
        connection.retries = 1
        return connection

    @contextlib.contextmanager
    def _connection(self, location):
        key = location.swift_url, location.user, location.key
        try:
            known, connection = self._idle.pop()
        except IndexError:
            known = None
        if known != key:
            connection = self._connect(location)
        yield connection
        self._idle.append((key, connection))

    def is_outage(self, error):
        status = getattr(error, 'http_status', None)
        if super().is_outage(error) or (status or 0) >= 500:
            return True
        return type(error).__name__ == 'ClientException' and not status


def _pages(connection, container, prefix):
    swiftclient = importlib.import_module('swiftclient')
    marker = ''
    while True:
        try:
            _, page = connection.get_container(container, prefix=prefix,
                                               marker=marker)
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                return
            raise
        if not page:
            return
        yield from page
        marker = page[-1]['name']


def _whole_name(listed):
    """:returns: the name of the upload that a listed object belongs to."""
    return _SEGMENT.sub('', listed['name'])


def _found(name, objects):
    modified = max(datetime.datetime.fromisoformat(
        each['last_modified']).replace(tzinfo=datetime.timezone.utc)
        for each in objects)
    return kind.Found(name, sum(each['bytes'] for each in objects),
                      modified.timestamp(),
                      any(each['name'] == name for each in objects))


def _with_scheme(address):
    return address if '://' in address else f'https://{address}'
