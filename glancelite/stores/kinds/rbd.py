# SPDX-License-Identifier: Apache-2.0
"""How RBD is read from the middle, and what a cut upload leaves there."""
import contextlib
import datetime
import importlib
import os

from glancelite.stores.kinds import kind


class Rbd(kind.Kind):
    """Images in a Ceph pool, each with a protected snapshot.

    The connection to the cluster stays: to make one takes longer than most
    questions do.
    """

    module = 'glance_store._drivers.rbd'
    modules = ('rados', 'rbd')
    offline = False
    clonable = True
    silent = True

    def __init__(self, library, identifier):
        super().__init__(library, identifier)
        self._process = None
        self._stack = None
        self._cluster = None

    def _connected(self):
        """:returns: a connection of this process to the cluster."""
        if self._process != os.getpid():
            library = self.library
            stack = contextlib.ExitStack()
            self._cluster = stack.enter_context(library.get_connection(
                conffile=library.conf_file, rados_id=library.user))
            # One that came along through a fork must not be closed here.
            self._stack, self._process = stack, os.getpid()
        return self._cluster

    def owns(self, parsed):
        return bool(parsed.image)

    def url(self, name):
        return self.load().StoreLocation(
            {'fsid': self._connected().get_fsid(), 'pool': self.library.pool,
             'image': name, 'snapshot': self.load().DEFAULT_SNAPNAME},
            self.library.conf).get_uri()

    def size(self, url):
        with contextlib.ExitStack() as stack:
            return self._opened(url, stack).size()

    def is_used(self, url):
        """Volumes and disks of servers are clones of the snapshot."""
        with contextlib.ExitStack() as stack:
            return (self.parsed(url).snapshot is not None
                    and bool(self._opened(url, stack).list_children()))

    def read(self, url, offset, stack):
        return _rbd_blocks(self._opened(url, stack), offset)

    def _opened(self, url, stack):
        """:returns: the image, open for reading until ``stack`` ends."""
        rbd = importlib.import_module('rbd')
        parsed = self.parsed(url)
        pool = stack.enter_context(self._connected().open_ioctx(
            parsed.pool or self.library.pool))
        try:
            return stack.enter_context(rbd.Image(
                pool, parsed.image, snapshot=parsed.snapshot,
                read_only=True))
        except rbd.ImageNotFound:
            raise kind.Missing() from None

    def key(self, parsed):
        return f'{parsed.pool or self.library.pool}/{parsed.image}'

    def names(self, prefix=''):
        rbd = importlib.import_module('rbd')
        with self._connected().open_ioctx(self.library.pool) as pool:
            for name in rbd.RBD().list(pool):
                if name.startswith(prefix):
                    with contextlib.suppress(rbd.ImageNotFound):
                        yield self._found(rbd, pool, name)

    def _found(self, rbd, pool, name):
        with rbd.Image(pool, name, read_only=True) as image:
            # An upload ends with its snapshot.
            whole = any(each['name'] == self.load().DEFAULT_SNAPNAME
                        for each in image.list_snaps())
            modified = image.modify_timestamp().replace(
                tzinfo=datetime.timezone.utc).timestamp()
            return kind.Found(name, image.size(), modified, whole)

    def remove(self, name):
        from glance_store import exceptions
        try:
            self.library.delete(self.located(self.url(name)))
            return True
        except exceptions.NotFound:
            return self._remove_half_made(name)

    def _remove_half_made(self, name):
        """Remove what is listed, and cannot be opened.

        An image is made in several steps; and what somebody seemed to have
        open has been put into the trash.
        """
        rbd = importlib.import_module('rbd')
        found = False
        with self._connected().open_ioctx(self.library.pool) as pool:
            with contextlib.suppress(rbd.ImageNotFound):
                rbd.RBD().remove(pool, name)
                found = True
            for each in rbd.RBD().trash_list(pool):
                if each['name'] == name:
                    rbd.RBD().trash_remove(pool, each['id'])
                    found = True
        return found

    def is_outage(self, error):
        # The library hides what happened when it cannot connect.
        hidden = ('BackendException', 'BadStoreConfiguration', 'TimedOut')
        return super().is_outage(error) or type(error).__name__ in hidden


def _rbd_blocks(image, offset):
    size = image.size()
    while offset < size:
        block = image.read(offset, min(kind.BLOCK, size - offset))
        offset += len(block)
        yield block
