# SPDX-License-Identifier: Apache-2.0
"""Options, one module a group; no object of this package is global state.

Every module names its ``GROUP`` and its ``OPTIONS``.
"""
import itertools

from oslo_config import cfg
from oslo_db import options as db_options
from oslo_log import log
from oslo_middleware import cors
from oslo_middleware import http_proxy_to_wsgi
from oslo_policy import opts as policy_opts
from oslo_reports import opts as report_opts

from glancelite.conf import api
from glancelite.conf import data
from glancelite.conf import fetch
from glancelite.conf import glance_download
from glancelite.conf import http_basic
from glancelite.conf import image_cache
from glancelite.conf import image_conversion
from glancelite.conf import image_decompression
from glancelite.conf import image_format
from glancelite.conf import image_signature
from glancelite.conf import import_filtering
from glancelite.conf import import_plugins
from glancelite.conf import imports
from glancelite.conf import inject_metadata
from glancelite.conf import lease
from glancelite.conf import locations
from glancelite.conf import noauth
from glancelite.conf import notifications
from glancelite.conf import paste_deploy
from glancelite.conf import quota
from glancelite.conf import server
from glancelite.conf import stores
from glancelite.conf import task

_MODULES = (api, data, quota, server, image_format, paste_deploy, stores,
            noauth, http_basic, lease, import_filtering, fetch,
            locations, imports, task, notifications, import_plugins,
            inject_metadata, image_decompression, image_conversion,
            glance_download, image_signature, image_cache)

#: What Glance's own code sets for CORS, so that browsers see the same.
_CORS_EXPOSED = ['X-Image-Meta-Checksum', 'X-Auth-Token', 'X-Subject-Token',
                 'X-Service-Token', 'X-OpenStack-Request-ID']
_CORS_ALLOWED = ['Content-MD5', 'X-Image-Meta-Checksum',
                 'X-Storage-Token', 'Accept-Encoding', 'X-Auth-Token',
                 'X-Identity-Status', 'X-Roles', 'X-Service-Catalog',
                 'X-User-Id', 'X-Tenant-Id', 'X-OpenStack-Request-ID']
_CORS_METHODS = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH']

#: What uploads in parts need besides. Browsers ask before a HEAD too.
_CORS_EXPOSED += ['Location', 'Upload-Complete', 'Upload-Length',
                  'Upload-Limit', 'Upload-Offset', 'Repr-Digest']
_CORS_ALLOWED += ['Upload-Complete', 'Upload-Length', 'Upload-Offset',
                  'Content-Digest', 'Repr-Digest']
_CORS_METHODS += ['HEAD']


def register_opts(conf):
    """Register our options and those of the libraries on ``conf``."""
    for module in _MODULES:
        conf.register_opts(module.OPTIONS, group=_group(module.GROUP))
    log.register_options(conf)
    conf.register_opts(db_options.database_opts, group='database')
    for group, options in policy_opts.list_opts():
        conf.register_opts(options, group=_group(group))
    conf.register_opts(http_proxy_to_wsgi.OPTS, group='oslo_middleware')
    conf.register_opts(stores.LEGACY_OPTIONS, group='glance_store')
    for group, options in report_opts.list_opts():
        conf.register_opts(options, group=group)
    set_defaults()


def set_defaults():
    """Let options of libraries be by default what they are in Glance.

    oslo-config-generator calls it before it asks any library for options.
    """
    cors.set_defaults(allow_headers=_CORS_ALLOWED,
                      expose_headers=_CORS_EXPOSED,
                      allow_methods=_CORS_METHODS)


def _group(name):
    """oslo.config calls the default group None."""
    return None if name == 'DEFAULT' else name


def list_opts():
    """For oslo-config-generator: our (group, options) pairs."""
    pairs = [(module.GROUP, module.OPTIONS) for module in _MODULES]
    pairs.append(('glance_store', stores.LEGACY_OPTIONS))
    pairs.append(('example_store', stores.BACKEND_OPTIONS))
    grouped = {}
    for group, options in pairs:
        grouped.setdefault(group, []).append(options)
    return [(group, list(itertools.chain(*parts)))
            for group, parts in grouped.items()]


def new():
    """:returns: a fresh ``ConfigOpts`` with every option registered."""
    conf = cfg.ConfigOpts()
    register_opts(conf)
    return conf
