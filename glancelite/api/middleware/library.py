# SPDX-License-Identifier: Apache-2.0
"""Filters of the oslo and Keystone libraries, built with our ConfigOpts.

Their own Paste factories look for a global configuration. Each takes request
and response apart and puts them together again; where nothing is configured
that it could do, requests go past it.
"""
import socket

from oslo_config import cfg
from oslo_middleware import cors
from oslo_middleware import healthcheck
from oslo_middleware import http_proxy_to_wsgi
from oslo_middleware import opts
from oslo_utils import importutils

from glancelite import exception
from glancelite import service as service_module
from glancelite.conf import peek

#: As keystonemiddleware has it.
_MEMCACHED = cfg.ListOpt('memcached_servers',
                         deprecated_name='memcache_servers')

_PROFILER = cfg.BoolOpt('enabled', default=False)


def cors_factory(global_conf, **local_conf):
    """For Paste: cross-origin requests from browsers."""
    conf = service_module.current().conf

    def build(application):
        built = cors.CORS(application, conf)
        if built.allowed_origins:
            return built
        # Without origins it still answers OPTIONS.
        return lambda environ, start_response: (
            built if environ['REQUEST_METHOD'] == 'OPTIONS'
            else application)(environ, start_response)
    return build


def http_proxy_to_wsgi_factory(global_conf, **local_conf):
    """For Paste: the scheme and host that a proxy passes on."""
    conf = service_module.current().conf

    def build(application):
        built = http_proxy_to_wsgi.HTTPProxyToWSGI(application, conf)
        if conf.oslo_middleware.enable_proxy_headers_parsing:
            return built
        return application
    return build


def healthcheck_factory(global_conf, **local_conf):
    """For Paste: the application at /healthcheck."""
    conf = service_module.current().conf
    # Its own: what the Paste file says is put over what the options say, and
    # another application may have another Paste file.
    own = cfg.ConfigOpts()
    own([], default_config_files=conf.config_file,
        default_config_dirs=conf.config_dir)
    for group, options in opts.list_opts_healthcheck():
        own.register_opts(options, group=group)
    for name, value in local_conf.items():
        own.set_override(name, value, group='healthcheck')
    return healthcheck.Healthcheck(None, own)


def profiler_factory(global_conf, **local_conf):
    """For Paste: traces of requests, where osprofiler is there and wanted."""
    service = service_module.current()
    conf = service.conf
    if not peek.value(conf, 'profiler', _PROFILER):
        return lambda application: application
    # Whoever wants traces installs it; nothing else needs it.
    if not importutils.try_import('osprofiler'):
        raise exception.ConfigurationError(
            '[profiler] enabled needs osprofiler, which is not installed')
    importutils.import_module('osprofiler.opts').set_defaults(conf)
    importutils.import_module('osprofiler.initializer').init_from_conf(
        conf, context={}, project='glancelite', service='api',
        host=socket.gethostname())
    if conf.profiler.trace_sqlalchemy:
        profiler = importutils.import_module('osprofiler.profiler')
        service.database.trace(profiler.get)
    web = importutils.import_module('osprofiler.web')
    return web.WsgiMiddleware.factory(
        global_conf, hmac_keys=conf.profiler.hmac_keys, enabled=True)


def require_memcache(conf):
    """Ask at the start for what the first token would need.

    :raises ConfigurationError: tokens are to be kept in memcached, and there
        is no client of it.
    """
    if (peek.value(conf, 'keystone_authtoken', _MEMCACHED)
            and not importutils.try_import('memcache')):
        raise exception.ConfigurationError(
            '[keystone_authtoken] memcached_servers needs python-memcached, '
            'which is not installed: pip install "glancelite[memcache]"')


def authtoken_factory(global_conf, **local_conf):
    """For Paste: tokens verified by Keystone.

    :raises ConfigurationError: as of :func:`require_memcache`.
    """
    # Imported where it is used: it loads a client library that only this
    # pipeline needs.
    from glancelite.api.middleware import tokens
    conf = service_module.current().conf
    require_memcache(conf)
    options = {**local_conf, 'oslo_config_config': conf}
    return lambda application: tokens.Tokens(application, options)
