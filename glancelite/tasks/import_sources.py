# SPDX-License-Identifier: Apache-2.0
"""Where the data of an import comes from, by its method."""
import time

import orjson

from glancelite import context as context_module
from glancelite import exception
from glancelite.objects import image as image_object
from glancelite.objects import import_request

#: Seconds between two messages about how far an import is.
_REPORT_INTERVAL = 3

_MIB = 1024 * 1024

#: Bytes that the record of an image may have; beyond, it is none.
_LARGEST_RECORD = 4 * _MIB


class StagedSource:
    """The data that was staged.

    :param service: as the importer's.
    """

    def __init__(self, service):
        self._service = service
        self._wait = service.threads.wait

    def describe(self, work):
        """Learn what there is to be learnt of the image, not of its data."""

    def path(self, work):
        """:returns: path of a local file of the data, or None."""
        staging = self._service.stores.staging
        return staging.path(staging.url(work.image.id))

    def open(self, work):
        """:returns: (bytes or None, a file to read and to close)."""
        staging = self._service.stores.staging
        url = staging.url(work.image.id)
        return (self._wait(staging.size, url),
                OffLoop(self._wait(staging.open, url), self._wait))

    def require(self, work, facts):
        """Raise when ``facts`` of the bytes are not what they must be."""


class WebSource(StagedSource):
    """The data at a URL, through the one fetcher."""

    def path(self, work):
        """:returns: None: it is elsewhere."""

    def open(self, work):
        stream = self._wait(self._service.fetcher.open, work.request.uri)
        return stream.size, OffLoop(stream, self._wait)


class RegionSource(WebSource):
    """An image of another region's service, asked with the user's token."""

    def describe(self, work):
        """Take over formats, and properties that the operator permits.

        :raises RegionRefused: there is no such image with data.
        """
        record = self._record(work)
        if record.get('status') != 'active':
            raise exception.RegionRefused()
        for name in ('disk_format', 'container_format'):
            if record.get(name) not in getattr(
                    self._service.conf.image_format, f'{name}s'):
                raise exception.RegionRefused()
            work.job.fields[name] = record[name]
        wanted = tuple(self._service.conf.glance_download_properties
                       .extra_properties)
        permits = self._service.protections.checker(_caller(work))
        work.job.properties.update({
            name: value for name, value in record.items()
            if name.startswith(wanted) and isinstance(value, str)
            and not image_object.is_reserved(name)
            and not image_object.is_base(name)
            and name not in image_object.LINKS
            and permits(name, 'create')})
        self._service.quota.require('properties', len(work.job.properties))

    def open(self, work):
        stream = self._open(work, '/file')
        return stream.size, OffLoop(stream, self._wait)

    def _record(self, work):
        with self._open(work, '') as stream:
            blocks = []
            while block := self._wait(stream.read, _MIB):
                blocks.append(block)
                if len(blocks) > _LARGEST_RECORD // len(blocks[0]):
                    raise exception.RegionRefused()
        try:
            record = orjson.loads(b''.join(blocks))
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise exception.RegionRefused()
        return record

    def _open(self, work, path):
        request = work.request
        if request.uri is None:
            raise exception.RegionRefused()
        token = self._service.seal.opened(work.lease.detail.get('sealed'))
        try:
            return self._wait(
                self._service.fetcher.open,
                f'{request.uri}/v2/images/{request.remote_id}{path}', 0,
                None, {**context_module.outgoing_fields(work.task.request_id),
                       'X-Auth-Token': token})
        except exception.FetchRefused:
            raise exception.RegionRefused() from None


class CopySource(StagedSource):
    """The data of the image itself, from a store that has it."""

    def open(self, work):
        data = self._service.downloader.find(work.image)
        return data.size, OffLoop(self._wait(data.open), self._wait)

    def require(self, work, facts):
        """:raises CopyDiffers: what was read is not what was uploaded."""
        image = work.image
        if (image.os_hash_algo == facts['os_hash_algo']
                and image.os_hash_value != facts['os_hash_value']):
            raise exception.CopyDiffers()


SOURCES = {import_request.GLANCE_DIRECT: StagedSource,
           import_request.WEB_DOWNLOAD: WebSource,
           import_request.GLANCE_DOWNLOAD: RegionSource,
           import_request.COPY_IMAGE: CopySource}


class OffLoop:
    """A file that is read where waiting for it holds up nobody."""

    def __init__(self, file, wait):
        self._file = file
        self._wait = wait

    def read(self, size):
        """:returns: the next ``size`` bytes, fewer only at the end."""
        return self._wait(self._file.read, size)

    def close(self):
        """Close the file."""
        self._file.close()


class Reporter:
    """A source that tells the task's readers how far it is."""

    def __init__(self, tasks, work, file, size):
        self._tasks = tasks
        self._work = work
        self._file = file
        self._size = size
        self._count = 0
        self._next = time.monotonic() + _REPORT_INTERVAL

    def read(self, size):
        """:returns: the next ``size`` bytes of the file."""
        block = self._file.read(size)
        self._count += len(block)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _REPORT_INTERVAL
            task = self._work.task
            task.message = copied(self._count, self._size)
            task.result = {'image_id': self._work.image.id,
                           'bytes_done': self._count,
                           'bytes_known': self._size}
            self._tasks.save(self._work.context, task)
        return block


def copied(count, size=None):
    """:returns: progress in MiB, as Glance words it."""
    whole = f' of {size // _MIB} MiB' if size else ''
    return f'Copied {count // _MIB} MiB{whole}'


def _caller(work):
    """:returns: the context of who asked, for what his roles permit."""
    return context_module.RequestContext(
        overwrite=False, project_id=work.lease.detail.get('project_id'),
        user_id=work.lease.detail.get('user_id'),
        roles=list(work.lease.detail.get('roles', ())))
