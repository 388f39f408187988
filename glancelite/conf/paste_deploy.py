# SPDX-License-Identifier: Apache-2.0
"""Options that choose the Paste pipeline."""
from oslo_config import cfg

GROUP = 'paste_deploy'

OPTIONS = [
    cfg.StrOpt(
        'flavor',
        help='The pipeline to serve: unset for no authentication, '
             'http_basic, or keystone; any other name selects the section '
             'glancelite-api-NAME of the paste file. With +caching or '
             '+cachemanagement at its end (or as the whole of it, without '
             'authentication) downloads use the image cache; this needs '
             'image_cache_dir.'),
    cfg.StrOpt(
        'config_file', default='glancelite-api-paste.ini',
        help='The paste file; a relative name is looked for beside the '
             'configuration files, then where the package installed its own.'),
]
