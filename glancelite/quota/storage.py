# SPDX-License-Identifier: Apache-2.0
"""user_storage_quota: the same for every project, from the configuration."""
import re

from glancelite import exception
from glancelite.objects import usage as usage_object

_FORMAT = re.compile(r'(\d+)(B|KB|MB|GB|TB)?', re.ASCII)

_BYTES = {None: 1, 'B': 1, 'KB': 1024, 'MB': 1024 ** 2, 'GB': 1024 ** 3,
          'TB': 1024 ** 4}


class StorageLimits:
    """What ``user_storage_quota`` says.

    :param conf: the ``ConfigOpts`` of the service.
    :raises ConfigurationError: it is no number with a unit.
    """

    def __init__(self, conf):
        self._maximum = _parse(conf.user_storage_quota)

    def of(self, project_id, resources):
        """:returns: a list of the :class:`Limit` of each resource that is
            limited."""
        if not self._maximum or (
                usage_object.IMAGE_SIZE_TOTAL not in resources):
            return []
        return [usage_object.StorageLimit(
            project_id, usage_object.IMAGE_SIZE_TOTAL, self._maximum)]

    def report(self, project_id):
        """:returns: limits the API shows: none, as it is no unified one."""
        return {}


def _parse(text):
    """:returns: bytes; 0 for no limit."""
    found = _FORMAT.fullmatch(text)
    if not found:
        raise exception.ConfigurationError(
            f'user_storage_quota {text}: not a number followed by B, KB, MB, '
            'GB or TB')
    number, unit = found.groups()
    return int(number) * _BYTES[unit]
