# SPDX-License-Identifier: Apache-2.0
"""Options of leases: how soon a crash is noticed and undone."""
from oslo_config import cfg

GROUP = 'lease'

OPTIONS = [
    cfg.IntOpt(
        'ttl', default=30, min=3,
        help='Seconds after which whoever holds an image in a transient '
             'status counts as crashed unless it says that it lives, which '
             'it does every third of this. Raise it where the database is '
             'out of reach for longer at times.'),
    cfg.IntOpt(
        'sweep_interval', default=15, min=1,
        help='Seconds between looks for leases that have run out. A crash is '
             'undone within ttl and this together.'),
]
