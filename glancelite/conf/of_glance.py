# SPDX-License-Identifier: Apache-2.0
"""An operator's configuration files held against what Glance has, and we.

``glance_options.json`` lists Glance's options with their origin and default;
``tools/dump-glance-options`` makes it. It is read when there is need.
"""
import dataclasses
import functools
import json
import pathlib
import re

from oslo_config import cfg

from glancelite import conf as configuration
from glancelite.conf import stores

_LIST = pathlib.Path(__file__).parent / 'glance_options.json'

#: Libraries that read their options by themselves here as they do in Glance.
_LIBRARIES = ('castellan.', 'keystonemiddleware.', 'oslo.', 'osprofiler')

#: What is oslo.db's, and read by none of its parts that are in use here.
_IDLE = frozenset(('database', name) for name in (
    'asyncio_connection', 'asyncio_slave_connection', 'backend',
    'db_inc_retry_interval', 'db_max_retries', 'db_max_retry_interval',
    'db_retry_interval', 'synchronous_reader', 'use_db_reconnect'))

#: Sections whose auth_type brings options of its own.
_PLUGIN_SECTIONS = ('keystone_authtoken', 'oslo_limit', 'service_user')

_PLUGINS = ('password', 'token', 'v3applicationcredential')

#: Sections in Glance's list that stand for a store of any name.
_STORE_SECTIONS = ('file', 'glance.store.')

#: The one of a kind of glance_store's.
_DRIVERS = 'glance.store.{}.store'

#: Values that are not shown even where an option is not marked as secret.
_TELLING = re.compile(r'://[^/\s]*@|password|secret|token|(^|_)key', re.I)


@dataclasses.dataclass
class Comparison:
    """What becomes of each option that files set.

    :ivar other_values: (name, value, default) where they differ.
    :ivar invalid: (name, reason).
    :ivar ignored: names that Glance has and we do not.
    :ivar unknown: names that neither has.
    :ivar other_defaults: (name, default of Glance, ours) of what the files
        leave unset.
    """

    other_values: list
    invalid: list
    ignored: list
    unknown: list
    other_defaults: list


def ignored(conf):
    """:returns: what the files of a loaded ``conf`` set, and only Glance has.
    """
    stores.register_backends(conf)
    left = [pair for pair in _set(_files(conf)) if not _has(conf, *pair)]
    # Most files have nothing left, and need no list.
    return [_shown(pair) for pair in left if _is_glances(conf, *pair)]


def compare(conf):
    """:returns: the :class:`Comparison` of a loaded ``conf``'s files."""
    stores.register_backends(conf)
    bare = _without_files(conf)
    pairs = _set(_files(conf))
    found = Comparison([], [], [], [], _other_defaults(bare, pairs))
    for pair in pairs:
        if _has(conf, *pair):
            _compare_values(found, pair, conf, bare)
        elif _is_glances(conf, *pair):
            found.ignored.append(_shown(pair))
        elif not (_is_a_librarys(*pair) or _is_of_store(conf, *pair)):
            found.unknown.append(_shown(pair))
    return found


def _without_files(conf):
    """:returns: a ``ConfigOpts`` with the same options, unset."""
    bare = configuration.new()
    bare([], default_config_files=[], default_config_dirs=[])
    bare.set_override('enabled_backends', conf.enabled_backends)
    stores.register_backends(bare)
    bare.clear_override('enabled_backends')
    return bare


def _compare_values(found, pair, conf, bare):
    try:
        value = _value(conf, *pair)
    except (cfg.Error, ValueError) as error:
        found.invalid.append((_shown(pair), str(error)))
        return
    default = _value(bare, *pair)
    if value != default:
        secret = pair[1] in _secrets() or _TELLING.search(
            f'{pair[1]} {value}')
        found.other_values.append((
            _shown(pair), '(not shown)' if secret else _text(value),
            _text(default)))


def _files(conf):
    files = list(conf.config_file or ())
    for folder in conf.config_dir or ():
        files += sorted(map(str, pathlib.Path(folder).glob('*.conf')))
    return files


def _set(files):
    """:returns: (section, option) of everything that the files set."""
    found = {}
    for file in files:
        sections = {}
        cfg.ConfigParser(file, sections).parse()
        for section, options in sections.items():
            for name in options:
                found[section, name.replace('-', '_')] = True
    return list(found)


@functools.cache
def _list():
    return json.loads(_LIST.read_text())


@functools.cache
def _aliases():
    """:returns: our options, (group, name) pairs, by names of before."""
    return {(old.group or group, (old.name or option.name).replace('-', '_')):
            (group, option.dest)
            for group, options in configuration.list_opts()
            for option in options for old in option.deprecated_opts}


@functools.cache
def _secrets():
    return {option.dest for group, options in configuration.list_opts()
            for option in options if option.secret}


def _values(conf, group):
    if group == 'DEFAULT':
        return conf
    return conf[group] if group in conf else {}


def _has(conf, group, name):
    group, name = _aliases().get((group, name), (group, name))
    return (group, name) not in _IDLE and name in _values(conf, group)


def _value(conf, group, name):
    group, name = _aliases().get((group, name), (group, name))
    return _values(conf, group)[name]


def _is_glances(conf, group, name):
    """:returns: whether Glance reads an option, and nobody here does."""
    options = _list()['options']
    if _is_of_store(conf, group, name):
        return False
    if group in stores.RESERVED or group in (conf.enabled_backends or ()):
        return any(name in options[section] for section in options
                   if section.startswith(_STORE_SECTIONS))
    group, name = _current(group, name)
    return name in options.get(group, ()) and not _is_of_library(group, name)


def _is_of_store(conf, group, name):
    """:returns: whether it is one of a store's driver in glance_store."""
    backends = conf.enabled_backends or {}
    kinds = set()
    if group in backends:
        kinds = {backends[group]}
    elif group == 'backend_defaults':
        kinds = set(backends.values())
    elif group == 'glance_store' and not backends:
        options = conf.glance_store
        kinds = {options.default_store.partition('+')[0], *options.stores}
    return any(name in _list()['options'][_DRIVERS.format(
        'vmware_datastore' if kind == 'vmware' else kind)]
        for kind in kinds.intersection(stores.LIBRARY_KINDS))


def _is_a_librarys(group, name):
    """:returns: whether a library reads an option by itself."""
    return _is_of_library(*_current(group, name)) or (
        group in _PLUGIN_SECTIONS and name in _plugin_options())


def _is_of_library(group, name):
    if (group, name) in _IDLE:
        return False
    origin, _default = _list()['options'].get(group, {}).get(name, ('', None))
    return origin.startswith(_LIBRARIES)


def _current(group, name):
    """:returns: (group, option) by the names that Glance has today."""
    renamed = _list()['renamed'].get(f'{group}.{name}')
    return renamed.rsplit('.', 1) if renamed else (group, name)


def _plugin_options():
    """:returns: names of what the usual kinds of credentials need."""
    # Imported where it is wanted: commands ask for it, requests never.
    from keystoneauth1 import loading
    return {'auth_type', 'auth_section'}.union(
        option.dest for name in _PLUGINS
        for option in loading.get_plugin_options(name))


def _other_defaults(bare, pairs):
    found = []
    for group, options in _list()['options'].items():
        for name, (origin, default) in options.items():
            if ((group, name) in pairs or not origin.startswith('glance')
                    or not _has(bare, group, name)):
                continue
            ours = _value(bare, group, name)
            if _text(ours) != _text(default):
                found.append((f'[{group}] {name}', _text(default),
                              _text(ours)))
    return found


def _shown(pair):
    return '[{}] {}'.format(*pair)


def _text(value):
    """:returns: a value as a file would have it."""
    if isinstance(value, (list, tuple)):
        return ','.join(map(str, value))
    if isinstance(value, dict):
        return ','.join(f'{name}:{each}' for name, each in value.items())
    return '' if value is None else str(value).lower() if isinstance(
        value, bool) else str(value)
