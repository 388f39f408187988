# SPDX-License-Identifier: Apache-2.0
"""Options of the fetcher: how long it waits, how far it follows."""
from oslo_config import cfg

GROUP = 'fetch'

OPTIONS = [
    cfg.IntOpt(
        'connect_timeout', default=10, min=1,
        help='Seconds to wait for a connection to one address of a host. '
             'Raise it where image sources are far away.'),
    cfg.IntOpt(
        'read_timeout', default=60, min=1,
        help='Seconds to wait for the next bytes of an open connection, and '
             'for the whole head of an answer. Raise it for sources that '
             'prepare their data when asked.'),
    cfg.IntOpt(
        'total_timeout', default=21600, min=1,
        help='Seconds that reading one URL may take in all, however much '
             'arrives. Raise it where large images come over slow lines; a '
             'download by a user counts as long as he takes to read.'),
    cfg.IntOpt(
        'max_redirects', default=5, min=0,
        help='Redirects followed from one URL; each is checked like the URL '
             'itself. 0 follows none.'),
    cfg.StrOpt(
        'ca_file',
        help='File of CA certificates in PEM form that sources on https are '
             'verified with, instead of those of the system. There is no '
             'way to switch verification off.'),
]
