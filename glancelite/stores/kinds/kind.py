# SPDX-License-Identifier: Apache-2.0
"""One store through the library, and what each kind has to tell."""
import abc
import contextlib
import copy
import dataclasses
import importlib

#: Bytes a read asks a store for.
BLOCK = 4 * 1024 * 1024


class Missing(Exception):
    """Nothing is there."""


class Unset(Exception):
    """An option is not set; the text is its name."""


@dataclasses.dataclass(frozen=True)
class Found:
    """What an upload has put into a store, whole or not.

    :ivar name: of the upload.
    :ivar size: bytes.
    :ivar modified: seconds since the epoch when it was last written to.
    :ivar whole: whether it can be read at its URL.
    :ivar url: where that is, None where :meth:`Kind.url` tells.
    """

    name: str
    size: int
    modified: float
    whole: bool = True
    url: str = None


class Kind(abc.ABC):
    """One store, through the library.

    :param library: a driver object of glance_store, not configured yet.
    :cvar modules: what must be importable besides the library.
    :cvar required: options without which nothing works.
    :cvar refused: options that cannot be set.
    :cvar clonable: whether :meth:`is_used` can be true.
    :cvar listable: whether :meth:`names` tells what is there.
    :cvar silent: whether a store that is away lets everybody wait.
    :cvar offline: whether the library configures itself without the store.
    :cvar native: whether the library works with native threads alone.
    :cvar slow: whether it takes its time to begin and to end reading, while
        the store is well.
    """

    modules = ()
    required = ()
    refused = ()
    offline = True
    clonable = False
    listable = True
    silent = False
    native = False
    slow = False

    @classmethod
    def prepare(cls, conf):
        """Do what the library wants done before it is used.

        :param conf: the ``ConfigOpts`` of the service.
        :returns: the library's module of this kind.
        :raises Unset: an option is not set.
        """
        return cls.load()

    @classmethod
    def require(cls, options):
        """Ask whether a store can be had with the options of its section.

        :param options: a function that returns the value of an option.
        :raises Unset: one is not set.
        """
        for name in cls.required:
            if not options(name):
                raise Unset(name)

    def __init__(self, library, identifier):
        self._pristine = library
        self._identifier = identifier
        self._configured = None

    @classmethod
    def load(cls):
        """:returns: the library's module of this kind."""
        return importlib.import_module(cls.module)

    @property
    def schemes(self):
        """:returns: those of locations, whether or not the store is there."""
        return tuple(self._pristine.get_schemes())

    @property
    def library(self):
        """:returns: the driver of glance_store, configured."""
        if self._configured is None:
            self.configure()
        return self._configured

    def configure(self):
        """Let the library read its options; some ask the store as well."""
        configured = copy.copy(self._pristine)
        configured.configure(re_raise_bsc=True)
        self._configured = configured

    def add(self, name, source, size, digest):
        """Store what ``source`` gives under ``name``.

        :param size: bytes to come, 0 where that is not known.
        :param digest: a name of hashlib; the library computes it.
        """
        # It keeps the state of an upload in the object.
        copy.copy(self.library).add(name, source, size, digest)

    def parsed(self, url):
        """:returns: what the library knows of ``url``."""
        return self.located(url).store_location

    def located(self, url):
        """:returns: the library's object for ``url``."""
        # The library is loaded by whoever made a Kind.
        from glance_store import location
        library = self._pristine
        return location.Location(
            url.partition(':')[0], library.get_store_location_class(),
            library.conf, uri=url, backend=library.backend_group)

    @abc.abstractmethod
    def owns(self, parsed):
        """:returns: whether a parsed URL leads to this very store."""

    @abc.abstractmethod
    def url(self, name):
        """:returns: the URL of what was uploaded under ``name``."""

    def commit(self, name):
        """Have nothing but what is whole under ``name``.

        :returns: the URL of that.
        :raises Missing: nothing is.
        """
        url = self.url(name)
        self.size(url)
        return url

    @abc.abstractmethod
    def size(self, url):
        """:returns: bytes at ``url``.

        :raises Missing: there is nothing.
        """

    @abc.abstractmethod
    def read(self, url, offset, stack):
        """:returns: an iterator over the blocks from ``offset`` on.

        :param stack: an ``ExitStack`` that closes it.
        :raises Missing: there is nothing.
        """

    def is_used(self, url):
        """:returns: whether something is made of the data at ``url``."""
        return False

    def delete(self, url):
        """Remove what is at ``url``, if anything is."""
        from glance_store import exceptions
        with contextlib.suppress(exceptions.NotFound):
            self.library.delete(self.located(url))

    @abc.abstractmethod
    def key(self, parsed):
        """:returns: what all URLs of the same bytes have in common (str).

        :param parsed: of a URL in this kind of store, perhaps not in this
            one; to take two for the same does no harm.
        """

    def names(self, prefix=''):
        """Yield a :class:`Found` for each upload that is there.

        :param prefix: what their names begin with.
        """
        return iter(())

    @abc.abstractmethod
    def remove(self, name):
        """Remove whatever an upload under ``name`` has left.

        :returns: whether there was anything.
        """

    def is_full(self, error):
        """:returns: whether ``error`` says that the store has no room."""
        return type(error).__name__ in ('StorageFull', 'NoSpace')

    def is_outage(self, error):
        """:returns: whether ``error`` says that the store is not there."""
        return isinstance(error, OSError)
