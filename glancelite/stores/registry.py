# SPDX-License-Identifier: Apache-2.0
"""The stores in use, by identifier; a single store is a multi-store of one.
"""
import os
import types
import urllib.parse

from glancelite import exception
from glancelite.conf import stores as store_options
from glancelite.stores import filesystem
from glancelite.stores import http

#: Our own drivers, by kind.
DRIVERS = {'file': filesystem.FilesystemDriver, 'http': http.HttpDriver}

#: Name of the only store when enabled_backends is unset; never shown.
LEGACY = 'glance_store'

#: Where data is staged for an import; no user may choose it.
STAGING = 'os_glance_staging_store'

#: What names of stores that are not for images begin with.
_RESERVED = 'os_glance_'


class Stores:
    """Drivers built from the options.

    :param conf: the ``ConfigOpts`` of the service.
    :param fetcher: what stores of kind http read through; without it they
        can only be configured.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :raises ConfigurationError: a kind is unknown, or a store is unusable.
    """

    def __init__(self, conf, fetcher=None, threads=None):
        _require_names(conf.enabled_backends or ())
        store_options.register_backends(conf)
        self.multiple = bool(conf.enabled_backends)
        makers = _Makers(conf, fetcher, threads)
        kinds = conf.enabled_backends or _legacy(conf)
        self._drivers = {identifier: makers.driver(identifier, kind)
                         for identifier, kind in kinds.items()}
        self._default = _default(conf, self._drivers)
        self.staging = _staging(conf)
        _require_apart([*self, self.staging])
        for driver in self._drivers.values():
            driver.check()

    @property
    def default(self):
        """:returns: the driver that takes uploads that name no store."""
        return self._drivers[self._default]

    def owning(self, url):
        """:returns: the driver in whose kind of store ``url`` lies, or None.
        """
        return next((driver for driver in self if driver.owns(url)), None)

    @property
    def identifiers(self):
        """:returns: identifiers in the order of the configuration."""
        return list(self._drivers)

    def __iter__(self):
        return iter(self._drivers.values())

    def named(self, identifier=None):
        """:returns: the driver named, or the default one.

        :raises UnknownStore: when there is none of that name.
        """
        if identifier is None or not self.multiple:
            return self.default
        driver = self._drivers.get(identifier)
        if driver is None:
            raise exception.UnknownStore(store=identifier)
        return driver

    def writable(self, identifier=None):
        """:returns: the driver named, or the default one, for an upload.

        :raises UnknownStore: when there is none of that name.
        :raises StoreReadOnly: it takes no uploads.
        """
        driver = self.named(identifier)
        if not driver.writable:
            raise exception.StoreReadOnly(store=identifier)
        return driver

    def internal(self, identifier):
        """:returns: the driver of ``identifier``, the staging area too.

        :raises UnknownStore: the configuration has none any more.
        """
        if identifier == STAGING:
            return self.staging
        driver = self._drivers.get(identifier)
        if driver is None:
            raise exception.UnknownStore(store=identifier)
        return driver

    def target(self, identifier):
        """:returns: the driver named, as one that an import writes to.

        :raises StoreMissing: there is none of that name.
        :raises StoreReadOnly: it only reads.
        """
        driver = self._drivers.get(identifier)
        if driver is None:
            raise exception.StoreMissing(store=identifier)
        if not driver.writable:
            raise exception.StoreReadOnly(store=identifier)
        return driver

    def require(self, identifiers):
        """Readers may name only what the configuration does.

        :raises SingleStore: there are no stores to choose from.
        :raises StoreNotConfigured: there is none of one of the names.
        """
        if not self.multiple:
            raise exception.SingleStore()
        for identifier in identifiers:
            if identifier not in self._drivers:
                raise exception.StoreNotConfigured(store=identifier)

    def holding(self, location):
        """:returns: the driver whose store holds ``location``.

        :raises DataMissing: when no store in use does.
        """
        named = self._drivers.get(location.metadata.get('store'))
        if named and named.owns(location.url):
            return named
        driver = self.owning(location.url)
        if driver is None:
            raise exception.DataMissing(image_id='')
        return driver

    def metadata(self, driver, url):
        """:returns: what a new location at ``url`` records."""
        named = {'store': driver.identifier} if self.multiple else {}
        return {**driver.metadata(url), **named}

    def by_weight(self, locations):
        """:returns: ``locations``, greater store weight first, else as is."""
        if len(locations) < 2:
            return list(locations)

        def weight(location):
            driver = self._drivers.get(location.metadata.get('store'))
            return -driver.weight if driver else 0
        return sorted(locations, key=weight)


class _Makers:
    """Makes drivers of every kind."""

    def __init__(self, conf, fetcher, threads):
        self._conf = conf
        self._fetcher = fetcher
        self._threads = threads

    def driver(self, identifier, kind):
        """:returns: a driver for the store ``identifier``.

        :raises ConfigurationError: as of the driver.
        """
        group = identifier if self._conf.enabled_backends else LEGACY
        if kind == 'http':
            return DRIVERS[kind](identifier, self._conf[group],
                                 self._fetcher)
        if kind in DRIVERS:
            return DRIVERS[kind](identifier, self._conf[group])
        # With the libraries a start takes a fifth longer, and some MiB.
        from glancelite.stores import glance_store
        return glance_store.GlanceStoreDriver(
            identifier, self._conf, group, kind, self._threads)


def _require_names(identifiers):
    """:raises ConfigurationError: one is a name of ours."""
    for identifier in identifiers:
        if identifier.startswith(_RESERVED):
            raise exception.ConfigurationError(
                f'enabled_backends: {identifier} begins with {_RESERVED}, as '
                'the stores do that are not for images')


def _require_apart(drivers):
    """Two stores in one directory have one file for both copies of an image.

    :raises ConfigurationError: there are two.
    """
    owners = {}
    for driver in drivers:
        for directory in getattr(driver, 'directories', ()):
            real = os.path.realpath(directory)
            owner = owners.setdefault(real, driver.identifier)
            if owner != driver.identifier:
                raise exception.ConfigurationError(
                    f'Stores {owner} and {driver.identifier} have the same '
                    f'directory, {directory}: to delete the data of an image '
                    'in one would delete it in both')


def _legacy(conf):
    """:returns: the kinds of [glance_store] stores, by identifier.

    :raises ConfigurationError: images would come into a store that only
        reads.
    """
    options = conf.glance_store
    # Glance's files name the scheme of locations, such as swift+https.
    kind = options.default_store.partition('+')[0]
    kind = 'file' if kind == 'filesystem' else kind
    if kind in http.HttpDriver.schemes:
        raise exception.ConfigurationError(
            f'[glance_store] default_store {options.default_store!r}: it is '
            'only read')
    return {LEGACY: kind,
            **{each: each for each in options.stores if each != kind}}


def _staging(conf):
    """:returns: the driver of the staging area; its directory comes later.
    """
    if conf.enabled_backends:
        return filesystem.FilesystemDriver(STAGING, getattr(conf, STAGING))
    path = urllib.parse.urlsplit(conf.node_staging_uri).path
    return filesystem.FilesystemDriver(STAGING, types.SimpleNamespace(
        filesystem_store_datadir=path, filesystem_store_file_perm=0))


def _default(conf, drivers):
    if not conf.enabled_backends:
        return LEGACY
    default = conf.glance_store.default_backend
    if default not in drivers:
        raise exception.ConfigurationError(
            f'[glance_store] default_backend {default!r} is not one of '
            f'{", ".join(drivers)}')
    if not drivers[default].writable:
        raise exception.ConfigurationError(
            f'[glance_store] default_backend {default!r}: a store of kind '
            f'{drivers[default].kind} is only read, and takes no uploads')
    return default
