# SPDX-License-Identifier: Apache-2.0
"""Every other kind of store, through the drivers of the glance_store library.

Those drivers write under the name that they are told and have no commit. So
each upload has a name of its own, ``<image id>.<token>``: what it has left is
found by its name, whenever that is looked for, and never is anybody else's.
A name that no record has is read by nobody. Nothing is moved when an upload
ends; its location keeps the name.

The library is loaded when such a store is in use.
"""
import contextlib
import itertools
import re
import uuid

from oslo_log import log

from glancelite import exception
from glancelite.stores import availability
from glancelite.stores import driver
from glancelite.stores import library
from glancelite.stores import library_streams

LOG = log.getLogger(__name__)

#: A digest that the library computes besides ours, and nobody looks at.
_DIGEST = 'sha1'

#: How much longer the end of an upload, or one block of it, may take than
#: the answer to a question.
_PATIENCE = 10

#: Names that are asked for at a time: an answer must come in time.
_BATCH = 100

_ID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'

#: How we name uploads; Glance leaves out the token.
_NAME = re.compile(f'(?P<image_id>{_ID})(?:[.](?P<token>.+))?')

#: An id that no image has.
_NOBODY = str(uuid.UUID(int=0))


class GlanceStoreDriver(driver.Driver):
    """A store of glance_store.

    :param conf: the ``ConfigOpts`` of the service.
    :param group: the section with the options of the store.
    :param kind: what enabled_backends calls this kind of store.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :raises ConfigurationError: there is no such kind, or not what it needs.
    """

    renames = False
    waits_by_itself = True

    def __init__(self, identifier, conf, group, kind, threads):
        self.kind = kind
        self._threads = threads
        self._kind = library.load(identifier, conf, group, kind, threads)
        super().__init__(identifier, conf[group])
        self.schemes = self._kind.schemes
        self._patience = _PATIENCE * conf.store_timeout
        self._availability = availability.Availability(
            f'Store {identifier}', threads, conf.store_timeout)

    def check(self):
        """A store that is down may come later; a wrong option does not."""
        if self._kind.offline:
            try:
                self._kind.configure()
            except Exception:
                raise exception.ConfigurationError(
                    f'Store {self.identifier}: the options of its section '
                    f'are not enough for a store of kind {self.kind}, or '
                    'contradict each other') from None

    def answer(self):
        # Whoever says that there is nothing of this name is there.
        with contextlib.suppress(exception.DataMissing):
            self.size(self.url(_NOBODY))

    def owns(self, url):
        try:
            return (url.partition('://')[0] in self.schemes
                    and self._kind.owns(self._kind.parsed(url)))
        except Exception:
            # Whatever the library stumbles over is no location of ours.
            return False

    def admit(self, url):
        """Other services write to these stores as well."""
        if not self.owns(url) or url.startswith('swift+config:'):
            raise exception.InvalidLocation()

    def writer(self, image_id, token, size=None):
        self._availability.require()
        if self._kind.silent:
            # An upload may stand still for longer than a question.
            self.answer()
        return library_streams.Writer(
            self, _name(image_id, token), size or 0, self._threads,
            self._patience)

    def commit(self, image_id, token):
        return self._ask(self._kind.commit, _name(image_id, token))

    def discard(self, image_id, token):
        return self.remove(_name(image_id, token))

    def remove(self, name):
        """As :meth:`discard`, by the name of an upload."""
        try:
            return self._ask(self._kind.remove, name)
        except exception.DataMissing:
            return False

    def url(self, image_id, token=None):
        return self._ask(self._kind.url, _name(image_id, token))

    def open(self, url, offset=0):
        return library_streams.Reader(self, url, offset)

    def reading(self, url, offset):
        """:returns: an iterator over blocks, and what closes it."""
        if not self._kind.slow:
            return self._ask(self._read, url, offset)
        # Whether it is there at all is known before.
        self.size(url)
        return self._ask(self._read, url, offset, timeout=self._patience)

    def close(self, stack):
        """Let go of what :meth:`reading` has opened, in bounded time."""
        if not self._kind.slow:
            return _close(stack)
        done = self._threads.Queue(1)
        self._threads.start(lambda: done.put(_close(stack)))
        with contextlib.suppress(self._threads.Empty):
            done.get(timeout=self._patience)

    def _read(self, url, offset):
        stack = contextlib.ExitStack()
        try:
            blocks = self._kind.read(url, offset, stack)
            # It may only be found out now that nothing is there.
            first = next(blocks, b'')
        except BaseException:
            stack.close()
            raise
        return first, blocks, stack

    def following(self, blocks):
        """:returns: the next block, an empty one at the end."""
        return self._ask(next, blocks, b'')

    def size(self, url):
        return self._ask(self._kind.size, url)

    @property
    def clonable(self):
        return self._kind.clonable

    def is_used(self, url):
        return self._ask(self._kind.is_used, url)

    def delete(self, url):
        with contextlib.suppress(exception.DataMissing):
            self._ask(self._kind.delete, url)

    def key(self, url):
        try:
            return self._kind.key(self._kind.parsed(url))
        except Exception:
            # It is of another kind.
            return url

    @property
    def listable(self):
        return self._kind.listable

    def names(self):
        """What bears other names, other services have put there."""
        for name, url, found in self._listed(''):
            ours = _NAME.fullmatch(name)
            if ours:
                yield driver.Name(
                    url, found.size, found.modified, ours['image_id'],
                    None if found.whole else ours['token'])

    def holds(self, name):
        prefix = name.image_id
        return any(url == name.url for _name, url, _found
                   in self._listed(prefix))

    def _listed(self, prefix):
        """Yield the name, the URL and the :class:`~kinds.Found` of each."""
        found = self._ask(self._kind.names, prefix)
        while batch := self._ask(self._batch, found):
            yield from batch

    def _batch(self, found):
        return [(each.name, each.url or self._kind.url(each.name), each)
                for each in itertools.islice(found, _BATCH)]

    def properties(self):
        available = self._availability.reason is None
        return {'available': 'true' if available else 'false'}

    def _ask(self, function, *args, timeout=None):
        try:
            return self._availability.ask(function, *args, timeout=timeout)
        except exception.GlanceliteError:
            raise
        except Exception as error:
            failure = error
        raise self.translated(failure)

    def translated(self, error):
        """:returns: an error that a caller may read, of any library's.

        Not to be called while it is being handled: the log would say what it
        says.
        """
        name = type(error).__name__
        if name in ('Missing', 'NotFound'):
            return exception.DataMissing(image_id='')
        LOG.error('Store %s failed: %s', self.identifier, name)
        if self._kind.is_full(error):
            return exception.StorageFull()
        if self._kind.is_outage(error):
            self._availability.mark_down(name)
        return exception.StoreUnavailable()

    def add(self, name, source, size):
        """Let the library store what ``source`` gives, to its end.

        :param size: bytes to come, 0 where that is not known.
        """
        self._kind.add(name, source, size, _DIGEST)
        self._availability.mark_up()


def _name(image_id, token):
    return f'{image_id}.{token}'


def _close(stack):
    with contextlib.suppress(Exception):
        stack.close()
