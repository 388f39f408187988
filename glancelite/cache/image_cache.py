# SPDX-License-Identifier: Apache-2.0
"""The image cache, as the API sees it.

Whether a caller may have an image at all is not asked here.
"""
import functools

from oslo_log import log

from glancelite import exception
from glancelite.cache import content
from glancelite.cache import directory
from glancelite.cache import fill
from glancelite.cache import reading

LOG = log.getLogger(__name__)


class ImageCache:
    """Copies of images on a disk of this host; or none, where none is wanted.

    :param conf: the ``ConfigOpts`` of the service.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :ivar configured: whether there is a cache.
    :ivar directory: its :class:`~glancelite.cache.directory.Directory`.
    """

    def __init__(self, conf, threads):
        self.configured = bool(conf.image_cache_dir)
        self.directory = directory.Directory(conf.image_cache_dir or '')
        self._most = conf.image_cache_max_size
        self._block_size = conf.transfer_block_size
        self._threads = threads
        self._serving = False

    def prepare(self):
        """Make its directories.

        :raises ConfigurationError: they cannot be made.
        """
        if self.configured:
            try:
                self.directory.make()
            except OSError as error:
                raise exception.ConfigurationError(
                    f'image_cache_dir: {error}') from None

    def serve(self):
        """Let downloads use it from now on.

        :raises ConfigurationError: there is none.
        """
        if not self.configured:
            raise exception.ConfigurationError(
                'The image cache is switched on, and image_cache_dir is not '
                'set')
        self._serving = True

    def data(self, image, find):
        """:returns: the :class:`~glancelite.data.download.Data` of an image,
            from the cache, or going into it, or neither.

        :param find: returns the data that a store has; called if it is
            wanted.
        :raises: what ``find`` raises.
        """
        if not self._serving or not content.may_be_cached(image):
            return find()
        wanted = content.of(image)
        size = self._threads.wait(self._size, wanted)
        if size is not None:
            return reading.Cached(self.directory, wanted.name, size, find)
        data = find()
        return reading.Uncached(
            data, functools.partial(self._begin_beside, wanted, data.size))

    def holds(self, wanted):
        """:param wanted: a :class:`~glancelite.cache.content.Content`."""
        return self._size(wanted) is not None

    def fits(self, size):
        """:returns: whether so many bytes may be cached."""
        return size <= self._most

    def begin(self, wanted, size):
        """:returns: a :class:`~glancelite.cache.fill.Fill`; None when there
            is one already.

        :param wanted: a :class:`~glancelite.cache.content.Content`.
        :param size: bytes that its store has.
        :raises OSError: the cache cannot take it.
        """
        begun = self._threads.wait(self.directory.begin, wanted.name)
        return begun and fill.Fill(begun, wanted, size, self._threads,
                                   self._block_size, self._after)

    def _begin_beside(self, wanted, size):
        """As :meth:`begin`; what cannot be cached is sent all the same."""
        if not self.fits(size):
            return None
        try:
            return self.begin(wanted, size)
        except OSError as error:
            LOG.error('Image %s is not cached: %s', wanted.image_id,
                      error.strerror)
            return None

    def remove(self, image_id):
        """Let an image go, if it is there.

        :raises OSError: the file system refuses.
        """
        if self.configured and content.IMAGE_ID.fullmatch(image_id):
            self._threads.wait(self.directory.remove, image_id)

    def forget(self, image_id):
        """Hear that an image is deleted; whatever stays here is not served.
        """
        try:
            self.remove(image_id)
        except OSError as error:
            LOG.error('Image %s is deleted, and stays in the cache until it '
                      'is cleaned: %s', image_id, error.strerror)

    def enqueue(self, image):
        """Let an image be cached soon.

        :raises NotCacheable: it has no data to be served.
        """
        if not content.may_be_cached(image):
            raise exception.NotCacheable()
        if not self.holds(content.of(image)):
            self.directory.queue.add(image.id)

    def clear(self, *parts):
        """Remove everything.

        :param parts: where: 'cache', 'queue', or both.
        """
        if 'queue' in parts:
            self.directory.queue.clear()
        if 'cache' in parts:
            self._threads.wait(self.directory.remove_data)

    def _size(self, wanted):
        """:returns: bytes of the entry; None if there is none to serve."""
        try:
            size = self.directory.size(wanted.name)
            if size is None or wanted.size in (None, size):
                return size
            LOG.error('Image %s: its copy in the cache is damaged, and goes',
                      wanted.image_id)
            self.directory.remove_entry(wanted.name)
        except OSError as error:
            LOG.error('The image cache cannot be read: %s', error.strerror)
        return None

    def _after(self, filled):
        """Make room for what has come; try again what was given up."""
        try:
            if filled.committed:
                self.directory.prune(self._most)
            elif filled.overrun:
                self.directory.queue.add(filled.image_id)
        except OSError as error:
            LOG.error('The image cache cannot be written: %s',
                      error.strerror)
