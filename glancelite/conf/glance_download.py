# SPDX-License-Identifier: Apache-2.0
"""Options of the import from the image service of another region."""
from oslo_config import cfg
from oslo_config import types

GROUP = 'glance_download_properties'

OPTIONS = [
    cfg.ListOpt(
        'extra_properties', bounds=True, item_type=types.String(quotes=True),
        default=['hw_', 'trait:', 'os_distro', 'os_secure_boot', 'os_type'],
        help='Properties of the image in the other region that its copy gets '
             'as well: all whose names begin with one of these. Names that '
             'begin with os_glance are never among them.'),
]
