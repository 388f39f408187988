# SPDX-License-Identifier: Apache-2.0
"""Image data in files: durable, and complete whenever a name is final.

Bytes go to a temporary name in the directory they shall lie in, are synced,
and take their final name by a rename that is synced too; so a file that bears
an image's id is whole, whatever crashed. Location URLs have the form that
Glance's file driver writes.
"""
import contextlib
import os
import pathlib
import re
import urllib.parse

from glancelite import exception
from glancelite.stores import direct_file
from glancelite.stores import directories
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

#: Zeros that need not be written.
_HOLE = memoryview(bytes(64 * 1024))


class FilesystemDriver(driver.Driver):
    """Image files in one directory, or in several.

    :param options: the option group with ``filesystem_store_datadir``.
    :raises ConfigurationError: an option cannot be read.
    """

    kind = 'file'
    resumable = True
    listable = True
    schemes = ('file', 'filesystem')

    def __init__(self, identifier, options):
        super().__init__(identifier, options)
        self._directories = directories.Directories(identifier, options)
        self.directories = tuple(self._directories.paths)
        self._permissions = _permissions(options.filesystem_store_file_perm)
        self._thin = getattr(options, 'filesystem_thin_provisioning', False)
        self._direct = (getattr(options, 'filesystem_direct_io', False)
                        and not self._thin)
        name = getattr(options, 'filesystem_store_metadata_file', None)
        self._metadata = directories.metadata(name) if name else ()

    def check(self):
        """What is not mounted may be so later."""
        self._directories.make()

    def answer(self):
        if not self._directories.usable():
            raise exception.StoreUnavailable()

    def owns(self, url):
        try:
            return self._path(url).parent in self._directories
        except exception.DataMissing:
            return False

    def writer(self, image_id, token, size=None):
        return FileWriter(
            _temporary(self._directories.choose(size), image_id, token),
            self._permissions, self._thin, self._direct)

    def resume(self, image_id, token, offset):
        found = self._unfinished(image_id, token)
        return resumable_file.ResumableFileWriter(
            found or _temporary(self._directories.choose(), image_id, token),
            offset, self._permissions)

    def _unfinished(self, image_id, token):
        """:returns: the resting name of what an upload has left, or None."""
        for directory in self._directories.paths:
            path = _temporary(directory, image_id, token)
            with contextlib.suppress(OSError):
                if path.exists() or resumable_file.names_of_writers(path):
                    return path
        return None

    def commit(self, image_id, token):
        found = self._unfinished(image_id, token)
        with files.errors():
            if found:
                final = found.with_name(image_id)
                # Somebody may be doing the same.
                with contextlib.suppress(FileNotFoundError):
                    resumable_file.commit(found, final)
            else:
                final = self._final(image_id)
            # Done before, perhaps by somebody who did not come further.
            os.stat(final)
            files.sync_directory(final.parent)
        return f'file://{final}'

    def _final(self, image_id):
        """:returns: the path of committed data, or where it might be."""
        for directory in self._directories.paths:
            self._directories.require(directory)
            if (directory / image_id).exists():
                return directory / image_id
        return self._directories.paths[0] / image_id

    def discard(self, image_id, token):
        found = False
        with files.errors():
            for directory in self._directories.paths:
                self._directories.require(directory)
                # Nobody may have made the directory yet.
                with contextlib.suppress(FileNotFoundError):
                    found |= resumable_file.discard(
                        _temporary(directory, image_id, token))
        return found

    def url(self, image_id, token=None):
        return f'file://{self._final(image_id)}'

    def open(self, url, offset=0):
        with self._reading(url) as path:
            file = open(path, 'rb')
            file.seek(offset)
            return file

    def path(self, url):
        return str(self._path(url))

    def size(self, url):
        with self._reading(url) as path:
            return path.stat().st_size

    @contextlib.contextmanager
    def _reading(self, url):
        path = self._path(url)
        try:
            with files.errors():
                yield path
        except exception.DataMissing:
            self._directories.require(path.parent)
            raise

    def delete(self, url):
        path = self._path(url)
        with files.errors():
            try:
                os.unlink(path)
            except FileNotFoundError:
                # What is not mounted now would come back.
                self._directories.require(path.parent)

    def names(self):
        for directory in self._directories.paths:
            with files.errors(), os.scandir(directory) as entries:
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

    def metadata(self, url):
        path = self._path(url)
        return next((each for each in self._metadata
                     if path.is_relative_to(each['mountpoint'])), {})

    def properties(self):
        shown = [str(path) for path in self._directories.paths]
        return {'data_dir': shown[0] if len(shown) == 1 else shown,
                'chunk_size': 65536, 'thin_provisioning': bool(self._thin),
                'available': ('true' if self._directories.usable()
                              else 'false')}

    @staticmethod
    def _path(url):
        # Glance writes the path as it is, so it is read as it is.
        scheme, _, path = url.partition('://')
        if scheme not in FilesystemDriver.schemes or path[:1] != '/':
            raise exception.DataMissing(image_id=os.path.basename(path))
        return pathlib.Path(os.path.normpath(path))


def _temporary(directory, image_id, token):
    return directory / f'{TEMPORARY_PREFIX}{image_id}-{token}'


def _permissions(digits):
    """Operators write octal digits, and the option has a decimal number."""
    try:
        return int(str(digits), 8)
    except ValueError:
        raise exception.ConfigurationError(
            f'filesystem_store_file_perm {digits}: not an octal mode'
        ) from None


class FileWriter(driver.Writer):
    """Writes one file; see the module.

    :param thin: whether blocks of zeros become holes.
    :param direct: whether to write past the page cache.
    """

    def __init__(self, path, permissions, thin=False, direct=False):
        self._path = path
        self._permissions = permissions
        self._thin = thin
        self._unsynced = 0
        try:
            self._descriptor = os.open(
                path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileNotFoundError:
            # The directory, that is.
            raise exception.StoreUnavailable() from None
        except OSError:
            with files.errors():
                raise
        self._direct = (direct_file.DirectFile(self._descriptor) if direct
                        else None)

    def write(self, block):
        view = memoryview(block)
        with files.errors():
            if self._direct:
                self._unsynced += self._direct.write(view)
            elif self._thin:
                self._unsynced += self._write_thin(view)
            else:
                self._unsynced += self._write(view)
            if self._unsynced >= _SYNC_EVERY:
                os.fdatasync(self._descriptor)
                self._unsynced = 0

    def _write(self, view):
        """:returns: bytes written: all of them."""
        written = 0
        while written < len(view):
            written += os.write(self._descriptor, view[written:])
        return written

    def _write_thin(self, view):
        """:returns: bytes written; the others have become a hole."""
        written = 0
        for start in range(0, len(view), len(_HOLE)):
            piece = view[start:start + len(_HOLE)]
            if piece == _HOLE[:len(piece)]:
                os.lseek(self._descriptor, len(piece), os.SEEK_CUR)
            else:
                written += self._write(piece)
        return written

    def finish(self):
        with files.errors():
            if self._direct:
                self._direct.finish()
            if self._thin:
                # The end may be a hole.
                os.ftruncate(self._descriptor, os.lseek(
                    self._descriptor, 0, os.SEEK_CUR))
            if self._permissions:
                os.fchmod(self._descriptor, self._permissions)
            os.fsync(self._descriptor)
            self._close()

    def cancel(self):
        self._close()
        with files.errors():
            try:
                os.unlink(self._path)
            except FileNotFoundError:
                files.require_directory(self._path.parent)

    def _close(self):
        if self._descriptor is not None:
            if self._direct:
                self._direct.close()
            os.close(self._descriptor)
            self._descriptor = None
