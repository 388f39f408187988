# SPDX-License-Identifier: Apache-2.0
"""From configuration to WSGI application: files, logging, Paste pipeline."""
import functools
import importlib
import os

from oslo_log import log
from paste.deploy import loadwsgi

from glancelite import conf as conf_package
from glancelite import exception
from glancelite import logs
from glancelite import reports
from glancelite import service as service_module
from glancelite.conf import files as conf_files
from glancelite.conf import of_glance

#: Set by servers that fork once they have loaded the application.
_PRELOADED = 'GLANCELITE_PRELOADED'

#: What is loaded with the first request that wants it, and so by each child
#: of a process that does not load it ahead.
_POSTPONED = ('glancelite.data.formats', 'jsonschema')

_APPLICATION = 'glancelite-api'

LOG = log.getLogger(__name__)

#: Ends of flavors, which are Glance's, that switch the image cache on.
_CACHE_FLAVORS = ('caching', 'cachemanagement')

_OF_GLANCE = 'glancelite.api.middleware.of_glance'
_LIBRARY = 'glancelite.api.middleware.library'

#: What each factory in a Paste file of Glance is called here.
_NAMES = {
    'glance.api:root_app_factory': 'paste.urlmap:urlmap_factory',
    'glance.api:pipeline_factory': f'{_OF_GLANCE}:pipeline_factory',
    'glance.api.versions:create_resource':
        'glancelite.api.versions:app_factory',
    'glance.api.v2.router:API.factory':
        'glancelite.api.v2.router:app_factory',
    'glance.api.middleware.version_negotiation:'
    'VersionNegotiationFilter.factory': f'{_OF_GLANCE}:negotiation_factory',
    'glance.api.middleware.context:ContextMiddleware.factory':
        f'{_OF_GLANCE}:context_factory',
    'glance.api.middleware.context:UnauthenticatedContextMiddleware.factory':
        f'{_OF_GLANCE}:noauth_factory',
    'glance.api.middleware.cache:CacheFilter.factory':
        f'{_OF_GLANCE}:cache_factory',
    'glance.api.middleware.cache_manage:CacheManageFilter.factory':
        f'{_OF_GLANCE}:cache_manage_factory',
    'glance.api.middleware.gzip:GzipMiddleware.factory':
        f'{_OF_GLANCE}:gzip_factory',
    'keystonemiddleware.auth_token:filter_factory':
        f'{_LIBRARY}:authtoken_factory',
    'osprofiler.web:WsgiMiddleware.factory': f'{_LIBRARY}:profiler_factory',
    'oslo_middleware.cors:filter_factory': f'{_LIBRARY}:cors_factory',
    'oslo_middleware:CORS.factory': f'{_LIBRARY}:cors_factory',
    'oslo_middleware:HTTPProxyToWSGI.factory':
        f'{_LIBRARY}:http_proxy_to_wsgi_factory',
    'oslo_middleware.http_proxy_to_wsgi:HTTPProxyToWSGI.factory':
        f'{_LIBRARY}:http_proxy_to_wsgi_factory',
    'oslo_middleware:Healthcheck.app_factory':
        f'{_LIBRARY}:healthcheck_factory',
}


def load_conf(arguments=(), files=None, name=_APPLICATION):
    """:returns: a ``ConfigOpts`` filled from files and arguments.

    :param arguments: command line arguments, without the program's name.
    :param files: configuration files, instead of the usual ones.
    :param name: of the program.
    """
    conf = conf_package.new()
    log.set_defaults(default_log_levels=[
        *log.get_default_log_levels(), 'alembic=WARN'])
    conf(args=list(arguments), project='glancelite', prog=name,
         default_config_files=(
             conf_files.usual() if files is None else files))
    logs.begin(conf, name)
    without_effect = of_glance.ignored(conf)
    if without_effect:
        LOG.warning('Options that only Glance has, without effect here: %s; '
                    '"glancelite-manage config diff FILE" tells more',
                    ', '.join(without_effect))
    return conf


def server_forks(environment=os.environ):
    """:returns: whether requests are served by children of this process."""
    return bool(environment.get(_PRELOADED))


def load_app(conf, threads=None, forks=False):
    """:returns: the WSGI application that ``conf`` describes.

    :param threads: how blocking work is done; native threads by default.
    :param forks: whether this process only forks those that serve.
    :raises ConfigurationError: the configuration cannot be served.
    """
    service = service_module.start(conf, threads, forks=forks)
    if forks:
        for name in _POSTPONED:
            importlib.import_module(name)
        os.register_at_fork(after_in_child=functools.partial(
            reports.on_touch, conf, _APPLICATION))
    else:
        reports.on_touch(conf, _APPLICATION)
    try:
        return application_of(service)
    except BaseException:
        service.stop()
        raise


def application_of(service):
    """:returns: the WSGI application of a service, by its flavor.

    :raises ConfigurationError: the Paste file has no usable pipeline.
    """
    path = _paste_file(service.conf)
    flavor = service.conf.paste_deploy.flavor or ''
    if _without_cache(flavor) != flavor:
        service.cache.serve()
    with service_module.building(service):
        name = _APPLICATION
        try:
            loader = Loader(path)
            name = loader.application(name, flavor)
            application = loader.get_app(name)
        except LookupError as error:
            raise exception.ConfigurationError(
                f'{path}: no usable section for {name}: {error}') from None
    service.serve()
    return application


class Loader(loadwsgi.ConfigLoader):
    """Reads a Paste file; Glance's, too, which operators have edited.

    Each of its factories is replaced by one of ours.

    :ivar translated: whether it is one of Glance's.
    :raises ConfigurationError: it names one that there is not here.
    """

    def __init__(self, path):
        super().__init__(path)
        names = [(section, option)
                 for section in self.parser.sections()
                 for option in self.parser.options(section)
                 if option.startswith('paste.')
                 and option.endswith('_factory')]
        factories = {pair: self.parser.get(*pair).strip() for pair in names}
        self.translated = any(name.startswith('glance.')
                              for name in factories.values())
        if not self.translated:
            return
        for (section, option), name in factories.items():
            if name in _NAMES:
                self.parser.set(section, option, _NAMES[name])
            elif name.startswith('glance.'):
                raise exception.ConfigurationError(
                    f'{path}: [{section}] {name} is not here')

    def application(self, name, flavor):
        """:returns: the name of the section to begin with.

        :param name: of the section without a flavor, if the file is ours.
        """
        if self.translated:
            name = 'glance-api'
        if not flavor or self._has(f'{name}-{flavor}'):
            return f'{name}-{flavor}' if flavor else name
        bare = _without_cache(flavor)
        return f'{name}-{bare}' if bare else name

    def _has(self, name):
        return any(section.partition(':')[2] == name
                   for section in self.parser.sections())


def authenticates(conf):
    """:returns: whether the flavor is one that asks who it is."""
    return bool(_without_cache(conf.paste_deploy.flavor or ''))


def _without_cache(flavor):
    bare, _, last = flavor.rpartition('+')
    return bare if last in _CACHE_FLAVORS else flavor


def _paste_file(conf):
    name = conf.paste_deploy.config_file
    path = service_module.find_file(conf, name)
    if path is None:
        raise exception.ConfigurationError(
            f'[paste_deploy] config_file {name} was not found')
    return path
