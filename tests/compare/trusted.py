# SPDX-License-Identifier: Apache-2.0
"""A Glance that believes the identity headers of a request, and fetches from
this machine: what is the same in its configuration wherever it is started.
"""
import re

_IMPORT = '''[import_filtering_opts]
allowed_hosts = [127.0.0.1,localhost]
allowed_ports = []
[image_import_opts]
image_import_plugins = []
'''
_PASTE = '''
[composite:glance-api-trusted]
paste.composite_factory = glance.api:root_app_factory
/: api
/healthcheck: healthcheck
'''


def write(environment, directory):
    """Write Glance's Paste file, with a flavor called trusted, and the file
    about imports.

    :param environment: path of the virtual environment with Glance.
    :param directory: path of the directory of ``glance-api.conf``.
    """
    paste = (environment / 'etc' / 'glance' / 'glance-api-paste.ini')
    (directory / 'glance-api-paste.ini').write_text(re.sub(
        r'(?m)^keystone(.*)= (.*) authtoken (.*)$',
        r'\g<0>\ntrusted\1= \2 \3', paste.read_text()) + _PASTE)
    (directory / 'glance-image-import.conf').write_text(_IMPORT)
