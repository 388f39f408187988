# SPDX-License-Identifier: Apache-2.0
"""What the bytes of an image tell while they pass: digests and format.

hashlib cannot store the state of a digest, so an unfinished receipt lives in
the memory of the process that has it, and any other one reads the stored
bytes again.
"""
import collections

from glancelite import exception
from glancelite.data import inspection
from glancelite.data import signature
from glancelite.data import streams

#: Receipts of unfinished uploads that a process remembers.
_REMEMBERED = 64


class Receipt:
    """Consumers of the bytes of one image, and what they have learnt.

    :param image: its formats are what the content must be.
    :param algorithm: hashlib's name of the secure digest.
    :param rules: :class:`~glancelite.data.inspection.Rules` of the content.
    :param verification: of its signature, or None.
    :param names: of further digests to compute.
    :ivar count: bytes that have passed; whoever lets them pass sets it.
    """

    def __init__(self, image, algorithm, rules, verification=None,
                 names=()):
        self._algorithm = algorithm
        self._claims = _claims(image)
        self._verification = verification
        self._digests = {name: streams.Digest(name)
                         for name in ('md5', algorithm, *names)}
        self._inspection = inspection.Inspection(image, rules)
        self.count = 0

    @property
    def consumers(self):
        """:returns: what the bytes are to be given to, side by side."""
        verification = [self._verification] if self._verification else []
        return [*self._digests.values(), self._inspection, *verification]

    def serves(self, image, names):
        """:returns: whether it is about what the image says of its data by
            now, and about digests of all ``names``."""
        return (self._claims == _claims(image)
                and self._digests.keys() >= set(names))

    def require(self, digests):
        """:param digests: (hashlib name, bytes) pairs.

        :raises DigestMismatch: the bytes have other ones.
        """
        for name, value in digests:
            require(self._digests[name], value)

    def facts(self):
        """:returns: a dict: size, checksum, os_hash_algo, os_hash_value,
            virtual_size. To be called once, at the end.

        :raises FormatMismatch, UnsafeImage, SignatureMismatch: the content
            is not what the image says.
        """
        if self._verification:
            self._verification.finish()
        return {'size': self.count,
                'checksum': self._digests['md5'].hexdigest(),
                'os_hash_algo': self._algorithm,
                'os_hash_value': self._digests[self._algorithm].hexdigest(),
                'virtual_size': self._inspection.finish()}


def _claims(image):
    return (image.disk_format, image.container_format,
            signature.properties(image))


def require(digest, value, error=exception.DigestMismatch):
    """:raises DigestMismatch: ``digest`` is not ``value`` (bytes).

    :param error: what is raised instead.
    """
    if bytes.fromhex(digest.hexdigest()) != value:
        raise error(algorithm=digest.algorithm)


class Receipts:
    """Unfinished receipts by name; the least recently used are forgotten.

    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, threads):
        self._lock = threads.lock()
        self._kept = collections.OrderedDict()

    def take(self, name):
        """:returns: the receipt, which is the caller's alone now, or None."""
        with self._lock:
            return self._kept.pop(name, None)

    def keep(self, name, receipt):
        """Remember a receipt for the next part."""
        with self._lock:
            self._kept[name] = receipt
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)
