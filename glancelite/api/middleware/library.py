# SPDX-License-Identifier: Apache-2.0
"""Filters of the oslo and Keystone libraries, built with our ConfigOpts.

Their own Paste factories look for a global configuration.
"""
from oslo_middleware import cors
from oslo_middleware import healthcheck
from oslo_middleware import http_proxy_to_wsgi
from oslo_middleware import request_id

from glancelite import service as service_module


def cors_factory(global_conf, **local_conf):
    """For Paste: cross-origin requests from browsers."""
    conf = service_module.current().conf
    return lambda application: cors.CORS(application, conf)


def http_proxy_to_wsgi_factory(global_conf, **local_conf):
    """For Paste: the scheme and host that a proxy passes on."""
    conf = service_module.current().conf
    return lambda application: http_proxy_to_wsgi.HTTPProxyToWSGI(
        application, conf)


def request_id_factory(global_conf, **local_conf):
    """For Paste: an id for every request, shown in the answer."""
    return request_id.RequestId


def healthcheck_factory(global_conf, **local_conf):
    """For Paste: the application at /healthcheck."""
    return healthcheck.Healthcheck.app_factory(global_conf, **local_conf)


def authtoken_factory(global_conf, **local_conf):
    """For Paste: tokens verified by Keystone."""
    # Imported where it is used: it loads a client library that only this
    # pipeline needs.
    from keystonemiddleware import auth_token
    conf = service_module.current().conf
    options = {**local_conf, 'oslo_config_config': conf}
    return lambda application: auth_token.AuthProtocol(application, options)
