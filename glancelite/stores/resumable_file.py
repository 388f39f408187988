# SPDX-License-Identifier: Apache-2.0
"""A file that grows over several requests, perhaps of several processes.

Its name says who may write. Between requests it has its resting name; whoever
goes on renames it to a name of its own. Every write, and every other change,
is made under a lock on the file, once it is sure that the name still is the
writer's. So a former writer that hangs, or whose machine was asleep, cannot
change a byte when it wakes up: its name is gone.

The lock is held for the moment of one write; and by whoever goes on while he
makes sure that it still is for him to do, so that nobody who is late takes the
file from who came after him. It is an flock, which network file systems have
between machines too.
"""
import contextlib
import fcntl
import os
import time
import uuid

from glancelite import exception
from glancelite.stores import driver
from glancelite.stores import files

#: Bytes, and seconds, after which what was written is made to stay.
_SYNC_EVERY = 64 * 1024 * 1024
_SYNC_SECONDS = 3

#: Seconds to wait for whoever is writing a block at the moment, and between
#: two looks whether it still is.
_LOCK_SECONDS = 10
_LOCK_INTERVAL = 0.02

#: Looks for a file that others may be renaming.
_ATTEMPTS = 10

#: Between a resting name and what makes it the name of a writer.
_MARK = '.'


class ResumableFileWriter(driver.ResumableWriter):
    """Goes on with a file at ``offset``.

    What is beyond is cut off with the first write.

    :param resting: the path of the file between requests, and when it is
        finished.
    :param offset: bytes that are known to be there.
    """

    def __init__(self, resting, offset, permissions):
        self._resting = resting
        self._permissions = permissions
        self._name = resting.with_name(
            f'{resting.name}{_MARK}{uuid.uuid4().hex}')
        # By which the file is ours: until we begin, another one's.
        self._path = self._name
        self._descriptor = None
        self._synced_at = time.monotonic()
        self._created = False
        self._trimmed = False
        self.position = self.synced = offset

    def hold(self):
        with files.errors():
            for _ in range(_ATTEMPTS):
                path = self._find()
                try:
                    self._descriptor = os.open(path, os.O_RDWR)
                except FileNotFoundError:
                    # It may have just been renamed.
                    continue
                if not _lock_at_once(self._descriptor):
                    self._let_go()
                    return False
                if _is(path, self._descriptor):
                    self._path = path
                    self._require_bytes()
                    return True
                self._let_go()
        raise exception.DataMissing(image_id=self._resting.name)

    def _find(self):
        """:returns: the path that the file has at the moment."""
        if self._resting.exists():
            return self._resting
        for path in names_of_writers(self._resting):
            return path
        if not self.position:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self._resting, os.O_WRONLY | os.O_CREAT
                                 | os.O_EXCL, 0o666))
                self._created = True
        return self._resting

    def _let_go(self):
        # Who has the file now counts on it, whoever made it.
        self._created = False
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)

    def _require_bytes(self):
        if os.fstat(self._descriptor).st_size < self.position:
            raise exception.DataMissing(image_id=self._resting.name)

    def begin(self):
        with files.errors():
            os.rename(self._path, self._name)
            self._path = self._name
            files.sync_directory(self._resting.parent)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _trim(self):
        """Cut off what is not known to be there, while the file is ours."""
        if not self._trimmed:
            os.ftruncate(self._descriptor, self.position)
            os.lseek(self._descriptor, self.position, os.SEEK_SET)
            self._trimmed = True

    @contextlib.contextmanager
    def _ours(self):
        """Nobody else is at the file while the block runs.

        :raises LeaseLost: somebody has gone on with it since.
        """
        _lock(self._descriptor)
        try:
            if not _is(self._path, self._descriptor):
                raise exception.LeaseLost(image_id=self._resting.name)
            yield
        finally:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def write(self, block):
        view = memoryview(block)
        with files.errors(), self._ours():
            self._trim()
            while view:
                view = view[os.write(self._descriptor, view):]
        self.position += len(block)
        if (self.position - self.synced >= _SYNC_EVERY
                or time.monotonic() - self._synced_at >= _SYNC_SECONDS):
            self.sync()

    def sync(self):
        with files.errors():
            os.fdatasync(self._descriptor)
        self.synced = self.position
        self._synced_at = time.monotonic()
        return self.synced

    def stored(self, offset):
        return _Stored(self._descriptor, offset)

    def park(self):
        if self._descriptor is None:
            return
        with files.errors(), self._ours():
            os.rename(self._path, self._resting)
        self.abandon()

    def finish(self):
        with files.errors(), self._ours():
            self._trim()
            if self._permissions:
                os.fchmod(self._descriptor, self._permissions)
            os.fsync(self._descriptor)
            os.rename(self._path, self._resting)
            files.sync_directory(self._resting.parent)
        self.abandon()

    def abandon(self):
        if self._descriptor is not None:
            try:
                if self._created and not self._trimmed:
                    self._remove_what_nobody_misses()
            finally:
                os.close(self._descriptor)
                self._descriptor = None

    def _remove_what_nobody_misses(self):
        """Nothing was written: maybe the upload had ended before it."""
        with (contextlib.suppress(exception.LeaseLost), files.errors(),
              self._ours()):
            if not os.fstat(self._descriptor).st_size:
                os.unlink(self._path)

    def cancel(self):
        self.abandon()
        with files.errors():
            if not discard(self._resting):
                files.require_directory(self._resting.parent)


def _lock(descriptor):
    """Have a file for ourselves.

    :raises StoreUnavailable: another process has it and does not move.
    """
    deadline = time.monotonic() + _LOCK_SECONDS
    while not _lock_at_once(descriptor):
        if time.monotonic() > deadline:
            raise exception.StoreUnavailable()
        time.sleep(_LOCK_INTERVAL)


def _lock_at_once(descriptor):
    """:returns: whether we have a file for ourselves now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Stored:
    """Reads what a writer has written, whoever renames it."""

    def __init__(self, descriptor, offset):
        self._descriptor = descriptor
        self._offset = offset

    def read(self, size):
        with files.errors():
            block = os.pread(self._descriptor, size, self._offset)
        self._offset += len(block)
        return block


def names_of_writers(resting):
    """:returns: the paths by which writers of a file know it, at most one."""
    prefix = resting.name + _MARK
    with os.scandir(resting.parent) as entries:
        return [resting.with_name(entry.name) for entry in entries
                if entry.name.startswith(prefix)]


def commit(resting, final):
    """Give a finished file its final name.

    A writer who came too late may have renamed it, but changes nothing.

    :raises FileNotFoundError: there is no such file.
    """
    try:
        os.rename(resting, final)
    except FileNotFoundError:
        names = names_of_writers(resting)
        if not names:
            raise
        os.rename(names[0], final)


def discard(resting):
    """Remove a file that is not committed, whatever name it has.

    :returns: whether there was one.
    """
    while not _remove(resting):
        names = names_of_writers(resting)
        if not names:
            return False
        # When none is there any more, a writer has just renamed it.
        if any(_remove(name) for name in names):
            break
    return True


def _remove(path):
    """:returns: whether the file was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    files.sync_directory(path.parent)
    return True


def _is(path, descriptor):
    """:returns: whether ``path`` names the open file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return False
    opened = os.fstat(descriptor)
    return (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)
