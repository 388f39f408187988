# SPDX-License-Identifier: Apache-2.0
"""How S3 is read from the middle, and what a cut upload leaves there."""
import contextlib
import copy
import functools
import importlib

from glancelite.stores.kinds import kind


class S3(kind.Kind):
    """Objects in a bucket; large ones sent in parts.

    Parts are sent by threads of the library, whose locks do not work between
    the native threads of a server that is not native itself.
    """

    module = 'glance_store._drivers.s3'
    modules = ('boto3',)
    required = ('s3_store_host', 's3_store_access_key',
                's3_store_secret_key', 's3_store_bucket')
    native = True

    @functools.cached_property
    def _client(self):
        return self.library._create_s3_client()

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
                **self._place(url))['ContentLength']

    def read(self, url, offset, stack):
        wanted = {'Range': f'bytes={offset}-'} if offset else {}
        errors = importlib.import_module('botocore.exceptions')
        with self._missing():
            try:
                body = self._client.get_object(
                    **self._place(url), **wanted)['Body']
            except errors.ClientError as error:
                if _status(error) == 416:
                    return iter(())
                raise
        stack.callback(body.close)
        return body.iter_chunks(kind.BLOCK)

    def _place(self, url):
        parsed = self.parsed(url)
        return {'Bucket': parsed.bucket, 'Key': parsed.key}

    def key(self, parsed):
        return f'{parsed.bucket}/{parsed.key}'

    def names(self, prefix=''):
        asked = {'Bucket': self.library.bucket, 'Prefix': prefix}
        with contextlib.suppress(kind.Missing), self._missing():
            for each in _pages(self._client, 'list_objects_v2', 'Contents',
                               **asked):
                yield kind.Found(each['Key'], each['Size'],
                                 each['LastModified'].timestamp())
            for each in _pages(self._client, 'list_multipart_uploads',
                               'Uploads', **asked):
                # What its parts have would be one more question.
                yield kind.Found(each['Key'], 0,
                                 each['Initiated'].timestamp(), False)

    def remove(self, name):
        client, bucket, found = self._client, self.library.bucket, False
        with contextlib.suppress(kind.Missing), self._missing():
            for upload in _pages(client, 'list_multipart_uploads',
                                 'Uploads', Bucket=bucket, Prefix=name):
                found = True
                client.abort_multipart_upload(
                    Bucket=bucket, Key=upload['Key'],
                    UploadId=upload['UploadId'])
        with contextlib.suppress(kind.Missing), self._missing():
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
                raise kind.Missing() from None
            raise

    def is_outage(self, error):
        errors = importlib.import_module('botocore.exceptions')
        if isinstance(error, errors.ClientError):
            return (_status(error) or 0) >= 500
        return (super().is_outage(error)
                or isinstance(error, errors.BotoCoreError))


def _pages(client, operation, what, **asked):
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page.get(what, ())


def _status(error):
    return error.response.get('ResponseMetadata', {}).get('HTTPStatusCode')
