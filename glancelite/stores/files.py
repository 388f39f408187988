# SPDX-License-Identifier: Apache-2.0
"""What the operating system says of files, made into our errors."""
import contextlib
import errno
import os

from oslo_log import log

from glancelite import exception

LOG = log.getLogger(__name__)

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def errors():
    """What the operating system says becomes what a caller may read."""
    try:
        yield
    except FileNotFoundError as error:
        raise exception.DataMissing(
            image_id=os.path.basename(error.filename or '')) from None
    except OSError as error:
        LOG.error('The file store failed: %s', os.strerror(error.errno or 0))
        if error.errno in _NO_ROOM:
            raise exception.StorageFull() from None
        raise exception.StoreUnavailable() from None


def require_directory(path):
    """What is not there may lie on a file system that is not mounted.

    :raises StoreUnavailable: there is no such directory.
    """
    if not os.path.isdir(path):
        raise exception.StoreUnavailable()


def sync_directory(path):
    """Make the names in a directory stay, whatever crashes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
