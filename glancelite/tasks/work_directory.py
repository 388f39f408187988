# SPDX-License-Identifier: Apache-2.0
"""Files that imports need while plugins are at their data."""
import pathlib

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)

_PREFIX = 'glancelite-import_'


class WorkDirectory:
    """Where imports keep files while plugins are at them.

    A file's name tells image and attempt, so that whatever a crash has left
    is known, and removed, by any process of the host.

    :param conf: for the directory.
    :param leases: the repository of leases.
    """

    def __init__(self, conf, leases):
        self._leases = leases
        # Those that cannot be removed, of which the log has heard.
        self._told = set()
        self._path = pathlib.Path(
            conf.os_glance_tasks_store.filesystem_store_datadir
            if conf.enabled_backends else conf.task.work_dir)

    def file(self, lease, number):
        """:returns: path of a file of the present attempt, not made yet.

        :raises StoreUnavailable: there is no such directory.
        """
        try:
            self._path.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise exception.StoreUnavailable() from None
        return self._path / self._name(lease, number)

    def discard(self, lease):
        """Remove every file of the present attempt."""
        for path in self._path.glob(self._name(lease, '*')):
            self._remove(path)

    def tidy(self):
        """Remove files of attempts that are over."""
        try:
            found = [path for path in self._path.iterdir()
                     if path.name.startswith(_PREFIX)]
        except OSError:
            return
        if not found:
            return
        parts = {path: path.name.removeprefix(_PREFIX).split('_')
                 for path in found}
        running = self._leases.tokens({each[0] for each in parts.values()})
        for path, (image_id, token, *_rest) in parts.items():
            if running.get(image_id) != token:
                self._remove(path)

    def _remove(self, path):
        """What cannot be removed now is found when this is tidied."""
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            if path not in self._told:
                LOG.warning('%s is not to be removed now, which is tried '
                            'again and again: %s', path, error.strerror)
                self._told.add(path)
        else:
            self._told.discard(path)

    @staticmethod
    def _name(lease, number):
        return (f'{_PREFIX}{lease.image_id}_{lease.detail["token"]}'
                f'_{number}')
