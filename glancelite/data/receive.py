# SPDX-License-Identifier: Apache-2.0
"""Bytes from anywhere into stores: hashed, inspected, counted, compared.

Whatever brings image data, an upload, an import or a copy, comes through
here.
"""
from glancelite import exception
from glancelite.data import streams


class Receiver:
    """Feeds the bytes of one source to writers and learns what they are.

    :param conf: for ``hashing_algorithm``, ``transfer_block_size`` and
        ``require_image_format_match``.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, conf, threads):
        self._threads = threads
        self._algorithm = conf.hashing_algorithm
        self._block_size = conf.transfer_block_size
        self._match = conf.image_format.require_image_format_match

    def receive(self, image, source, writers, claim, size=None, digests=()):
        """Write ``source`` to every one of ``writers``.

        :param image: its disk_format is what the content must be.
        :param source: has ``read(size)``.
        :param writers: consumers with ``write(block)``.
        :param claim: a :class:`~glancelite.quota.claim.Claim`.
        :param size: bytes announced, or None.
        :param digests: (hashlib name, bytes) pairs the data must have.
        :returns: a dict of what the bytes tell: size, checksum,
            os_hash_algo, os_hash_value, virtual_size.
        :raises SizeMismatch, DigestMismatch: the data is not what was
            announced.
        :raises FormatMismatch, UnsafeImage: nor what the image says.
        """
        checksum = streams.Digest('md5')
        multihash = streams.Digest(self._algorithm)
        expected = [(streams.Digest(name), value) for name, value in digests
                    if name != self._algorithm]
        inspection = streams.Inspection(image.disk_format, self._match)
        guard = self._pump(source, claim, [
            checksum, multihash, *writers, inspection,
            *(digest for digest, value in expected)])
        _require_size(size, guard)
        _require_digests([*expected, *(
            (multihash, value) for name, value in digests
            if name == self._algorithm)])
        return {'size': guard.count, 'checksum': checksum.hexdigest(),
                'os_hash_algo': self._algorithm,
                'os_hash_value': multihash.hexdigest(),
                'virtual_size': inspection.finish()}

    def keep(self, source, writer, claim, size=None):
        """Write ``source`` to ``writer`` without a look at it: staging.

        :returns: bytes written. Raises as :meth:`receive`.
        """
        guard = self._pump(source, claim, [writer])
        _require_size(size, guard)
        return guard.count

    def _pump(self, source, claim, consumers):
        guard = streams.Limit(claim)
        streams.pump(source, guard, consumers, self._threads,
                     self._block_size)
        return guard


def _require_size(size, guard):
    if size is not None and guard.count != size:
        raise exception.SizeMismatch(expected=size, size=guard.count)


def _require_digests(pairs):
    for digest, value in pairs:
        if bytes.fromhex(digest.hexdigest()) != value:
            raise exception.DigestMismatch(algorithm=digest.algorithm)
