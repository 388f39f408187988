# SPDX-License-Identifier: Apache-2.0
"""Unpacks images that come compressed: gzip, xz, lzma, zip, lha.

What it is the first bytes tell, not its name. An image whose container_format
is compressed stays as it is: that is what its owner wants it to be.
"""
import lzma
import struct
import zipfile
import zlib

from glancelite import exception
from glancelite.conf import image_decompression
from glancelite.i18n import _
from glancelite.tasks import plugin
from glancelite.tasks.plugins import lha_archive

_BLOCK = 1024 * 1024
_GIB = 1024 ** 3
_MIB = 1024 ** 2

#: Bytes from the end of a zip archive in which its end record begins, and
#: that the directory of one file may have.
_LONGEST_END = 22 + 65535 + 76
_LARGEST_DIRECTORY = 256 * 1024

_UNREADABLE = _('The compressed data cannot be read: it is damaged, or needs '
                'more memory than is allowed.')


class ImageDecompression(plugin.Plugin):
    """Reads on through the decompressor, as far as is allowed."""

    GROUP = image_decompression.GROUP
    OPTIONS = image_decompression.OPTIONS
    reads_data = True

    def transform(self, job):
        if job.fields['container_format'] == 'compressed':
            return None
        with open(job.input, 'rb') as file:
            head = file.read(16)
        if lha_archive.is_one(head):
            return self._of_lha(job)
        make = _maker(head)
        if make is None:
            return None
        file = open(job.input, 'rb')
        try:
            return Bounded(make(file, self.options.memory * _MIB),
                           self.options.max_size * _GIB)
        except BaseException:
            file.close()
            raise

    def _of_lha(self, job):
        limit = self.options.max_size * _GIB
        size = lha_archive.size_of_only_file(job)
        if size > limit:
            # It would be unpacked once in vain, to find damage.
            _refuse_size(limit)
        return Bounded(lha_archive.unpack(job, size, self.options.memory),
                       limit)


class Bounded:
    """A file that refuses to be read beyond ``limit`` bytes."""

    def __init__(self, file, limit):
        self._file = file
        self._limit = limit
        self._count = 0

    def read(self, size):
        """:raises ImportRefused: there is more than allowed, or damaged."""
        try:
            block = self._file.read(size)
        except (zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError,
                NotImplementedError):
            raise exception.ImportRefused(_UNREADABLE) from None
        self._count += len(block)
        if self._count > self._limit:
            _refuse_size(self._limit)
        return block

    def close(self):
        """Close the file."""
        self._file.close()


def _refuse_size(limit):
    raise exception.ImportRefused(
        _('The compressed data is larger than the %(limit)d GiB that are '
          'allowed.'), limit=limit // _GIB)


class Stream:
    """What a decompressor of the standard library makes of a file.

    Neither input nor output is ever held beyond a block, whatever the data
    claims. Several streams may follow each other, as gzip and xz permit.

    :param make: called for a new decompressor.
    """

    def __init__(self, file, make):
        self._file = file
        self._make = make
        self._decompressor = make()
        self._input = b''
        self._begun = True

    def read(self, size):
        """:returns: the next bytes, at most ``size``; empty at the end."""
        while True:
            if self._decompressor.eof:
                if not self._next_stream():
                    return b''
            block = self._decompress(size)
            if block:
                return block

    def close(self):
        """Close the file."""
        self._file.close()

    def _decompress(self, size):
        if not self._input and self._needs_input():
            self._input = self._file.read(_BLOCK)
            if not self._input:
                raise EOFError()
        given, self._input = self._input, b''
        block = self._decompressor.decompress(given, size)
        # zlib leaves to its caller what it had no room for.
        self._input = getattr(self._decompressor, 'unconsumed_tail', b'')
        return block

    def _needs_input(self):
        return getattr(self._decompressor, 'needs_input', True)

    def _next_stream(self):
        """:returns: whether another one follows the one that has ended."""
        rest = self._decompressor.unused_data or self._file.read(_BLOCK)
        # Padding with zeros is permitted.
        while rest and not rest.strip(b'\0'):
            rest = self._file.read(_BLOCK)
        rest = rest.lstrip(b'\0')
        if not rest:
            return False
        self._decompressor = self._make()
        self._input = rest
        return True


def _gzip(file, memory):
    return Stream(file, lambda: zlib.decompressobj(16 + zlib.MAX_WBITS))


def _xz(file, memory):
    return Stream(file, lambda: lzma.LZMADecompressor(memlimit=memory))


class _Zip:
    """The only file in an archive.

    :raises ImportRefused: there are none, or several, or it is encrypted or
        compressed by what is not usual.
    """

    def __init__(self, file, memory):
        try:
            _require_small_directory(file)
            self._archive = zipfile.ZipFile(file)
            members = [each for each in self._archive.infolist()
                       if not each.is_dir()]
            if len(members) != 1 or members[0].compress_type not in (
                    zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise exception.ImportRefused(
                    _('A zip archive must hold one file, the image, stored '
                      'or deflated.'))
            self._member = self._archive.open(members[0])
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError,
                EOFError):
            raise exception.ImportRefused(_UNREADABLE) from None
        self._file = file

    def read(self, size):
        return self._member.read(size)

    def close(self):
        self._member.close()
        self._archive.close()
        self._file.close()


def _require_small_directory(file):
    """The library reads the directory of an archive into memory as a whole.

    :raises BadZipFile: it is larger than that of one file.
    """
    file.seek(0, 2)
    file.seek(max(0, file.tell() - _LONGEST_END))
    tail = file.read()
    end = tail.rfind(b'PK\x05\x06')
    if end < 0 or len(tail) - end < 22:
        raise zipfile.BadZipFile()
    size, = struct.unpack_from('<L', tail, end + 12)
    if tail[max(0, end - 20):end].startswith(b'PK\x06\x07'):
        # 64-bit sizes: the record before its locator.
        size, = struct.unpack_from('<Q', tail, max(0, end - 76) + 40)
    if size > _LARGEST_DIRECTORY:
        raise zipfile.BadZipFile()
    file.seek(0)


def _maker(head):
    """:returns: what reads data that begins with ``head``, or None."""
    for magic, maker in _MAKERS.items():
        if head.startswith(magic):
            return maker
    return _xz if _is_lzma(head) else None


def _is_lzma(head):
    """lzma without a container has no magic, but a head that is checked: the
    usual properties, a dictionary of a usual size, and a plausible size.
    """
    if len(head) < 13 or head[0] != 0x5d:
        return False
    dictionary, size = struct.unpack_from('<LQ', head, 1)
    usual = any(dictionary in (2 ** n, 3 * 2 ** (n - 1))
                for n in range(12, 31))
    return usual and (size == 2 ** 64 - 1 or 0 < size < 2 ** 48)


#: By the first bytes of the data.
_MAKERS = {b'\x1f\x8b\x08': _gzip, b'\xfd7zXZ\0': _xz,
           b'PK\x03\x04': _Zip}
