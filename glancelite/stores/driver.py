# SPDX-License-Identifier: Apache-2.0
"""The contract that every store driver fulfils.

``tests/contract`` holds one suite that each driver passes.
"""
import abc
import dataclasses

from glancelite import exception


class Writer(abc.ABC):
    """Takes the bytes of one image, under a name that no other upload has.

    They are readable only after :meth:`Driver.commit`.
    """

    @abc.abstractmethod
    def write(self, block):
        """Append ``block`` (bytes-like).

        :raises StorageFull: when the store has no room.
        :raises StoreUnavailable: when it cannot take data.
        """

    @abc.abstractmethod
    def finish(self):
        """Make the bytes durable; nothing is written after it.

        :raises StorageFull: when the store has no room.
        :raises StoreUnavailable: when it cannot take data.
        """

    @abc.abstractmethod
    def cancel(self):
        """Remove what is not committed. May be repeated."""


class ResumableWriter(Writer):
    """Takes bytes over several requests, each with a writer of its own.

    Of all writers for one token only the last one that has begun can change
    anything; the methods of the others raise LeaseLost. One begins in two
    steps, :meth:`hold` and :meth:`begin`, between which no other one does:
    there its owner finds out whether the bytes still are his to write. When
    they are not, or after any error, :meth:`abandon` it.

    :ivar position: bytes taken, those of former writers included (int).
    :ivar synced: how many of them stay, whatever crashes (int).
    """

    @abc.abstractmethod
    def hold(self):
        """Keep every other writer from the bytes for the moment.

        It does not wait, for which threads are too few.

        :returns: whether it could: not so while another one writes a block,
            or is between the two steps.
        :raises DataMissing: fewer bytes are there than were taken.
        :raises StoreUnavailable: when the store cannot take data.
        """

    @abc.abstractmethod
    def begin(self):
        """Make the bytes that are held ours: other writers have lost them.

        Raises as :meth:`hold`.
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


@dataclasses.dataclass(frozen=True)
class Name:
    """Bytes that a store holds, found by looking at the store alone.

    :ivar url: where they are.
    :ivar size: how many.
    :ivar modified: seconds since the epoch when the last one was written.
    :ivar image_id: whose they are by their name, None if it does not tell.
    :ivar token: of the upload that writes them; None when they bear a final
        name.
    """

    url: str
    size: int
    modified: float
    image_id: str = None
    token: str = None


class Driver(abc.ABC):
    """A place that holds image data.

    :ivar identifier: the name that requests and locations use (str).
    :ivar description: a sentence for users, or None.
    :ivar weight: stores of greater weight are read first (int).
    """

    writable = True

    #: Whether commit gives bytes another name, which discard does not know.
    #: Where it does not, nobody may discard, nor cancel a writer, once the
    #: data may be sealed: it could be read under that name by now.
    renames = True

    #: Whether :meth:`is_used` can be true.
    clonable = False

    #: Whether :meth:`resume` gives a writer.
    resumable = False

    #: Whether its calls end in bounded time, and let others run meanwhile.
    waits_by_itself = False

    #: Whether :meth:`names` tells what the store holds.
    listable = False

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
        :raises NotResumable: this kind of store has no such writers.
        """
        raise exception.NotResumable(store=self.identifier)

    def commit(self, image_id, token):
        """Give finished bytes their final name, durably and at once.

        Any process may do it, and may do it again; once it is done, the
        bytes are what readers of :meth:`url` get.

        :returns: the URL under which the store finds them.
        :raises DataMissing: what that upload wrote is not there.
        :raises StorageFull, StoreUnavailable: when the store refuses.
        """
        raise exception.UnknownStore(store=self.identifier)

    @abc.abstractmethod
    def discard(self, image_id, token):
        """Remove what the writer of ``token`` left and nobody committed.

        From then on nobody can commit it any more; bytes of any other
        upload are safe from this, however late it comes.

        :returns: whether there was something to remove.
        :raises StoreUnavailable: when the store refuses.
        """

    def url(self, image_id, token=None):
        """:returns: the URL that committed data of ``image_id`` has.

        :param token: of the upload; of no matter where commit ``renames``.
        :raises StoreUnavailable: it would have to be asked for.
        """
        raise exception.UnknownStore(store=self.identifier)

    def metadata(self, url):
        """:returns: what a location at ``url`` tells besides its store."""
        return {}

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

    def is_used(self, url):
        """:returns: whether something in the store is made of these bytes.

        As long as it is, they cannot be removed.

        :raises DataMissing: when nothing is there.
        :raises StoreUnavailable: when the store does not tell.
        """
        return False

    def names(self):
        """Yield a :class:`Name` for everything that the store holds.

        In no order, and perhaps without what comes or goes meanwhile;
        nothing if the store is not ``listable``.

        :raises StoreUnavailable: when the store refuses.
        """
        return iter(())

    def holds(self, name):
        """:returns: whether the bytes of a :class:`Name` are there still."""
        try:
            return self.size(name.url) >= 0
        except exception.GlanceliteError:
            return False

    def key(self, url):
        """:returns: what all URLs of the same bytes have in common (str)."""
        return url

    @abc.abstractmethod
    def properties(self):
        """:returns: facts for administrators, shown by stores/detail."""

    @abc.abstractmethod
    def check(self):
        """:raises ConfigurationError: the store cannot be used at all."""

    def answer(self):
        """Return if the store can be used now, however long that takes.

        :raises StoreUnavailable, ConfigurationError: it cannot.
        """
        self.check()
