# SPDX-License-Identifier: Apache-2.0
"""Factories that a Paste file of Glance is read with.

Glance puts its filters together otherwise; see ``deploy``.
"""
import functools

from oslo_log import log

from glancelite import exception
from glancelite import service as service_module
from glancelite.api.middleware import content_type
from glancelite.api.middleware import context
from glancelite.api.middleware import request_body
from glancelite.api.middleware import request_id
from glancelite.api.middleware import request_log
from glancelite.api.middleware import version_negotiation

LOG = log.getLogger(__name__)


def pipeline_factory(loader, global_conf, **local_conf):
    """For Paste: the pipeline that the flavor names, as Glance has it."""
    flavor = service_module.current().conf.paste_deploy.flavor or 'default'
    try:
        *filters, application = local_conf[flavor].split()
    except KeyError:
        raise exception.ConfigurationError(
            f'[paste_deploy] flavor {flavor}: the Paste file has no such '
            'pipeline') from None
    built = loader.get_app(application, global_conf=global_conf)
    for name in reversed(filters):
        built = loader.get_filter(name, global_conf=global_conf)(built)
    return built


def _several(*factories):
    """:returns: a filter factory that puts filters one into another."""
    def factory(global_conf, **local_conf):
        filters = [each(global_conf, **local_conf) for each in factories]
        return lambda application: functools.reduce(
            lambda built, each: each(built), reversed(filters), application)
    return factory


def cache_factory(global_conf, **local_conf):
    """For Paste: downloads use the image cache, in another place."""
    service_module.current().cache.serve()
    return _passing


def cache_manage_factory(global_conf, **local_conf):
    """For Paste: nothing; calls on the cache are the application's."""
    return _passing


def _passing(application):
    return application


def _absent(what):
    """:returns: a filter factory that leaves requests alone, and says so."""
    def factory(global_conf, **local_conf):
        LOG.warning('The Paste file names %s, which is not here; requests '
                    'go past it', what)
        return _passing
    return factory


#: Whatever Glance does in another place comes with the filter beside which it
#: has to stand.
negotiation_factory = _several(
    request_id.filter_factory, request_log.filter_factory,
    request_body.filter_factory, version_negotiation.filter_factory)
context_factory = _several(
    context.context_factory, content_type.filter_factory)
noauth_factory = _several(
    context.noauth_factory, context.context_factory,
    content_type.filter_factory)
gzip_factory = _absent('compression')
