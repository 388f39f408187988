# SPDX-License-Identifier: Apache-2.0
"""Fills the cache beside whoever reads the data for a purpose of his own.

The copy is written, verified and made an entry by a thread that nobody waits
for. Where the disk of the cache is slower than the client, the copy is given
up, and the image queued, to be read once more when nobody waits.
"""
from oslo_log import log

LOG = log.getLogger(__name__)

#: Blocks by which the disk may be behind.
_DEPTH = 8


class Fill:
    """One copy on its way into the cache.

    :param incomplete: an :class:`~glancelite.cache.incomplete.Incomplete`,
        which is ours now.
    :param content: what is to be in it, as its record says.
    :param size: in bytes, as its store says.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param block_size: bytes a read.
    :param after: called with it at the end, in the thread that writes.
    :ivar image_id: of the image.
    :ivar committed: whether there is an entry now.
    :ivar error: the OSError by which the cache refused it, or None.
    :ivar overrun: whether the disk was too slow.
    """

    def __init__(self, incomplete, content, size, threads, block_size, after):
        self.image_id = content.image_id
        self.committed = self.overrun = False
        self._incomplete = incomplete
        self._content = content
        self._size = size
        self._threads = threads
        self._block_size = block_size
        self._after = after
        self._ended = self._abandoned = False
        self.error = None
        # There is always room for the end.
        self._queue = threads.Queue(_DEPTH + 1)
        self._thread = threads.start(self._run)

    def offer(self, block):
        """Take a block, without a wait."""
        if self._ended or self.error:
            return
        if self._queue.qsize() < _DEPTH:
            self._queue.put(block)
        else:
            self.overrun = True
            self.abandon()

    def give(self, block):
        """Take a block, when there is room."""
        self._threads.wait(self._queue.put, block)

    def end(self):
        """Hear that this was all."""
        if not self._ended:
            self._ended = True
            self._queue.put(None)

    def abandon(self):
        """Hear that no more will come. May be repeated, and follow end()."""
        if not self._ended:
            self._abandoned = True
            self.end()

    def wait(self):
        """Wait until all is done, after the end."""
        self._threads.wait(self._thread.join)

    def _run(self):
        self._write()
        try:
            if not (self._abandoned or self.error):
                self._finish()
        except OSError as error:
            self.error = error
        finally:
            self._close()
        if self.error:
            LOG.error('Image %s is not cached: %s', self.image_id,
                      self.error.strerror)
        self._after(self)

    def _write(self):
        """Write until the end; or read until there, where writing fails."""
        while (block := self._queue.get()) is not None:
            if not (self._abandoned or self.error):
                try:
                    self._incomplete.write(block)
                except OSError as error:
                    self.error = error

    def _finish(self):
        if self._incomplete.holds(self._content, self._size,
                                  self._block_size):
            self.committed = self._incomplete.commit()
        else:
            LOG.error('Image %s is not cached: its data is not what its '
                      'record says', self.image_id)

    def _close(self):
        """Let go of it, whatever happened, so that others may try."""
        try:
            self._incomplete.close()
        except OSError as error:
            self.error = error
