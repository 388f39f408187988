# SPDX-License-Identifier: Apache-2.0
"""What glance_store's drivers do not tell, for each kind of store.

The library reads from the first byte on, and removes what it knows the URL
of. Here stands how each kind is read from the middle, and what an upload may
leave that was cut off anywhere.

Everything here may block, and raises what the library and the clients of the
stores raise; :mod:`glancelite.stores.glance_store` makes our errors of it.
"""
import abc
import collections
import contextlib
import copy
import importlib
import itertools
import os

#: Bytes a read asks a store for.
_BLOCK = 4 * 1024 * 1024


class Missing(Exception):
    """Nothing is there."""


class Kind(abc.ABC):
    """One store, through the library.

    :param library: a driver object of glance_store, not configured yet.
    :cvar modules: what must be importable besides the library.
    :cvar required: options without which nothing works.
    :cvar refused: options that cannot be set.
    :cvar offline: whether the library configures itself without the store.
    """

    modules = ()
    required = ()
    refused = ()
    offline = True

    def __init__(self, library, identifier):
        self._pristine = library
        self._identifier = identifier
        self._configured = None

    @classmethod
    def load(cls):
        """:returns: the library's module of this kind."""
        return importlib.import_module(cls.module)

    @property
    def library(self):
        """:returns: the driver of glance_store, configured."""
        if self._configured is None:
            self.configure()
        return self._configured

    def configure(self):
        """Let the library read its options; some ask the store as well."""
        configured = copy.copy(self._pristine)
        configured.configure(re_raise_bsc=True)
        self._configured = configured

    def add(self, name, source, size, digest):
        """Store what ``source`` gives under ``name``.

        :param size: bytes to come, 0 where that is not known.
        :param digest: a name of hashlib; the library computes it.
        """
        # It keeps the state of an upload in the object.
        copy.copy(self.library).add(name, source, size, digest)

    def parsed(self, url):
        """:returns: what the library knows of ``url``."""
        return self.located(url).store_location

    def located(self, url):
        """:returns: the library's object for ``url``."""
        # The library is loaded by whoever made a Kind.
        from glance_store import location
        library = self._pristine
        return location.Location(
            url.partition(':')[0], library.get_store_location_class(),
            library.conf, uri=url, backend=library.backend_group)

    @abc.abstractmethod
    def owns(self, parsed):
        """:returns: whether a parsed URL leads to this very store."""

    @abc.abstractmethod
    def url(self, name):
        """:returns: the URL of what was uploaded under ``name``."""

    @abc.abstractmethod
    def size(self, url):
        """:returns: bytes at ``url``.

        :raises Missing: there is nothing.
        """

    @abc.abstractmethod
    def read(self, url, offset, stack):
        """:returns: an iterator over the blocks from ``offset`` on.

        :param stack: an ``ExitStack`` that closes it.
        :raises Missing: there is nothing.
        """

    def delete(self, url):
        """Remove what is at ``url``, if anything is."""
        from glance_store import exceptions
        with contextlib.suppress(exceptions.NotFound):
            self.library.delete(self.located(url))

    @abc.abstractmethod
    def remove(self, name):
        """Remove whatever an upload under ``name`` has left.

        :returns: whether there was anything.
        """

    def is_outage(self, error):
        """:returns: whether ``error`` says that the store is not there."""
        return isinstance(error, OSError)


class Swift(Kind):
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
                    resp_chunk_size=_BLOCK, headers=headers)
            except swiftclient.ClientException as error:
                if error.http_status == 416:
                    return iter(())
                raise
        return body

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
        except Missing:
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
        except Missing:
            return False
        return True

    @contextlib.contextmanager
    def _missing(self):
        swiftclient = importlib.import_module('swiftclient')
        try:
            yield
        except swiftclient.ClientException as error:
            if error.http_status == 404:
                raise Missing() from None
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


def _with_scheme(address):
    return address if '://' in address else f'https://{address}'


class S3(Kind):
    """Objects in a bucket; large ones sent in parts."""

    module = 'glance_store._drivers.s3'
    modules = ('boto3',)
    required = ('s3_store_host', 's3_store_access_key',
                's3_store_secret_key', 's3_store_bucket')

    def __init__(self, library, identifier):
        super().__init__(library, identifier)
        self._made = None

    @property
    def _client(self):
        if self._made is None:
            self._made = self.library._create_s3_client()
        return self._made

    def add(self, name, source, size, digest):
        library = copy.copy(self.library)
        if not size:
            # Else all of it would be read into memory first.
            library.s3_store_large_object_size = 0
        library.add(name, source, size, digest)

    def owns(self, parsed):
        host = self.library.full_s3_host.partition('://')[2].strip('/')
        return parsed.s3serviceurl == host

    def url(self, name):
        library = self.library
        return self.load().StoreLocation(
            {'scheme': library.scheme, 'bucket': library.bucket, 'key': name,
             's3serviceurl': library.full_s3_host}, library.conf,
            backend_group=library.backend_group).get_uri()

    def size(self, url):
        with self._missing():
            return self._client.head_object(
                **self._names(url))['ContentLength']

    def read(self, url, offset, stack):
        wanted = {'Range': f'bytes={offset}-'} if offset else {}
        errors = importlib.import_module('botocore.exceptions')
        with self._missing():
            try:
                body = self._client.get_object(
                    **self._names(url), **wanted)['Body']
            except errors.ClientError as error:
                if _status(error) == 416:
                    return iter(())
                raise
        stack.callback(body.close)
        return body.iter_chunks(_BLOCK)

    def _names(self, url):
        parsed = self.parsed(url)
        return {'Bucket': parsed.bucket, 'Key': parsed.key}

    def remove(self, name):
        client, bucket = self._client, self.library.bucket
        found = False
        with contextlib.suppress(Missing), self._missing():
            pages = client.get_paginator('list_multipart_uploads').paginate(
                Bucket=bucket, Prefix=name)
            for upload in (each for page in pages
                           for each in page.get('Uploads', ())):
                found = True
                client.abort_multipart_upload(
                    Bucket=bucket, Key=upload['Key'],
                    UploadId=upload['UploadId'])
        with contextlib.suppress(Missing), self._missing():
            client.head_object(Bucket=bucket, Key=name)
            found = True
            client.delete_object(Bucket=bucket, Key=name)
        return found

    @contextlib.contextmanager
    def _missing(self):
        errors = importlib.import_module('botocore.exceptions')
        try:
            yield
        except errors.ClientError as error:
            if _status(error) == 404:
                raise Missing() from None
            raise

    def is_outage(self, error):
        errors = importlib.import_module('botocore.exceptions')
        if isinstance(error, errors.ClientError):
            return (_status(error) or 0) >= 500
        return (super().is_outage(error)
                or isinstance(error, errors.BotoCoreError))


def _status(error):
    return error.response.get('ResponseMetadata', {}).get('HTTPStatusCode')


class Rbd(Kind):
    """Images in a Ceph pool, each with a protected snapshot.

    The connection to the cluster stays: to make one takes longer than most
    questions do.
    """

    module = 'glance_store._drivers.rbd'
    modules = ('rados', 'rbd')
    offline = False

    def __init__(self, library, identifier):
        super().__init__(library, identifier)
        self._process = None
        self._stack = None
        self._cluster = None

    def _connected(self):
        """:returns: a connection of this process to the cluster."""
        if self._process != os.getpid():
            library = self.library
            stack = contextlib.ExitStack()
            self._cluster = stack.enter_context(library.get_connection(
                conffile=library.conf_file, rados_id=library.user))
            # One that came along through a fork must not be closed here.
            self._stack, self._process = stack, os.getpid()
        return self._cluster

    def owns(self, parsed):
        return bool(parsed.image)

    def url(self, name):
        return self.load().StoreLocation(
            {'fsid': self._connected().get_fsid(), 'pool': self.library.pool,
             'image': name, 'snapshot': self.load().DEFAULT_SNAPNAME},
            self.library.conf).get_uri()

    def size(self, url):
        with contextlib.ExitStack() as stack:
            return self._opened(url, stack).size()

    def read(self, url, offset, stack):
        return _rbd_blocks(self._opened(url, stack), offset)

    def _opened(self, url, stack):
        """:returns: the image, open for reading until ``stack`` ends."""
        rbd = importlib.import_module('rbd')
        parsed = self.parsed(url)
        pool = stack.enter_context(self._connected().open_ioctx(
            parsed.pool or self.library.pool))
        try:
            return stack.enter_context(rbd.Image(
                pool, parsed.image, snapshot=parsed.snapshot,
                read_only=True))
        except rbd.ImageNotFound:
            raise Missing() from None

    def remove(self, name):
        from glance_store import exceptions
        try:
            self.library.delete(self.located(self.url(name)))
            return True
        except exceptions.NotFound:
            return False

    def is_outage(self, error):
        # The library hides what happened when it cannot connect.
        hidden = ('BackendException', 'BadStoreConfiguration', 'TimedOut')
        return super().is_outage(error) or type(error).__name__ in hidden


def _rbd_blocks(image, offset):
    size = image.size()
    while offset < size:
        block = image.read(offset, min(_BLOCK, size - offset))
        offset += len(block)
        yield block


#: Kinds by what enabled_backends calls them.
KINDS = {'swift': Swift, 's3': S3, 'rbd': Rbd}
