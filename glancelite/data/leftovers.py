# SPDX-License-Identifier: Apache-2.0
"""Bytes in the stores that no record names, and nobody is at any more."""
import itertools
import time

from glancelite import exception
from glancelite.objects import consistency
from glancelite.objects import image as image_object
from glancelite.objects import lease as lease_object

_PAGE = 500

#: Names of which one walk through all locations takes care: a record may
#: write a URL in another way than the store does.
_SUSPECTS = 5000

#: Statuses in which a Glance, which has no leases, may be writing.
_TRANSIENT = ('saving', 'uploading', 'importing')

#: Statuses in which an image must have data.
_WITH_DATA = ('active', 'deactivated')

#: Statuses in which an image has data in the staging area.
_STAGED = ('uploading', 'importing')


class Leftovers:
    """Finds and removes them.

    :param inventory: the repository of what ought to be in the stores.
    :param leases: the repository of leases.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param progress: a :class:`~glancelite.objects.consistency.Progress`.
    """

    def __init__(self, inventory, leases, stores, progress):
        self._inventory = inventory
        self._leases = leases
        self._stores = stores
        self._progress = progress
        self._known = set()
        self._unreadable = False

    def note(self, driver):
        """Hear that a record has named bytes that are in this store."""
        self._known.add(driver.identifier)

    def find(self, wishes):
        """Yield a problem for each, repaired if so wished."""
        for driver in (*self._stores, self._stores.staging):
            if (driver.listable
                    and wishes.store in (None, driver.identifier)):
                self._progress.begin(f'store {driver.identifier}')
                yield from self._find_in(driver, wishes)

    def unlisted(self, wishes):
        """:returns: identifiers of stores that we write to, and which do not
            tell what they hold.
        """
        return [driver.identifier for driver in self._stores
                if driver.writable and not driver.listable
                and wishes.store in (None, driver.identifier)]

    def _find_in(self, driver, wishes):
        names = driver.names()
        suspects = []
        try:
            while page := list(itertools.islice(names, _PAGE)):
                suspects += self._unclaimed(driver, page)
                if len(suspects) >= _SUSPECTS:
                    yield from self._settle(driver, suspects, wishes)
                    suspects = []
                self._progress.step(len(page))
        except exception.DataMissing:
            # The directory of the staging area comes with its first use.
            return
        except exception.StoreUnavailable as error:
            yield consistency.Problem(
                consistency.UNREADABLE, None, driver.identifier,
                detail=str(error))
        yield from self._settle(driver, suspects, wishes)

    def _unclaimed(self, driver, names):
        """:returns: those of ``names`` that their image has nothing of."""
        claims = self._inventory.claims(
            {name.image_id for name in names if name.image_id})
        return [name for name in names
                if not self._is_claimed(driver, name, claims[name.image_id])]

    def _is_claimed(self, driver, name, claim):
        if claim.held:
            return True
        if driver is self._stores.staging and claim.status is None:
            # The staging area may be another service's as well.
            return True
        if name.token:
            return False
        if driver is self._stores.staging:
            return not claim.deleted and claim.status in _STAGED
        key = driver.key(name.url)
        return any(driver.key(url) == key for url in claim.urls)

    def _settle(self, driver, suspects, wishes):
        elsewhere = self._named_elsewhere(driver, suspects)
        left = [name for name in suspects
                if driver.key(name.url) not in elsewhere]
        for start in range(0, len(left), _PAGE):
            page = left[start:start + _PAGE]
            # What was on its way when we saw it has come somewhere by now.
            for name in self._unclaimed(driver, page):
                if driver.holds(name):
                    yield self._problem(driver, name, wishes)

    def _named_elsewhere(self, driver, suspects):
        """:returns: keys of those that any record at all names."""
        keys = {driver.key(name.url) for name in suspects}
        found = set()
        if keys:
            for page in self._inventory.pages(self._inventory.locations, 0):
                found |= keys.intersection(
                    driver.key(place.url) for place in page)
                self._unreadable |= not all(
                    image_object.is_url(place.url) for place in page)
        return found

    def _is_readable(self, url):
        driver = self._stores.owning(url)
        try:
            return driver is not None and driver.size(url) >= 0
        except exception.GlanceliteError:
            return False

    def _problem(self, driver, name, wishes):
        problem = consistency.Problem(
            consistency.UNFINISHED if name.token else consistency.UNRECORDED,
            name.image_id, driver.identifier, name.url, f'{name.size} bytes')
        age = time.time() - name.modified
        if wishes.repair and name.image_id and age >= wishes.min_age:
            self._repair(driver, name, wishes, problem)
        return problem

    def _repair(self, driver, name, wishes, problem):
        lease = lease_object.Lease(name.image_id, lease_object.CHECK, {})
        try:
            self._inventory.hold(lease)
        except exception.ImageHeld:
            return
        try:
            reason = self._reason_to_leave(driver, name, wishes)
            if reason:
                problem.detail += f'; left: {reason}'
            elif name.token:
                driver.discard(name.image_id, name.token)
            else:
                driver.delete(name.url)
            problem.repaired = not reason
        except exception.StoreUnavailable as error:
            problem.detail += f'; {error}'
        finally:
            self._leases.release(lease)

    def _reason_to_leave(self, driver, name, wishes):
        """:returns: why bytes are not removed, now that nobody can upload
            to their image meanwhile; or None.
        """
        if self._unreadable:
            return 'there are locations that cannot be read'
        claim = self._inventory.claims([name.image_id])[name.image_id]
        claim.held = False
        if self._is_claimed(driver, name, claim):
            return 'somebody has just taken them'
        if claim.status is None and driver.identifier not in self._known:
            # It may be the wrong database.
            return 'this database knows of nothing in this store'
        if claim.status in _WITH_DATA and not claim.deleted:
            if not any(map(self._is_readable, claim.urls)):
                return 'their image has no other data'
        elif (claim.status in _TRANSIENT and not claim.deleted
                and self._inventory.age(claim.updated_at) < wishes.min_age):
            return 'a Glance may be writing them'
        return None
