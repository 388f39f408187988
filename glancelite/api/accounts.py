# SPDX-License-Identifier: Apache-2.0
"""What another account of this host may read, as modes of files tell."""
import functools
import os
import pathlib
import pwd
import stat


@functools.cache
def named(name):
    """:returns: the :class:`Account`, None where there is none of the name.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, os.getgrouplist(name, entry.pw_gid))


class Account:
    """Asks for rights, as the kernel would.

    :param user: its number.
    :param groups: the numbers of all its groups.
    """

    def __init__(self, user, groups):
        self._user = user
        self._groups = frozenset(groups)

    def may_read(self, path):
        """:returns: whether the file, and each directory above it, is open.

        :param path: absolute. What access control lists grant is not seen.
        """
        try:
            return self._has(os.stat(path), stat.S_IROTH) and all(
                self._has(os.stat(directory), stat.S_IXOTH)
                for directory in pathlib.Path(path).parents)
        except OSError:
            return False

    def _has(self, status, right):
        """:param right: a bit of the mode for others."""
        if not self._user:
            return True
        if status.st_uid == self._user:
            right <<= 6
        elif status.st_gid in self._groups:
            right <<= 3
        return bool(status.st_mode & right)
