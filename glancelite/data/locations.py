# SPDX-License-Identifier: Apache-2.0
"""Locations of an image, added, removed and replaced by a patch.

An edit changes the image in memory; nothing is written, and no byte removed,
before it is saved. Positions are those that callers see: in the order of the
stores' weights.
"""
import contextlib
import hashlib
import json
import re

from oslo_log import log

from glancelite import exception
from glancelite.data import leases
from glancelite.objects import image as image_object
from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)

#: Statuses in which locations may be changed, by what the patch does.
_CHANGEABLE = {'add': ('queued', 'active'), 'replace': ('queued', 'active'),
               'remove': ('active',)}

_POSITION = re.compile('[0-9]{1,9}')
_HEXADECIMAL = re.compile('([0-9A-Fa-f]{2})*')

#: Halves of pairs, which are no text.
_SURROGATE = re.compile('[\ud800-\udfff]')

#: Levels of nesting, and bytes of JSON, that the metadata of one location
#: may have: what every database and client takes.
_DEEPEST = 16
_LONGEST = 65535

_DIGESTS = ('os_hash_algo', 'os_hash_value', 'checksum')


class Locations:
    """Edits the locations of images.

    :param conf: for ``show_multiple_locations`` and ``hashing_algorithm``.
    :param images: the repository of images.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param quota: a :class:`~glancelite.quota.enforcement.Quota`.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param leases: the repository of leases.
    :param remover: a :class:`~glancelite.data.removal.Remover`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, conf, images, stores, quota, holder, leases, remover,
                 threads):
        self.visible = conf.show_multiple_locations
        self.algorithm = conf.hashing_algorithm
        self.images = images
        self.stores = stores
        self.quota = quota
        self.holder = holder
        self.leases = leases
        self.remover = remover
        self.threads = threads

    def edit(self, image):
        """:returns: an :class:`Edit` of ``image``."""
        return Edit(self, image)

    def location(self, url, metadata):
        """:returns: a new location, its store recorded.

        :raises InvalidLocation: no store in use holds it, or the metadata
            is not made of strings, lists and objects.
        """
        driver = self.stores.owning(url)
        if driver is None or not _is_plain(metadata, _DEEPEST):
            raise exception.InvalidLocation()
        metadata = {**metadata, **self.stores.metadata(driver, url)}
        if len(json.dumps(metadata)) > _LONGEST:
            raise exception.InvalidLocation()
        return image_object.Location(url, metadata)

    def size(self, url):
        """:returns: bytes at ``url``, which a caller wants to register.

        :raises InvalidLocation: it may not be registered, or is empty, or
            does not tell its size.
        :raises LocationUnreadable: it cannot be read.
        :raises ImageTooLarge: it is larger than an image may be.
        """
        driver = self.stores.owning(url)
        try:
            self.threads.wait(driver.admit, url)
            size = self.threads.wait(driver.size, url)
        except exception.SizeUnknown:
            raise exception.InvalidLocation() from None
        except (exception.FetchRefused, exception.DataMissing,
                exception.StoreUnavailable):
            raise exception.LocationUnreadable() from None
        if not size:
            raise exception.InvalidLocation()
        return size


class Edit:
    """Changes to the locations of one image, all saved or none."""

    def __init__(self, locations, image):
        self._locations = locations
        self._image = image
        self._sizes = []
        image.locations = locations.stores.by_weight(image.locations)

    def apply(self, change):
        """Apply one patch operation. Raises as add, remove or replace."""
        if change.op == 'add':
            self.add(change.value, change.position)
        elif change.op == 'remove':
            self.remove(change.position)
        else:
            self.replace(change.value)

    def add(self, value, position):
        """Add a location; the first one makes a queued image active.

        :param value: dict of url, metadata, and perhaps validation_data.
        :param position: '-' for the end, or a number in digits.
        :raises LocationsInvisible, LocationStatusConflict: not now.
        :raises DigestConflict: its validation_data contradicts what is
            known, or itself.
        :raises InvalidPosition, InvalidLocation, LocationUnreadable,
            LocationExists, FormatsNotSet: it cannot be added.
        :raises LimitExceeded: the image has as many as it may.
        """
        image = self._image
        self._require_changeable('add', 'add')
        self._record_digests([value])
        index = _index(position, len(image.locations))
        if index is None:
            raise exception.InvalidPosition(action='adding')
        present = [] if image.status == 'queued' else image.locations
        self._locations.quota.require('locations', len(present) + 1)
        added = self._admitted(value, present)
        self._activate()
        image.locations.insert(index, added)

    def remove(self, position):
        """Remove a location.

        :raises LocationsInvisible, LocationStatusConflict: not now.
        :raises LastLocation: it is the only one.
        :raises InvalidPosition: there is none.
        """
        self._require_changeable('remove', 'remove')
        present = self._image.locations
        if len(present) == 1:
            raise exception.LastLocation()
        index = _index(position, len(present) - 1)
        if index is None or _is_beyond(position, len(present)):
            raise exception.InvalidPosition(action='removing')
        del present[index]

    def remove_from(self, store):
        """Remove the location in ``store``; callers need not see any.

        :raises LocationStatusConflict: the image is not active.
        :raises LastLocation: the image has only one, in whatever store.
        :raises NotInStore: it has none there.
        """
        self._require_status('remove')
        present = self._image.locations
        left = [location for location in present
                if location.metadata.get('store') != store]
        if not left or len(present) == 1:
            raise exception.LastLocation()
        if len(left) == len(present):
            raise exception.NotInStore(image_id=self._image.id, store=store)
        present[:] = left

    def replace(self, values):
        """Set the locations of a queued image; order and metadata of others.

        :raises NoLocations: ``values`` is empty.
        :raises LocationsPresent: the image has locations at other URLs.
        :raises: as :meth:`add`, but for the position.
        """
        self._require_changeable('update', 'replace')
        self._record_digests(values)
        if self._image.status == 'active':
            return self._describe_anew(values)
        self._locations.quota.require('locations', len(values))
        added = []
        for value in values:
            try:
                added.append(self._admitted(value, added))
            except exception.LocationUnreadable:
                raise exception.InvalidLocation() from None
        self._activate()
        self._image.locations = added

    def save(self, context, maxima=None):
        """Store every change of the image, then remove what is to go.

        :param maxima: as of the repository's ``save``.
        :raises ImageChanged: somebody else changed it meanwhile.
        :raises QuotaExceeded: there is no room for what was added.
        :raises ImageInUse: something in a store is made of what is to go.
        """
        self._locations.remover.require_unused(
            self._image, self._image.changes().removed_locations)
        lease = self._removal()
        reservations = []
        with contextlib.ExitStack() as stack:
            for size in self._sizes:
                claim = stack.enter_context(self._locations.quota.reserve_copy(
                    context, self._image, size))
                reservations += claim.reservations
            leases.after_import(
                self._image, self._locations.images.save,
                context, self._image, acquire=lease,
                reservations=reservations, maxima=maxima, permitted=True)
        if lease:
            self._finish(lease)

    def _finish(self, lease):
        """The record is right already; what fails here is done later."""
        try:
            with self._locations.holder.holding(lease):
                self._locations.remover.remove_copies(lease)
                self._locations.leases.release(lease)
        except Exception:
            LOG.exception('Image %s: the data of a removed location is not '
                          'deleted yet', self._image.id)

    def _removal(self):
        """:returns: a lease for the data to remove, None without any."""
        stores = self._locations.stores
        urls = [[each.url, each.metadata.get('store')]
                for each in self._image.changes().removed_locations
                if getattr(stores.owning(each.url), 'writable', False)]
        if not urls:
            return None
        return lease_object.Lease(self._image.id, lease_object.REMOVE,
                                  {'removed': urls})

    def _require_changeable(self, word, action):
        """``word`` is what the refusal calls it that is called ``action``."""
        if not self._locations.visible:
            raise exception.LocationsInvisible(action=word)
        self._require_status(action)

    def _require_status(self, action):
        if self._image.status not in _CHANGEABLE[action]:
            raise exception.LocationStatusConflict(
                action=action, status=self._image.status)

    def _admitted(self, value, present):
        """:returns: the location ``value``, its size noted."""
        location = self._locations.location(value['url'], value['metadata'])
        if any(each.url == location.url and each.metadata == location.metadata
               for each in present):
            raise exception.LocationExists()
        self._sizes.append(self._locations.size(location.url))
        return location

    def _activate(self):
        """The first location makes a queued image active.

        Locations that a queued image has failed their verification, and go.
        """
        image = self._image
        if image.status != 'queued':
            return
        image.require_formats()
        image.values['size'] = self._sizes[0]
        image.locations = []
        image.move_to('active')

    def _describe_anew(self, values):
        """Change order and metadata of locations that stay what they are."""
        present = list(self._image.locations)
        if sorted(each.url for each in present) != sorted(
                value['url'] for value in values):
            raise exception.LocationsPresent()
        described = []
        for value in values:
            new = self._locations.location(value['url'], value['metadata'])
            former = next(each for each in present if each.url == new.url)
            present.remove(former)
            described.append(image_object.Location(
                new.url, new.metadata, former.status, former.id))
        self._image.locations = described

    def _record_digests(self, values):
        for name, value in _merged(values).items():
            stored = self._image.values[name]
            if stored is not None and stored != value:
                raise exception.DigestConflict(
                    '%(name)s is already set with a different value',
                    name=name)
        given = {name: value for name, value in _merged(values).items()
                 if self._image.values[name] is None}
        if given and self._image.status != 'queued':
            raise exception.DigestConflict(
                "New value(s) for %(names)s may only be provided when image "
                "status is 'queued'", names=', '.join(given))
        if given:
            self._require_digests(**given)
        self._image.values.update(given)

    def _require_digests(self, os_hash_algo=None, os_hash_value='',
                         checksum=''):
        """:raises DigestConflict: they cannot be digests of ours."""
        algorithm = self._locations.algorithm
        if os_hash_algo not in (None, algorithm):
            raise exception.DigestConflict(
                'os_hash_algo must be %(ours)s, not %(given)s',
                ours=algorithm, given=os_hash_algo)
        for name, value in (('os_hash_value', os_hash_value),
                            ('checksum', checksum)):
            if not is_hexadecimal(value):
                raise exception.DigestConflict(
                    '%(name)s (%(value)s) is not a valid hexadecimal value',
                    name=name, value=value)
        size = digest_size(algorithm)
        if os_hash_value and len(os_hash_value) != 2 * size:
            raise exception.DigestConflict(
                'os_hash_value (%(value)s) is not the correct size for '
                '%(algorithm)s (should be %(size)d bytes)',
                value=os_hash_value, algorithm=algorithm, size=size)


def is_hexadecimal(text):
    """:returns: whether ``text`` is bytes in hexadecimal digits."""
    return _HEXADECIMAL.fullmatch(text) is not None


def digest_size(algorithm):
    """:returns: bytes of a digest by ``algorithm``."""
    return hashlib.new(algorithm, usedforsecurity=False).digest_size


def _merged(values):
    """:returns: the digests that ``values`` name together.

    :raises DigestConflict: they name different ones.
    """
    merged = {}
    for value in values:
        data = value.get('validation_data') or {}
        for name in _DIGESTS:
            if merged.setdefault(name, data.get(name)) is None:
                merged[name] = data.get(name)
            elif data.get(name) not in (None, merged[name]):
                raise exception.DigestConflict(
                    'Conflicting values for %(name)s', name=name)
    return {name: value for name, value in merged.items()
            if value is not None}


def _index(position, last):
    """:returns: an index of at most ``last``; None when it is none."""
    if position == '-':
        return last
    if not _POSITION.fullmatch(position):
        return None
    return min(int(position), last)


def _is_beyond(position, count):
    return position != '-' and int(position) >= count


def _is_plain(value, levels):
    """:returns: whether ``value`` is made of strings, lists and objects."""
    if isinstance(value, str):
        return not _SURROGATE.search(value)
    if not levels:
        return False
    if isinstance(value, dict):
        return all(_is_plain(each, levels - 1)
                   for pair in value.items() for each in pair)
    return isinstance(value, list) and all(
        _is_plain(each, levels - 1) for each in value)
