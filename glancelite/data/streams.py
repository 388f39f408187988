# SPDX-License-Identifier: Apache-2.0
"""Every loop over image bytes: the pump, and what it feeds.

The pump reads large blocks and hands each to several consumers that run in
native threads side by side; a bounded queue before each keeps memory flat.
Pumps that are at work in excess of the processors feed their consumers in
turn: more threads would only make the processors change between them, and
leave the blocks out of their caches.
"""
import hashlib
import os

from glancelite import exception
from glancelite.data import memory

#: Blocks that may wait before one consumer, by whether threads are native.
#: Beside an event loop whoever waits for room takes another thread for it.
_DEPTHS = {True: 1, False: 2}

#: Processors that this process may use.
_PROCESSORS = len(os.sched_getaffinity(0))

#: An entry for each pump of this process that has a block at hand, and does
#: not wait for one. Entries come and go in one step of the interpreter: a
#: lock would have to suit green threads and native ones.
_AT_WORK = []


class Digest:
    """A consumer that computes one digest.

    :param algorithm: a name that hashlib knows.
    """

    def __init__(self, algorithm):
        self.algorithm = algorithm
        self._hash = hashlib.new(algorithm, usedforsecurity=False)
        self.write = self._hash.update

    def hexdigest(self):
        """:returns: the digest of all blocks so far, in hex."""
        return self._hash.hexdigest()


class Limit:
    """A consumer that counts, and asks for more room when it is used up.

    :param claim: a :class:`~glancelite.quota.claim.Claim`.
    """

    def __init__(self, claim):
        self.count = 0
        self._claim = claim

    def write(self, block):
        """Count the block.

        :raises QuotaExceeded, ImageTooLarge: there is no room for it.
        """
        self.count += len(block)
        if self.count > self._claim.granted:
            self._claim.extend(self.count)


class _Lane:
    """One consumer with its queue and thread."""

    def __init__(self, consumer, threads):
        self._threads = threads
        self._consumer = consumer
        self._queue = threads.Queue(_DEPTHS[threads.native])
        #: Waits until the consumer has had every block.
        self.settle = self._queue.join
        self.error = None
        self._thread = threads.start(self._run)

    def put(self, block):
        try:
            self._queue.put_nowait(block)
        except self._threads.Full:
            self._threads.wait(self._queue.put, block)

    def join(self):
        self.put(None)
        self._threads.wait(self._thread.join)

    def _run(self):
        while (block := self._queue.get()) is not None:
            if self.error is None:
                try:
                    self._consumer.write(block)
                except Exception as error:
                    self.error = error
            del block
            self._queue.task_done()


class _Consumers:
    """The consumers of one pump."""

    def __init__(self, consumers, threads):
        self._consumers = consumers
        self._threads = threads
        self._lanes = []

    def write(self, block):
        """Give the block to all of them, at once or in turn.

        :raises: what one of them raised, of this block or one before.
        """
        _AT_WORK.append(None)
        try:
            if len(_AT_WORK) > _PROCESSORS:
                self._threads.wait(self._write_in_turn, block)
            else:
                self._write_at_once(block)
        finally:
            _AT_WORK.pop()

    def _write_at_once(self, block):
        if not self._lanes:
            self._lanes = [_Lane(consumer, self._threads)
                           for consumer in self._consumers]
        for lane in self._lanes:
            lane.put(block)
        self.raise_first()

    def _write_in_turn(self, block):
        for lane in self._lanes:
            lane.settle()
        self.raise_first()
        for consumer in self._consumers:
            consumer.write(block)

    def join(self):
        """Wait until all have had every block."""
        for lane in self._lanes:
            lane.join()

    def raise_first(self):
        """:raises: what one of them raised, if any did."""
        for lane in self._lanes:
            if lane.error is not None:
                raise lane.error


def pump(source, guard, consumers, threads, block_size):
    """Read ``source`` to its end and give every block to every consumer.

    :param source: has ``read(size)``; the end is an empty block.
    :param guard: a :class:`Limit`, asked before a block goes on.
    :param consumers: objects with ``write(block)``, run side by side.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param block_size: bytes a read.
    :raises: what reading, the guard or the first failing consumer raised;
        every consumer has stopped by then.
    """
    first = source.read(block_size)
    second = source.read(block_size) if first else b''
    if not second:
        guard.write(first)
        for consumer in consumers:
            threads.wait(consumer.write, first)
        return
    ahead = [second, first]
    # Who has a block while he waits keeps a mebibyte: nobody does.
    del first, second
    fed = _Consumers(consumers, threads)
    try:
        while block := ahead.pop() if ahead else source.read(block_size):
            guard.write(block)
            fed.write(block)
            del block
    finally:
        fed.join()
        threads.wait(memory.give_back)
    fed.raise_first()


def digest(read, algorithm):
    """:returns: the digest in hex of all that ``read()`` returns.

    :param read: called until it returns nothing.
    """
    result = Digest(algorithm)
    while block := read():
        result.write(block)
    return result.hexdigest()


def blocks(file, length, threads, block_size):
    """Yield ``length`` bytes of ``file`` in blocks, and close it.

    :raises DataMissing: when the file ends early, so that the server cuts
        the connection rather than pretend the data is whole.
    """
    try:
        while length:
            block = threads.wait(file.read, min(block_size, length))
            if not block:
                raise exception.DataMissing(image_id='')
            length -= len(block)
            yield block
    finally:
        file.close()
