# SPDX-License-Identifier: Apache-2.0
"""Loads a driver of the glance_store library, its options registered."""
import importlib
import importlib.util
import logging

from glancelite import exception
from glancelite.stores import kinds

#: What these say has the URLs and the credentials of the stores in it.
_TALKATIVE = ('glance_store', 'swiftclient', 'boto3', 'botocore',
              'cinderclient', 'keystoneauth', 'os_brick', 'oslo.privsep',
              'oslo_privsep', 'oslo.service', 'oslo_service', 'oslo.vmware',
              'oslo_vmware', 'suds')


def load(identifier, conf, group, kind, threads):
    """:returns: the :class:`~glancelite.stores.kinds.Kind` of a store.

    :param identifier: of the store.
    :param conf: the ``ConfigOpts`` of the service.
    :param group: the section with the options of the store.
    :param kind: what enabled_backends calls this kind of store.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :raises ConfigurationError: there is no such kind, or not what it needs.
    """
    found = _found(identifier, kind, threads)
    for module in _TALKATIVE:
        logging.getLogger(module).setLevel(logging.CRITICAL)
    try:
        store_class = found.prepare(conf).Store
        _register(conf, group, found, store_class)
        found.require(lambda name: conf[group][name]
                      or conf.backend_defaults[name])
    except kinds.Unset as unset:
        raise exception.ConfigurationError(
            f'Store {identifier}: {unset} is not set') from None
    try:
        return found(store_class(conf, backend=group), identifier)
    except Exception:
        raise exception.ConfigurationError(
            f'Store {identifier}: the library refuses its options') from None


def _found(identifier, kind, threads):
    """:returns: the class of a kind of store.

    :raises ConfigurationError: this process cannot serve it.
    """
    if kind not in kinds.KINDS:
        raise exception.ConfigurationError(
            f'Store {identifier}: kind {kind!r} is not one of file, http, '
            f'{", ".join(kinds.KINDS)}')
    found = kinds.KINDS[kind]
    if found.native and threads and not threads.native:
        raise exception.ConfigurationError(
            f'Store {identifier}: a store of kind {kind} is not served by '
            'glancelite-api, but by any other server: Apache, uWSGI, gunicorn')
    for module in ('glance_store', *found.modules):
        if importlib.util.find_spec(module) is None:
            raise exception.ConfigurationError(
                f'Store {identifier}: a store of kind {kind} needs the '
                f'Python module {module}, which is not installed')
    return found


def _register(conf, group, found, store_class):
    """:raises ConfigurationError: an option is set that cannot be kept."""
    for section in (group, 'backend_defaults'):
        conf.register_opts(store_class.OPTIONS, group=section)
        for name in found.refused:
            if conf[section][name]:
                raise exception.ConfigurationError(
                    f'[{section}] {name} is not supported')
    base = importlib.import_module('glance_store.driver')
    conf.register_opts(base.Store.MULTI_BACKEND_OPTIONS, group=group)
