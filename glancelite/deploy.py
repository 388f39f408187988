# SPDX-License-Identifier: Apache-2.0
"""From configuration to WSGI application: files, logging, Paste pipeline."""
import os
import pathlib

from oslo_log import log
from paste import deploy

from glancelite import conf as conf_package
from glancelite import exception
from glancelite import service as service_module

#: Environment variables that Glance's WSGI module reads; either name works.
_DIRECTORY_VARIABLES = ('OS_GLANCELITE_CONFIG_DIR', 'OS_GLANCE_CONFIG_DIR')
_FILES_VARIABLES = ('OS_GLANCELITE_CONFIG_FILES', 'OS_GLANCE_CONFIG_FILES')

#: Looked for in a directory that is named; the last one is where Glance's
#: operators say which URLs may be fetched.
_USUAL_FILES = ('glancelite-api.conf', 'glance-api.conf',
                'glance-image-import.conf')

_APPLICATION = 'glancelite-api'


def load_conf(arguments=(), files=None, name=_APPLICATION):
    """:returns: a ``ConfigOpts`` filled from files and arguments.

    :param arguments: command line arguments, without the program's name.
    :param files: configuration files, instead of the usual places.
    """
    conf = conf_package.new()
    log.set_defaults(default_log_levels=[
        *log.get_default_log_levels(), 'alembic=WARN'])
    conf(args=list(arguments), project='glancelite', prog=name,
         default_config_files=files)
    log.setup(conf, 'glancelite')
    return conf


def files_from_environment(environment=os.environ):
    """:returns: the configuration files that the environment names."""
    directory = _first(environment, _DIRECTORY_VARIABLES)
    names = _first(environment, _FILES_VARIABLES)
    if not directory and not names:
        return None
    names = names.split(';') if names else [
        name for name in _USUAL_FILES
        if pathlib.Path(directory, name).exists()]
    return [str(pathlib.Path(directory or '/etc/glance', name))
            for name in names]


def load_app(conf, threads=None):
    """:returns: the WSGI application that ``conf`` describes.

    :param threads: how blocking work is done; native threads by default.
    :raises ConfigurationError: the configuration cannot be served.
    """
    service = service_module.start(conf, threads)
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
    name = _APPLICATION
    if service.conf.paste_deploy.flavor:
        name = f'{name}-{service.conf.paste_deploy.flavor}'
    with service_module.building(service):
        try:
            return deploy.loadapp(f'config:{path}', name=name)
        except LookupError as error:
            raise exception.ConfigurationError(
                f'{path}: no usable section for {name}: {error}') from None


def _paste_file(conf):
    name = conf.paste_deploy.config_file
    path = service_module.find_file(conf, name)
    if path is None:
        raise exception.ConfigurationError(
            f'[paste_deploy] config_file {name} was not found')
    return path


def _first(environment, names):
    return next((environment[name] for name in names if environment.get(name)),
                None)


