# SPDX-License-Identifier: Apache-2.0
"""Every loop over image bytes: the pump, and what it feeds.

The pump reads large blocks and hands each to several consumers that run in
native threads side by side; a bounded queue before each keeps memory flat.
"""
import hashlib

from glancelite import exception
from glancelite.data import memory

#: Blocks that may wait before one consumer, by whether threads are native.
#: Beside an event loop whoever waits for room takes another thread for it.
_DEPTHS = {True: 1, False: 2}


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
    lanes = [_Lane(consumer, threads) for consumer in consumers]
    try:
        while block := ahead.pop() if ahead else source.read(block_size):
            guard.write(block)
            for lane in lanes:
                lane.put(block)
            del block
            _raise_first(lanes)
    finally:
        for lane in lanes:
            lane.join()
        threads.wait(memory.give_back)
    _raise_first(lanes)


def _raise_first(lanes):
    for lane in lanes:
        if lane.error is not None:
            raise lane.error


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
