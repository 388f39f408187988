# SPDX-License-Identifier: Apache-2.0
"""Every loop over image bytes: the pump, and what it feeds.

The pump reads large blocks and hands each to several consumers that run in
native threads side by side; a bounded queue before each keeps memory flat.
"""
import hashlib

from oslo_utils.imageutils import format_inspector

from glancelite import exception

#: Blocks that may wait before one consumer.
_DEPTH = 2

#: Disk formats whose content an inspector knows; anything else (ami, ari,
#: aki, ploop) must look like none of them.
_INSPECTED = ('qcow2', 'vhd', 'vhdx', 'vmdk', 'vdi', 'iso')

#: What unrecognised content is called, and a bare partition table.
_OPAQUE = ('raw', 'gpt')

#: Bytes that tell every format there is, but for what stands at the end.
_TELLING = 1024 ** 2


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


class Inspection:
    """A consumer that tells the format of a disk while its bytes pass.

    Raw means that the bytes are the disk, whatever they hold; so anything
    may be called raw, and its virtual size is its size.

    :param disk_format: what the image says it is.
    :param required: whether content of another format is refused.
    """

    def __init__(self, disk_format, required):
        self._disk_format = disk_format
        self._required = required
        self._block = b''
        self._size = 0
        self._wrapper = format_inspector.InspectWrapper(self)
        self._expected = None
        if required and disk_format in _INSPECTED:
            self._expected = format_inspector.get_inspector(disk_format)()
        self._refuted = False

    def write(self, block):
        """Take the next block.

        :raises FormatMismatch: as soon as the content tells its format.
        """
        self._block = block
        self._size += len(block)
        self._wrapper.read(len(block))
        if self._expected and not self._refuted:
            self._refuted = not self._may_be_expected(block)
        if self._refuted and (self._size >= _TELLING
                              or self._wrapper.formats is not None):
            raise self._mismatch()

    def _may_be_expected(self, block):
        expected = self._expected
        try:
            expected.eat_chunk(block)
        except Exception:
            # Whatever the inspector stumbles over is no such disk.
            return False
        return not expected.complete or expected.format_match

    def read(self, size):
        """For the wrapper: the block at hand."""
        return self._block

    def close(self):
        """For the wrapper: nothing is open."""

    def finish(self):
        """:returns: the virtual size in bytes, None where it is not known.

        :raises FormatMismatch: the content is of another format.
        :raises UnsafeImage: the content refers outside itself.
        """
        self._wrapper.close()
        if self._refuted:
            raise self._mismatch()
        try:
            found = self._wrapper.format
        except format_inspector.ImageFormatError:
            found = None
        if self._required and self._disk_format != 'raw':
            self._require(found)
        if self._required and found is not None:
            self._require_safe(found)
        if self._disk_format == 'raw':
            return self._size or None
        if found is None or found.NAME != self._disk_format:
            return None
        return found.virtual_size or None

    def _require(self, found):
        accepted = ((self._disk_format,) if self._disk_format in _INSPECTED
                    else _OPAQUE)
        if found is None or found.NAME not in accepted:
            raise self._mismatch()

    def _mismatch(self):
        """:returns: the error, which names the format that was found."""
        found = self._wrapper.formats
        if found is None:
            self._wrapper.close()
            found = self._wrapper.formats
        return exception.FormatMismatch(
            format=self._disk_format, found=', '.join(sorted(map(str, found))))

    def _require_safe(self, found):
        if found.NAME not in _OPAQUE and found.NAME != self._disk_format:
            return
        try:
            found.safety_check()
        except format_inspector.SafetyCheckFailed:
            raise exception.UnsafeImage() from None
        except format_inspector.ImageFormatError:
            raise exception.UnsafeImage(
                'Incomplete file cannot be safety checked') from None


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
        self._queue = threads.Queue(_DEPTH)
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
    block = source.read(block_size)
    following = source.read(block_size) if block else b''
    if not following:
        guard.write(block)
        for consumer in consumers:
            threads.wait(consumer.write, block)
        return
    lanes = [_Lane(consumer, threads) for consumer in consumers]
    try:
        while block:
            guard.write(block)
            for lane in lanes:
                lane.put(block)
            _raise_first(lanes)
            block, following = following, source.read(block_size)
    finally:
        for lane in lanes:
            lane.join()
    _raise_first(lanes)


def _raise_first(lanes):
    for lane in lanes:
        if lane.error is not None:
            raise lane.error


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
