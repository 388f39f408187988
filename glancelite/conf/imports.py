# SPDX-License-Identifier: Apache-2.0
"""Options of the interoperable image import."""
from oslo_config import cfg
from oslo_config import types

GROUP = 'DEFAULT'

METHODS = ('glance-direct', 'web-download', 'copy-image', 'glance-download')

#: Without those that need another region.
_USUAL = ('glance-direct', 'web-download', 'copy-image')

OPTIONS = [
    cfg.ListOpt(
        'enabled_import_methods', bounds=True,
        item_type=types.String(choices=METHODS, quotes=True),
        default=list(_USUAL),
        help='Ways in which users may import image data; [] for none. '
             'glance-direct takes data that was staged, web-download fetches '
             'a URL that [import_filtering_opts] permits, copy-image copies '
             'an image to further stores, glance-download fetches an image '
             'from the image service of another region that uses the same '
             'Keystone; [import_filtering_opts] has to permit that service '
             'too.'),
    cfg.StrOpt(
        'node_staging_uri', default='file:///tmp/staging/',
        help='Directory that holds staged data until it is imported, when '
             'enabled_backends is unset; otherwise [os_glance_staging_store] '
             'filesystem_store_datadir names it. Put it on storage that '
             'every host of the service shares, and any of them can finish '
             'what another began.'),
    cfg.URIOpt(
        'worker_self_reference_url', schemes=['http', 'https'],
        help='URL at which the other hosts of the service reach this one '
             'directly. Set it, on every host, only where each has a staging '
             'area of its own: imports and deletions of what was staged here '
             'then come to this host. Unset, all hosts share one staging '
             'area, so that the loss of one costs nobody his data.'),
]
