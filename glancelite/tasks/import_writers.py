# SPDX-License-Identifier: Apache-2.0
"""The writers of an import: one for each store, side by side."""
import contextlib
import functools
import time

from oslo_log import log

from glancelite import exception
from glancelite.objects import image as image_object

LOG = log.getLogger(__name__)


class Tolerant:
    """A writer whose failure is its store's alone, if others are left.

    :param writer: None if the store could not even begin.
    :ivar failed: whether the store could not take the bytes.
    :ivar finished: whether it has taken them all.
    :ivar left: whether it may have some of them, though it failed.
    """

    def __init__(self, driver, writer, strict):
        self.driver = driver
        self.failed = writer is None
        self.finished = self.left = False
        self._writer = writer
        self._strict = strict

    def write(self, block):
        """Write to the store, unless it failed before."""
        if not self.failed:
            self._try(lambda: self._writer.write(block))

    def finish(self):
        """Make the bytes of this store durable."""
        if not self.failed:
            self._try(self._writer.finish)
            self.finished = not self.failed

    def cancel(self):
        """Remove what was written and is not committed."""
        if self._writer:
            self._writer.cancel()

    def _try(self, act):
        try:
            act()
        except exception.GlanceliteError:
            if self._strict:
                raise
            LOG.warning('Store %s failed during an import',
                        self.driver.identifier)
            self.failed = True
            self.left = True
            # What it refuses to remove now is discarded at the end.
            with contextlib.suppress(exception.GlanceliteError):
                self._writer.cancel()
                self.left = False


def open_all(service, work, size):
    """Give ``work`` a writer for each store of its request."""
    token = work.lease.detail['token']
    strict = (work.request.all_must_succeed
              or len(work.request.stores) == 1)
    for identifier in work.request.stores:
        driver = service.stores.internal(identifier)
        try:
            writer = service.threads.wait(driver.writer, work.image.id,
                                          token, size)
        except exception.GlanceliteError:
            if strict:
                raise
            writer = None
        work.writers.append(Tolerant(driver, writer, strict))


def seal(service, work, facts, stored):
    """Make the data durable, and store in the lease what and where it is.

    From then on the import is finished, and undone only when a store has
    refused for too long to end it.

    :param facts: fields of the image, as the bytes told them.
    :param stored: called with ``work`` after each store but the last.
    :raises StoreUnavailable: no store has taken the data.
    :raises LeaseLost: the image is somebody else's now; the import is not
        sealed.
    """
    for _done in side_by_side(service.threads,
                              [writer.finish for writer in work.writers]):
        stored(work)
    finished = [writer.driver.identifier
                for writer in work.writers if writer.finished]
    if not finished:
        raise exception.StoreUnavailable()
    changed, removed = work.properties()
    work.lease.detail.update(
        facts={**facts, **work.job.fields}, finished=finished,
        sealed_at=time.time(),
        left=[each.driver.identifier for each in work.writers if each.left],
        properties=changed, removed_properties=removed)
    try:
        service.leases.note(work.lease)
    except exception.LeaseLost:
        # Nobody has heard of these bytes, so nobody else will remove them.
        del work.lease.detail['facts']
        raise


def commit_all(service, work):
    """:returns: a location for each store of a sealed import.

    A store that refuses is left out where others are enough, and the lease
    says so.

    :raises DataMissing: the data is not there any more.
    :raises StorageFull, StoreUnavailable: a store refuses, for now.
    """
    detail = work.lease.detail
    drivers = [service.stores.internal(identifier)
               for identifier in detail['finished']]
    strict = work.request.all_must_succeed or len(drivers) == 1
    urls = dict(side_by_side(service.threads, [
        functools.partial(_commit, driver, work.image.id, detail['token'],
                          strict) for driver in drivers]))
    locations = [image_object.Location(
        urls[number], service.stores.metadata(driver, urls[number]))
        for number, driver in enumerate(drivers) if urls[number]]
    if not locations:
        raise exception.StoreUnavailable()
    if len(locations) < len(drivers):
        refusing = {driver.identifier for number, driver in enumerate(drivers)
                    if not urls[number]}
        detail['left'] = [*detail.get('left', ()), *refusing]
        detail['finished'] = [each for each in detail['finished']
                              if each not in refusing]
        service.leases.note(work.lease)
    return locations


def _commit(driver, image_id, token, strict):
    """:returns: the URL, or None where the store refuses and may do so."""
    try:
        return driver.commit(image_id, token)
    except exception.GlanceliteError:
        if strict:
            raise
        LOG.warning('Store %s ends no import', driver.identifier)
        return None


def discard_failed(service, work):
    """Remove what stores have of an import that went on without them."""
    left = work.lease.detail.get('left')
    if left:
        service.remains.withdraw(work.lease, stores=left)


def side_by_side(threads, calls):
    """Make several blocking calls at once: each waits for a store.

    Yield (number of the call, what it returned) in the order they end.

    :raises: what the first failing one raised, when all have ended.
    """
    if len(calls) == 1:
        yield 0, threads.wait(calls[0])
        return
    ended = threads.Queue()

    def run(number, call):
        try:
            ended.put((number, call(), None))
        except Exception as error:
            ended.put((number, None, error))
    for number, call in enumerate(calls):
        threads.start(run, number, call)
    failure = None
    for _call in calls:
        number, result, error = threads.wait(ended.get)
        failure = failure or error
        if not failure:
            yield number, result
    if failure:
        raise failure


class Claims:
    """The claims of several stores as one: each needs room of its own."""

    def __init__(self, claims):
        self._claims = claims

    @property
    def granted(self):
        """:returns: bytes that may come before :meth:`extend`."""
        return min(claim.granted for claim in self._claims)

    @property
    def reservations(self):
        """:returns: those of every claim."""
        return [each for claim in self._claims
                for each in claim.reservations]

    def extend(self, count):
        """Make room for ``count`` bytes in each store."""
        for claim in self._claims:
            claim.extend(count)


@contextlib.contextmanager
def claims(quota, work, size):
    """Hold room for the data in every store while the block runs."""
    with contextlib.ExitStack() as stack:
        yield Claims([
            stack.enter_context(quota.reserve_copy(
                work.context, work.image, size))
            for _store in work.request.stores])
