# SPDX-License-Identifier: Apache-2.0
"""The contract that every store driver fulfils.

``tests/contract`` holds one suite that each driver passes.
"""
import abc

from glancelite import exception


class Writer(abc.ABC):
    """Takes the bytes of one image. Readable only after :meth:`commit`."""

    @abc.abstractmethod
    def write(self, block):
        """Append ``block`` (bytes-like).

        :raises StorageFull: when the store has no room.
        :raises StoreUnavailable: when it cannot take data.
        """

    @abc.abstractmethod
    def commit(self):
        """Make the bytes durable and readable.

        :returns: the URL under which the store will find them.
        :raises StorageFull: when the store has no room.
        :raises StoreUnavailable: when it cannot take data.
        """

    @abc.abstractmethod
    def cancel(self):
        """Remove whatever was written, committed or not. May be repeated."""

    @abc.abstractmethod
    def abandon(self):
        """Remove what is not committed: the image is not ours any more.

        Whoever holds it now removes what is; it may be their own by then.
        """


class ResumableWriter(Writer):
    """Takes bytes over several requests, each with a writer of its own.

    Of all writers for one token only the last one made can change anything;
    the methods of the others raise LeaseLost.

    :ivar position: bytes taken, those of former writers included (int).
    :ivar synced: how many of them stay, whatever crashes (int).
    """

    @abc.abstractmethod
    def sync(self):
        """Make what was taken stay.

        :returns: ``position``. Raises as :meth:`write`.
        """

    @abc.abstractmethod
    def stored(self, offset):
        """:returns: an object with ``read(size)`` over what was taken.

        :param offset: where it begins, in bytes.
        """

    @abc.abstractmethod
    def park(self):
        """Leave the bytes for the next writer."""

    @abc.abstractmethod
    def abandon(self):
        """Let go of the bytes, which are somebody else's now."""


class Driver(abc.ABC):
    """A place that holds image data.

    :ivar identifier: the name that requests and locations use (str).
    :ivar description: a sentence for users, or None.
    :ivar weight: stores of greater weight are read first (int).
    """

    writable = True

    #: Whether :meth:`resume` gives a writer.
    resumable = False

    #: What enabled_backends calls this kind of store.
    kind = None

    #: URL schemes of locations in this kind of store.
    schemes = ()

    def __init__(self, identifier, options):
        self.identifier = identifier
        self.description = getattr(options, 'store_description', None)
        self.weight = getattr(options, 'weight', 0) or 0

    @abc.abstractmethod
    def owns(self, url):
        """:returns: whether ``url`` is a location in this store."""

    def admit(self, url):
        """Ask whether a caller may make ``url`` a location of an image.

        What we write ourselves is registered by nobody else.

        :raises InvalidLocation, FetchRefused: no.
        """
        raise exception.InvalidLocation()

    @abc.abstractmethod
    def writer(self, image_id, token, size=None):
        """:returns: a :class:`Writer` for the data of ``image_id``.

        :param token: name of this upload, by which :meth:`discard` finds
            what it left.
        :param size: bytes to come where that is known.
        """

    def resume(self, image_id, token, offset):
        """:returns: a :class:`ResumableWriter` at ``offset`` bytes.

        What lies beyond is forgotten. The first one begins at 0.

        :param token: name of this upload, as for :meth:`writer`.
        :raises DataMissing: so many bytes are not there.
        :raises NotResumable: this kind of store has no such writers.
        """
        raise exception.NotResumable(store=self.identifier)

    @abc.abstractmethod
    def discard(self, image_id, token):
        """Remove what the writer of ``token`` left, committed or not.

        The temporary bytes go first: from then on that writer can commit
        nothing any more. No error when nothing is there.

        :raises StoreUnavailable: when the store refuses.
        """

    @abc.abstractmethod
    def open(self, url, offset=0):
        """:returns: a binary file object positioned at ``offset`` bytes.

        :raises DataMissing: when nothing is there.
        :raises StoreUnavailable: when the store cannot give data.
        """

    @abc.abstractmethod
    def size(self, url):
        """:returns: bytes stored at ``url``. Raises as :meth:`open`."""

    def path(self, url):
        """:returns: absolute path of a file that holds ``url``, and it alone.

        None where there is no such file on this host.
        """
        return None

    @abc.abstractmethod
    def delete(self, url):
        """Remove the bytes at ``url``; no error when they are gone.

        :raises StoreUnavailable: when the store refuses.
        """

    @abc.abstractmethod
    def properties(self):
        """:returns: facts for administrators, shown by stores/detail."""

    @abc.abstractmethod
    def check(self):
        """:raises ConfigurationError: the store cannot be used at all."""
