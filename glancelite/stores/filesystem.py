# SPDX-License-Identifier: Apache-2.0
"""Image data in files: durable, and complete whenever a name is final.

Bytes go to a temporary name in the store's own directory, are synced, and
take their final name by a rename that is synced too; so a file that bears an
image's id is whole, whatever crashed. Location URLs have the form that
Glance's file driver writes.
"""
import contextlib
import os
import pathlib
import re
import urllib.parse

from glancelite import exception
from glancelite.stores import driver
from glancelite.stores import files
from glancelite.stores import resumable_file

#: Marks a file that an unfinished upload is writing.
TEMPORARY_PREFIX = '.glancelite-'

_ID = re.compile('[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')

#: A temporary name, and the image's id and the upload's token in it.
_TEMPORARY = re.compile(
    re.escape(TEMPORARY_PREFIX)
    + '([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9a-f-]+)(?:[.].*)?')

#: Bytes after which the kernel is asked to write what it holds, so that the
#: sync at the end finds little left to do.
_SYNC_EVERY = 64 * 1024 * 1024


class FilesystemDriver(driver.Driver):
    """A directory of image files.

    :param options: the option group with ``filesystem_store_datadir``.
    """

    kind = 'file'
    resumable = True
    listable = True
    schemes = ('file', 'filesystem')

    def __init__(self, identifier, options):
        super().__init__(identifier, options)
        if getattr(options, 'filesystem_store_datadirs', None):
            raise exception.ConfigurationError(
                f'Store {identifier}: filesystem_store_datadirs is not '
                'supported; name one filesystem_store_datadir')
        self._directory = pathlib.Path(options.filesystem_store_datadir)
        self._permissions = _permissions(options.filesystem_store_file_perm)

    def check(self):
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise exception.ConfigurationError(
                f'Store directory {self._directory}: {error.strerror}'
            ) from None
        if not os.access(self._directory, os.W_OK | os.X_OK):
            raise exception.ConfigurationError(
                f'Store directory {self._directory} is not writable')

    def owns(self, url):
        try:
            return self._path(url).parent == self._directory
        except exception.DataMissing:
            return False

    def writer(self, image_id, token, size=None):
        return FileWriter(self._temporary(image_id, token),
                          self._permissions)

    def resume(self, image_id, token, offset):
        return resumable_file.ResumableFileWriter(
            self._temporary(image_id, token), offset, self._permissions)

    def commit(self, image_id, token):
        final = self._directory / image_id
        with files.errors():
            try:
                resumable_file.commit(self._temporary(image_id, token),
                                      final)
            except FileNotFoundError:
                # Done before, by somebody who did not come further.
                os.stat(final)
            files.sync_directory(self._directory)
        return self.url(image_id)

    def discard(self, image_id, token):
        with files.errors():
            try:
                return resumable_file.discard(
                    self._temporary(image_id, token))
            except FileNotFoundError:
                # Nobody has made the directory yet.
                return False

    def url(self, image_id, token=None):
        return f'file://{self._directory / image_id}'

    def _temporary(self, image_id, token):
        return self._directory / f'{TEMPORARY_PREFIX}{image_id}-{token}'

    def open(self, url, offset=0):
        with files.errors():
            file = open(self._path(url), 'rb')
            file.seek(offset)
            return file

    def path(self, url):
        return str(self._path(url))

    def size(self, url):
        with files.errors():
            return self._path(url).stat().st_size

    def delete(self, url):
        with files.errors(), contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(url))

    def names(self):
        with files.errors(), os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        yield self._name(entry)

    def _name(self, entry):
        found = entry.stat(follow_symlinks=False)
        url = f'file://{urllib.parse.quote(entry.path)}'
        temporary = _TEMPORARY.fullmatch(entry.name)
        if temporary:
            return driver.Name(url, found.st_size, found.st_mtime,
                               *temporary.groups())
        image_id = entry.name if _ID.fullmatch(entry.name) else None
        return driver.Name(url, found.st_size, found.st_mtime, image_id)

    def key(self, url):
        try:
            return str(self._path(url))
        except exception.DataMissing:
            return url

    def properties(self):
        return {'data_dir': str(self._directory), 'chunk_size': 65536,
                'thin_provisioning': False}

    @staticmethod
    def _path(url):
        # Glance writes the path as it is, so it is read as it is.
        scheme, _, path = url.partition('://')
        if scheme not in FilesystemDriver.schemes or path[:1] != '/':
            raise exception.DataMissing(image_id=os.path.basename(path))
        return pathlib.Path(os.path.normpath(path))


def _permissions(digits):
    """Operators write octal digits, and the option has a decimal number."""
    try:
        return int(str(digits), 8)
    except ValueError:
        raise exception.ConfigurationError(
            f'filesystem_store_file_perm {digits}: not an octal mode'
        ) from None


class FileWriter(driver.Writer):
    """Writes one file; see the module."""

    def __init__(self, path, permissions):
        self._path = path
        self._permissions = permissions
        self._unsynced = 0
        with files.errors():
            self._descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)

    def write(self, block):
        view = memoryview(block)
        with files.errors():
            while view:
                view = view[os.write(self._descriptor, view):]
            self._unsynced += len(block)
            if self._unsynced >= _SYNC_EVERY:
                os.fdatasync(self._descriptor)
                self._unsynced = 0

    def finish(self):
        with files.errors():
            if self._permissions:
                os.fchmod(self._descriptor, self._permissions)
            os.fsync(self._descriptor)
            self._close()

    def cancel(self):
        self._close()
        with files.errors(), contextlib.suppress(FileNotFoundError):
            os.unlink(self._path)

    def _close(self):
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
