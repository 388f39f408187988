# SPDX-License-Identifier: Apache-2.0
"""fsck: whether the database and the stores agree, and how to make them.

Both change while they are compared. So whatever looks wrong is looked at a
second time, and what is repaired is repaired under a lease, which keeps
uploads and deletions away. What is younger than a given age is not touched:
a Glance on the same database has no leases that would tell what it is doing.
"""
import contextlib
import hashlib

from glancelite import context as context_module
from glancelite import exception
from glancelite.data import leftovers
from glancelite.data import streams
from glancelite.objects import consistency
from glancelite.objects import image as image_object
from glancelite.objects import import_request
from glancelite.objects import lease as lease_object

_WITH_DATA = ('active', 'deactivated')


class Checker:
    """Compares the database with the stores.

    :param inventory: the repository of what ought to be in the stores.
    :param images: the repository of images.
    :param leases: the repository of leases; they should hold for long, since
        nobody undoes what a check was about.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param progress: a :class:`~glancelite.objects.consistency.Progress`.
    :param block_size: bytes a read.
    :param host: who we are, where each host has its own staging area.
    """

    def __init__(self, inventory, images, leases, stores, progress,
                 block_size, host=None):
        self._host = host
        self._inventory = inventory
        self._images = images
        self._leases = leases
        self._stores = stores
        self._progress = progress
        self._block_size = block_size
        self._leftovers = leftovers.Leftovers(
            inventory, leases, stores, progress)

    def run(self, wishes):
        """Yield every problem, repaired if so wished.

        :param wishes: a :class:`~glancelite.objects.consistency.Wishes`.
        :raises UnknownStore: there is none of the name wished for.
        """
        if wishes.store:
            self._stores.internal(wishes.store)
        yield from self._check_records(wishes)
        if not wishes.store:
            yield from self._check_statuses(wishes)
        yield from self._leftovers.find(wishes)

    def unlisted(self, wishes):
        """:returns: identifiers of stores where bytes that no record names
            cannot be looked for.
        """
        return self._leftovers.unlisted(wishes)

    def _check_records(self, wishes):
        self._progress.begin('images', self._inventory.count())
        for page in self._inventory.pages(self._inventory.records):
            for record in page:
                found = list(self._look_at(record, wishes))
                if found:
                    # It may have been deleted, or changed, meanwhile.
                    again = self._inventory.record(record.id)
                    if again != record:
                        found = self._look_at(again, wishes) if again else ()
                yield from found
                self._progress.step()

    def _look_at(self, record, wishes):
        if (record.status in _WITH_DATA and not record.locations
                and not wishes.store):
            yield consistency.Problem(
                consistency.NO_LOCATION, record.id,
                detail=f'status {record.status}')
        if record.status == 'uploading':
            yield from self._look_at_staged(record, wishes)
        for url, store in record.locations:
            try:
                driver = self._stores.holding(
                    image_object.Location(url, {'store': store}))
            except exception.DataMissing:
                if wishes.store in (None, store):
                    yield consistency.Problem(
                        consistency.NO_STORE, record.id, store, url,
                        _why_unreadable(url))
                continue
            if wishes.store in (None, driver.identifier):
                yield from self._compare(record, driver, url, wishes)

    def _look_at_staged(self, record, wishes):
        driver = self._stores.staging
        if (wishes.store in (None, driver.identifier)
                and not self._inventory.claims([record.id])[record.id].held
                and self._is_staged_here(record.id)):
            yield from self._compare(record, driver, driver.url(record.id),
                                     wishes)

    def _is_staged_here(self, image_id):
        context = context_module.RequestContext(overwrite=False)
        try:
            image = self._images.get(context, image_id,
                                     check_visibility=False)
        except exception.ImageNotFound:
            return False
        return image.properties.get(
            import_request.STAGE_HOST_PROPERTY) in (None, self._host)

    def _compare(self, record, driver, url, wishes):
        problem = consistency.Problem(
            consistency.MISSING, record.id, driver.identifier, url)
        try:
            size = driver.size(url)
            self._leftovers.note(driver)
            if record.size is not None and size != record.size:
                problem.kind = consistency.WRONG_SIZE
                problem.detail = f'{size} bytes instead of {record.size}'
                yield problem
            elif wishes.verify and (wrong := self._verify(
                    record, driver, url)):
                problem.kind = consistency.WRONG_DIGEST
                problem.detail = wrong
                yield problem
        except exception.DataMissing:
            yield problem
        except exception.SizeUnknown:
            return
        except exception.GlanceliteError as error:
            problem.kind = consistency.UNREADABLE
            problem.detail = str(error)
            yield problem

    def _verify(self, record, driver, url):
        """:returns: what is wrong with the digest, or None."""
        algorithm, expected = record.os_hash_algo, record.os_hash_value
        if not expected or algorithm not in hashlib.algorithms_available:
            algorithm, expected = 'md5', record.checksum
        if not expected:
            return None
        digest = streams.Digest(algorithm)
        with contextlib.closing(driver.open(url)) as file:
            while block := file.read(self._block_size):
                digest.write(block)
                self._progress.step(0, len(block))
        if digest.hexdigest() == expected:
            return None
        return f'{algorithm} is {digest.hexdigest()}'

    def _check_statuses(self, wishes):
        self._progress.begin('statuses')
        for page in self._inventory.pages(self._inventory.stuck):
            for row in page:
                age = self._inventory.age(row.updated_at)
                problem = consistency.Problem(
                    consistency.STUCK, row.id,
                    detail=f'{row.status} for {age:.0f} s')
                if wishes.repair and age >= wishes.min_age:
                    problem.repaired = self._queue(row)
                yield problem
                self._progress.step()

    def _queue(self, row):
        """:returns: whether the image is queued now."""
        lease = lease_object.Lease(row.id, lease_object.CHECK, {})
        try:
            self._inventory.hold(lease)
        except exception.ImageHeld:
            return False
        context = context_module.RequestContext(overwrite=False)
        try:
            image = self._images.get(context, row.id, check_visibility=False)
            self._images.move(context, image, 'queued',
                              from_status=row.status, release=lease)
            return True
        except (exception.ImageNotFound, exception.ImageChanged):
            self._leases.release(lease)
            return False


def _why_unreadable(url):
    return '' if image_object.is_url(url) else (
        'not a URL: see metadata_encryption_key')
