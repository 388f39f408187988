# SPDX-License-Identifier: Apache-2.0
"""The files of the image cache, and how processes share them.

In ``glancelite`` below image_cache_dir are

* ``entries``: whole, verified copies, each renamed to there from
* ``incomplete``: copies that are being written, each locked by who writes;
* ``accesses``: a file for each entry, with one byte for each time that it
  was sent, last changed when it was used last;
* ``queue``: an empty file for each image that is to be cached.

Nothing is written down anywhere else, so that there is nothing to disagree
with; what is in ``entries`` is valid, whatever has crashed. Glance keeps its
files beside this directory, and neither minds the other's.
"""
import contextlib
import dataclasses
import fcntl
import os
import pathlib
import time

from glancelite.cache import content
from glancelite.cache import incomplete
from glancelite.cache import queue

_PARTS = ('entries', 'incomplete', 'accesses', 'queue')


@dataclasses.dataclass(frozen=True)
class Entry:
    """A copy that is served.

    :ivar modified: seconds since the epoch when it came into the cache.
    :ivar accessed: the same, when it was last used.
    :ivar hits: how often it was sent as a whole.
    """

    name: str
    size: int
    modified: float
    accessed: float
    hits: int

    @property
    def image_id(self):
        return content.image_of(self.name)


class Directory:
    """One image_cache_dir.

    Any thread of any process may call anything at any time. Methods raise
    OSError where the file system refuses.

    :param path: of image_cache_dir.
    :ivar queue: the images that are to be cached, a
        :class:`~glancelite.cache.queue.Queue`.
    """

    def __init__(self, path):
        self._path = pathlib.Path(path) / 'glancelite'
        self._entries, self._incomplete, self._accesses, queued = (
            self._path / part for part in _PARTS)
        self.queue = queue.Queue(queued)

    def make(self):
        """Make the directories that there are not."""
        for part in _PARTS:
            (self._path / part).mkdir(parents=True, exist_ok=True)

    def path(self, name):
        """:returns: where the entry of a name is, if there is one."""
        return str(self._entries / name)

    def size(self, name):
        """:returns: bytes of an entry; None where there is none."""
        try:
            return os.stat(self._entries / name).st_size
        except FileNotFoundError:
            return None

    def note_use(self, name, whole):
        """Hear that an entry is being sent.

        :param whole: whether all of it is, which is a hit.
        """
        path = self._accesses / name
        # What the disk has no room for, or what was removed, is not counted.
        with contextlib.suppress(OSError):
            if not whole:
                os.utime(path)
                return
            # Bytes that are appended are never lost to another process.
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
            try:
                os.write(descriptor, b'.')
            finally:
                os.close(descriptor)

    def entries(self):
        """:returns: every :class:`Entry`, the least recently used first."""
        found = []
        for name in _names(self._entries):
            with contextlib.suppress(FileNotFoundError):
                stat = os.stat(self._entries / name)
                used = self._uses(name, stat)
                found.append(Entry(name, stat.st_size, stat.st_mtime, *used))
        return sorted(found, key=lambda entry: entry.accessed)

    def _uses(self, name, entry):
        """:returns: when an entry was last used, and how often."""
        try:
            stat = os.stat(self._accesses / name)
        except FileNotFoundError:
            return entry.st_mtime, 0
        return stat.st_mtime, stat.st_size

    def begin(self, name):
        """:returns: an :class:`~glancelite.cache.incomplete.Incomplete`, the
            only one of its name; None where there is one already, or the
            entry.
        """
        with self.alone():
            if self.size(name) is not None:
                return None
            descriptor = incomplete.claimed(self._incomplete / name)
        if descriptor is None:
            return None
        return incomplete.Incomplete(self, name, descriptor)

    def install(self, name, descriptor):
        """Make what was written an entry, and no other one of its image.

        :returns: whether it was: it may have been removed meanwhile.
        """
        with self.alone():
            if not incomplete.is_at(self._incomplete / name, descriptor):
                return False
            (self._accesses / name).write_bytes(b'')
            moment = os.stat(self._accesses / name).st_mtime_ns
            os.utime(descriptor, ns=(moment, moment))
            try:
                os.rename(self._incomplete / name, self._entries / name)
            except FileNotFoundError:
                return False
        image_id = content.image_of(name)
        for other in _names(self._entries, image_id):
            if other != name:
                self.remove_entry(other)
        self.queue.remove(image_id)
        return True

    def discard(self, name, descriptor):
        """Remove what was written, unless somebody else did already."""
        with self.alone():
            if incomplete.is_at(self._incomplete / name, descriptor):
                (self._incomplete / name).unlink(missing_ok=True)

    def remove(self, image_id):
        """Let an image go: its entry, its place in the queue, and what is
        being written of it.
        """
        self.queue.remove(image_id)
        self.remove_data(image_id)

    def remove_data(self, image_id=''):
        """Remove the entries of an image, or of all, and what would become
        one.
        """
        # In this order: what was renamed meanwhile is found as an entry.
        for name in _names(self._incomplete, image_id):
            (self._incomplete / name).unlink(missing_ok=True)
        for name in _names(self._entries, image_id):
            self.remove_entry(name)

    def remove_entry(self, name):
        """Remove one entry. :returns: whether it was there."""
        found = False
        with contextlib.suppress(FileNotFoundError):
            (self._entries / name).unlink()
            found = True
        (self._accesses / name).unlink(missing_ok=True)
        return found

    def prune(self, most):
        """Remove the least recently used entries beyond ``most`` bytes.

        :returns: how many were removed, and how many bytes that were.
        """
        entries = self.entries()
        excess = sum(entry.size for entry in entries) - most
        files = freed = 0
        for entry in entries:
            if excess <= freed:
                break
            if self.remove_entry(entry.name):
                files += 1
            freed += entry.size
        return files, freed

    def remove_leftovers(self, stall_time):
        """Remove what nobody writes any more, and what belongs to nothing.

        :param stall_time: seconds after which whoever has written nothing
            more counts as nobody.
        """
        with self.alone():
            before = time.time() - stall_time
            for name in _names(self._incomplete):
                path = self._incomplete / name
                with contextlib.suppress(FileNotFoundError):
                    if (os.stat(path).st_mtime < before
                            or incomplete.is_abandoned(path)):
                        path.unlink()
            for name in _names(self._accesses):
                if self.size(name) is None:
                    (self._accesses / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def alone(self):
        """While the block runs no other thread or process is in such a one.

        What a name in ``incomplete`` stands for changes only in here; it
        takes a moment.
        """
        with open(self._path / 'lock', 'ab') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def turn(self):
        """Whose turn it is to keep the cache in order, one process's at most.

        Yields a function that tells whether so many seconds have gone by
        since it last told anybody that; None when it is another's turn.
        """
        path = self._path / 'turn'
        with open(path, 'ab') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            yield lambda seconds: _is_due(lock.fileno(), seconds)


def _is_due(descriptor, seconds):
    """One byte says that it has been due before."""
    stat = os.fstat(descriptor)
    if stat.st_size and 0 <= time.time() - stat.st_mtime < seconds:
        return False
    os.ftruncate(descriptor, 1)
    os.utime(descriptor)
    return True


def _names(path, image_id=''):
    """:returns: names in a directory, of one image or of all."""
    try:
        return [name for name in os.listdir(path)
                if name.startswith(image_id)]
    except FileNotFoundError:
        return []
