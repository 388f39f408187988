# SPDX-License-Identifier: Apache-2.0
"""Bytes from anywhere into stores: hashed, inspected, counted, compared.

Whatever brings image data, an upload, an import or a copy, comes through
here.
"""
import hashlib

from glancelite import exception
from glancelite.data import inspection
from glancelite.data import receipt as receipt_module
from glancelite.data import streams

#: Bytes of a digest whose hexadecimal digits the database has room for.
_LONGEST_DIGEST = 64


class Receiver:
    """Feeds the bytes of one source to writers and learns what they are.

    :param signatures: a :class:`~glancelite.data.signature.Signatures`.
    :param conf: for ``hashing_algorithm``, ``transfer_block_size`` and
        the group ``image_format``.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :raises ConfigurationError: nothing computes that digest, or it is longer
        than an image's record has room for.
    """

    def __init__(self, conf, signatures, threads):
        self._signatures = signatures
        self._threads = threads
        self._algorithm = _checked(conf.hashing_algorithm)
        self._block_size = conf.transfer_block_size
        self._rules = inspection.Rules(conf)

    def receive(self, context, image, source, writers, claim, size=None,
                digests=()):
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
        :raises FormatMismatch, UnsafeImage, SignatureMismatch: nor what the
            image says.
        :raises SignatureUnusable, KeyManagerUnavailable: before anything is
            read.
        """
        receipt = self.receipt(context, image, digests)
        guard = streams.Limit(claim)
        self.pump(source, guard, [*receipt.consumers, *writers])
        receipt.count = guard.count
        _require_size(size, guard)
        receipt.require(digests)
        return receipt.facts()

    def receipt(self, context, image, digests=()):
        """:returns: a new :class:`~glancelite.data.receipt.Receipt`.

        The data of an active image, which is copied, was verified when it
        came.

        :param digests: (hashlib name, value) pairs that it will be asked
            about.
        :raises SignatureUnusable, KeyManagerUnavailable: its signature
            cannot be verified.
        """
        verification = (None if image.status == 'active' else
                        self._signatures.verification(context, image))
        return receipt_module.Receipt(
            image, self._algorithm, self._rules, verification,
            [name for name, value in digests])

    def keep(self, source, writer, claim, size=None, digests=()):
        """Write ``source`` to ``writer`` without a look at it: staging.

        :returns: bytes written. Raises as :meth:`receive`.
        """
        guard = streams.Limit(claim)
        expected = [(streams.Digest(name), value) for name, value in digests]
        self.pump(source, guard, [writer, *(
            digest for digest, value in expected)])
        _require_size(size, guard)
        for digest, value in expected:
            receipt_module.require(digest, value)
        return guard.count

    def pump(self, source, guard, consumers):
        """As :func:`~glancelite.data.streams.pump`."""
        streams.pump(source, guard, consumers, self._threads,
                     self._block_size)


def _checked(algorithm):
    try:
        size = hashlib.new(algorithm, usedforsecurity=False).digest_size
    except ValueError:
        size = 0
    # Those without a size of their own (shake_128) say 0.
    if not 0 < size <= _LONGEST_DIGEST:
        raise exception.ConfigurationError(
            f'hashing_algorithm {algorithm}: not a digest of at most '
            f'{8 * _LONGEST_DIGEST} bits that hashlib knows')
    return algorithm


def _require_size(size, guard):
    if size is not None and guard.count != size:
        raise exception.SizeMismatch(expected=size, size=guard.count)
