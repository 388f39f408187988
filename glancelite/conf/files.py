# SPDX-License-Identifier: Apache-2.0
"""Which configuration files a program reads that was named none."""
import os
import pathlib

from oslo_config import cfg

#: Environment variables that Glance's WSGI module reads; either name works.
_DIRECTORY_VARIABLES = ('OS_GLANCELITE_CONFIG_DIR', 'OS_GLANCE_CONFIG_DIR')
_FILES_VARIABLES = ('OS_GLANCELITE_CONFIG_FILES', 'OS_GLANCE_CONFIG_FILES')

#: Looked for in a directory that is named; the last one is where Glance's
#: operators say which URLs may be fetched.
_USUAL_FILES = ('glancelite-api.conf', 'glance-api.conf',
                'glance-image-import.conf')


def usual(environment=os.environ):
    """:returns: paths: what the environment names, or what is in the usual
        places. All programs have them in common.
    """
    named = from_environment(environment)
    if named is not None:
        return named
    return cfg.find_config_files('glancelite', 'glancelite-api')


def from_environment(environment):
    """:returns: paths that the environment names, or None."""
    directory = _first(environment, _DIRECTORY_VARIABLES)
    names = _first(environment, _FILES_VARIABLES)
    if not directory and not names:
        return None
    names = names.split(';') if names else [
        name for name in _USUAL_FILES
        if pathlib.Path(directory, name).exists()]
    return [str(pathlib.Path(directory or '/etc/glance', name))
            for name in names]


def _first(environment, names):
    return next((environment[name] for name in names if environment.get(name)),
                None)
