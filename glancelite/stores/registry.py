# SPDX-License-Identifier: Apache-2.0
"""The stores in use, by identifier; a single store is a multi-store of one.
"""
from glancelite import exception
from glancelite.conf import stores as store_options
from glancelite.stores import filesystem

DRIVERS = {'file': filesystem.FilesystemDriver}

#: Name of the only store when enabled_backends is unset; never shown.
LEGACY = 'glance_store'


class Stores:
    """Drivers built from the options.

    :param conf: the ``ConfigOpts`` of the service.
    :raises ConfigurationError: a kind is unknown, or a store is unusable.
    """

    def __init__(self, conf):
        store_options.register_backends(conf)
        self.multiple = bool(conf.enabled_backends)
        backends = conf.enabled_backends or {LEGACY: 'file'}
        self._drivers = {
            identifier: _driver(conf, identifier, kind)
            for identifier, kind in backends.items()}
        self._default = _default(conf, self._drivers)
        for driver in self._drivers.values():
            driver.check()

    @property
    def default(self):
        """:returns: the driver that takes uploads that name no store."""
        return self._drivers[self._default]

    @property
    def identifiers(self):
        """:returns: identifiers in the order of the configuration."""
        return list(self._drivers)

    def __iter__(self):
        return iter(self._drivers.values())

    def writable(self, identifier=None):
        """:returns: the driver named, or the default one, for an upload.

        :raises UnknownStore: when there is none of that name.
        """
        driver = (self._drivers.get(identifier) if identifier and self.multiple
                  else self.default)
        if driver is None or not driver.writable:
            raise exception.UnknownStore(store=identifier)
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
        for driver in self._drivers.values():
            if driver.owns(location.url):
                return driver
        raise exception.DataMissing(image_id='')

    def metadata(self, driver):
        """:returns: what a new location in ``driver``'s store records."""
        return {'store': driver.identifier} if self.multiple else {}

    def by_weight(self, locations):
        """:returns: ``locations``, greater store weight first, else as is."""
        def weight(location):
            driver = self._drivers.get(location.metadata.get('store'))
            return -driver.weight if driver else 0
        return sorted(locations, key=weight)


def _driver(conf, identifier, kind):
    if kind not in DRIVERS:
        raise exception.ConfigurationError(
            f'Store {identifier}: kind {kind!r} is not one of '
            f'{", ".join(sorted(DRIVERS))}')
    return DRIVERS[kind](identifier, getattr(conf, identifier))


def _default(conf, drivers):
    if not conf.enabled_backends:
        return LEGACY
    default = conf.glance_store.default_backend
    if default not in drivers:
        raise exception.ConfigurationError(
            f'[glance_store] default_backend {default!r} is not one of '
            f'{", ".join(drivers)}')
    return default
