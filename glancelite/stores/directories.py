# SPDX-License-Identifier: Apache-2.0
"""The directories of a file store, and which of them takes new data."""
import json
import os
import pathlib

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)


class Directories:
    """Where a file store keeps its files.

    :param identifier: of the store.
    :param options: the group with ``filesystem_store_datadirs``, or
        ``filesystem_store_datadir``.
    :ivar paths: of all of them, the greatest priority first.
    :raises ConfigurationError: a priority is no number.
    """

    def __init__(self, identifier, options):
        self._identifier = identifier
        several = getattr(options, 'filesystem_store_datadirs', None)
        pairs = ([_parsed(text) for text in several] if several
                 else [(0, options.filesystem_store_datadir)])
        self._priorities = {pathlib.Path(path): priority
                            for priority, path in pairs}
        self.paths = sorted(self._priorities,
                            key=lambda path: -self._priorities[path])
        self._missing = set(self.paths)
        self._wanted = False

    def make(self):
        """Make those that there are not; what cannot be made may come."""
        self._wanted = True
        for path in list(self._missing):
            try:
                path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                LOG.error('Store %s: a directory cannot be made: %s',
                          self._identifier, os.strerror(error.errno or 0))
                continue
            self._missing.discard(path)
            if not os.access(path, os.W_OK | os.X_OK):
                LOG.error('Store %s: a directory cannot be written',
                          self._identifier)

    def __contains__(self, path):
        return path in self._priorities

    def require(self, path):
        """A file that is missing may lie on what is not mounted.

        :raises StoreUnavailable: its directory is not there, though it was
            to be made.
        """
        if self._wanted and not path.is_dir():
            raise exception.StoreUnavailable()

    def usable(self):
        """:returns: whether data can be put into any of them."""
        return any(os.access(path, os.W_OK | os.X_OK)
                   for path in self.paths)

    def choose(self, size=None):
        """:returns: the path of the one that new data goes to.

        The one of greatest priority with room for it; of equal ones that
        with most.

        :param size: bytes to come where that is known.
        :raises StorageFull: there is no room for so many.
        :raises StoreUnavailable: none can be written.
        """
        self.make()
        rooms = []
        for path in self.paths:
            try:
                found = os.statvfs(path)
            except OSError:
                continue
            rooms.append((self._priorities[path],
                          found.f_bavail * found.f_frsize, path))
        if not rooms:
            LOG.error('Store %s: no directory is there', self._identifier)
            raise exception.StoreUnavailable()
        fitting = [room for room in rooms if room[1] >= (size or 1)]
        if not fitting:
            raise exception.StorageFull()
        return max(fitting)[2]


def _parsed(text):
    """:returns: priority and path of ``path`` or ``path:priority``."""
    path, colon, priority = text.rpartition(':')
    if not colon:
        return 0, text
    try:
        return int(priority or 0), path
    except ValueError:
        raise exception.ConfigurationError(
            f'filesystem_store_datadirs: {priority!r} is no priority'
        ) from None


def metadata(name):
    """:returns: the objects of a ``filesystem_store_metadata_file``.

    :raises ConfigurationError: it is none.
    """
    try:
        read = json.loads(pathlib.Path(name).read_text())
        found = read if isinstance(read, list) else [read]
        for each in found:
            if not (isinstance(each['id'], str)
                    and os.path.isabs(each['mountpoint'])):
                raise ValueError
    except (OSError, ValueError, TypeError, KeyError):
        raise exception.ConfigurationError(
            f'filesystem_store_metadata_file {name}: not JSON with the '
            'strings id and mountpoint') from None
    return found
