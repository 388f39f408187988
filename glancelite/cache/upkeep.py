# SPDX-License-Identifier: Apache-2.0
"""Keeps the image cache in order, and caches what is queued.

Each process that serves the API looks whether there is something to do; of
those that share a cache, one at a time does it.
"""
import contextlib
import random
import time

from oslo_log import log

from glancelite import context as context_module
from glancelite import exception
from glancelite.cache import content
from glancelite.data import streams

LOG = log.getLogger(__name__)

#: Seconds between two looks at the queue.
_LOOK_INTERVAL = 1

#: Images asked for in one statement.
_PAGE = 500


class Upkeep:
    """What is done to the cache in the background, or by a command.

    :param conf: the ``ConfigOpts`` of the service.
    :param cache: an :class:`~glancelite.cache.image_cache.ImageCache`.
    :param images: the repository of images.
    :param inventory: the repository of what ought to be in the stores.
    :param downloader: a :class:`~glancelite.data.download.Downloader`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, conf, cache, images, inventory, downloader, threads):
        self._interval = conf.image_cache_sweep_interval
        self._stall_time = conf.image_cache_stall_time
        self._most = conf.image_cache_max_size
        self._block_size = conf.transfer_block_size
        self._cache = cache
        self._directory = cache.directory
        self._images = images
        self._inventory = inventory
        self._downloader = downloader
        self._threads = threads
        self._stopped = False

    def start(self):
        """Work in the background from now on, if there is a cache."""
        if self._cache.configured:
            self._threads.background(self._run)

    def stop(self):
        """End it after what is at hand, but for a copy that is begun."""
        self._stopped = True

    def _run(self):
        while not self._stopped:
            pause = _LOOK_INTERVAL
            try:
                with self._directory.turn() as is_due:
                    if is_due:
                        self._work(is_due)
            except Exception:
                LOG.exception('The image cache could not be looked after')
                pause = self._interval
            # Processes started together must not look in step.
            time.sleep(pause * random.uniform(0.7, 1))

    def _work(self, is_due):
        if is_due(self._interval):
            self.clean()
            self.prune()
        self.prefetch()

    def clean(self):
        """Remove what crashes have left, what hangs, and deleted images."""
        self._threads.wait(self._directory.remove_leftovers,
                           self._stall_time)
        known = {*self._directory.queue.all(),
                 *(entry.image_id for entry in self._directory.entries())}
        ids = sorted(filter(content.IMAGE_ID.fullmatch, known))
        for start in range(0, len(ids), _PAGE):
            page = ids[start:start + _PAGE]
            claims = self._inventory.claims(page)
            for image_id in page:
                if not claims[image_id].lives:
                    LOG.info('Image %s is deleted, and leaves the cache',
                             image_id)
                    self._threads.wait(self._directory.remove, image_id)

    def prune(self):
        """Remove the least recently used images beyond the greatest size.

        :returns: how many were removed, and how many bytes that were.
        """
        return self._threads.wait(self._directory.prune, self._most)

    def prefetch(self):
        """Cache every image in the queue whose turn has come.

        What cannot be read stays there, and has to wait.

        :returns: ids of those that are cached now, and of those that failed.
        """
        cached, failed = [], []
        for image_id in self._directory.queue.due():
            if self._stopped:
                break
            try:
                if self._fetch(image_id):
                    cached.append(image_id)
            except Exception:
                # Whatever a store raises must not keep the others waiting.
                LOG.exception('Image %s is queued, and cannot be cached; it '
                              'will be tried again', image_id)
                self._directory.queue.postpone(image_id, self._interval)
                failed.append(image_id)
        return cached, failed

    def _fetch(self, image_id):
        """:returns: whether it is cached now; if not, it is not to be, or
            somebody else is at it.
        """
        wanted, image = self._wanted(image_id)
        if not wanted or self._cache.holds(wanted):
            self._directory.queue.remove(image_id)
            return bool(wanted)
        data = self._downloader.find(image)
        if not self._cache.fits(data.size):
            LOG.warning('Image %s has more bytes than image_cache_max_size',
                        image_id)
            self._directory.queue.remove(image_id)
            return False
        fill = self._cache.begin(wanted, data.size)
        if fill is None:
            return False
        self._copy(data, fill)
        if fill.error:
            raise fill.error
        if not self._stopped:
            # It is an entry now; or it is no more wanted, or its data is not
            # what its record says, which will not be better the next time.
            self._directory.queue.remove(image_id)
        return fill.committed

    def _wanted(self, image_id):
        """:returns: the content to be cached, and the image; None, None when
            it has none.
        """
        try:
            image = self._images.get(context_module.of_service(), image_id,
                                     check_visibility=False)
        except exception.ImageNotFound:
            return None, None
        if not content.may_be_cached(image):
            return None, None
        return content.of(image), image

    def _copy(self, data, fill):
        """Read all there is, and wait until it is written."""
        try:
            blocks = streams.blocks(
                self._threads.wait(data.open), data.size, self._threads,
                self._block_size)
            with contextlib.closing(blocks):
                for block in blocks:
                    if self._stopped:
                        return
                    fill.give(block)
            self._threads.wait(fill.end)
        finally:
            self._threads.wait(fill.abandon)
            fill.wait()
