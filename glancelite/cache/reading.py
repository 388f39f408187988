# SPDX-License-Identifier: Apache-2.0
"""Image data that is read from the cache, or that goes into it.

Both are to the API what a :class:`~glancelite.data.download.Data` is.
"""
import dataclasses

from oslo_log import log

from glancelite.cache import content as content_module

LOG = log.getLogger(__name__)


@dataclasses.dataclass
class Cached:
    """Data of which there is an entry.

    :ivar directory: a :class:`~glancelite.cache.directory.Directory`.
    :ivar find: returns the data as a store has it, should the entry be gone.
    """

    directory: object
    name: str
    size: int
    find: object

    def wanted(self, start, stop):
        """As of the data in a store; it counts as a use."""
        self.directory.note_use(self.name, stop - start == self.size)
        return self

    def path(self):
        """:returns: the path of the entry."""
        return self.directory.path(self.name)

    def open(self, offset=0):
        """:returns: a binary file object at ``offset`` bytes.

        :raises DataMissing, StoreUnavailable: neither is it here, nor can a
            store give it.
        """
        try:
            file = open(self.path(), 'rb')
        except OSError as error:
            LOG.warning('Image %s is read from its store, not from the '
                        'cache: %s', content_module.image_of(self.name),
                        error.strerror)
            return self.find().open(offset)
        file.seek(offset)
        return file


@dataclasses.dataclass
class Uncached:
    """Data that goes into the cache when all of it is sent.

    :ivar data: the data as a store has it.
    :ivar begin: returns a :class:`~glancelite.cache.fill.Fill`, or None if
        there is not to be one.
    """

    data: object
    begin: object

    @property
    def size(self):
        return self.data.size

    def wanted(self, start, stop):
        """As of the data in a store; a part of it does not fill the cache."""
        fill = self.begin() if stop - start == self.size else None
        return Copied(self.data, fill) if fill else self.data


@dataclasses.dataclass
class Copied:
    """Data that is copied into the cache while it is read.

    No server can send it by itself: it has to pass through here.
    """

    data: object
    fill: object

    def path(self):
        """:returns: None: there is no file to be sent."""

    def open(self, offset=0):
        """:returns: a binary file object at the beginning.

        :raises DataMissing, StoreUnavailable: it cannot be opened.
        """
        try:
            file = self.data.open(offset)
        except BaseException:
            self.fill.abandon()
            raise
        return CopiedFile(file, self.data.size, self.fill)


class CopiedFile:
    """A file that gives what is read to a fill as well.

    :param size: bytes there are to read.
    """

    def __init__(self, file, size, fill):
        self._file = file
        self._left = size
        self._fill = fill

    def read(self, size):
        """:returns: up to ``size`` bytes."""
        block = self._file.read(size)
        if block:
            self._fill.offer(block)
            self._left -= len(block)
        return block

    def close(self):
        """Close it; what was not read to its end is no copy."""
        try:
            self._file.close()
        finally:
            if self._left:
                self._fill.abandon()
            else:
                self._fill.end()
