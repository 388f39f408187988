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
    cfg.IntOpt(
        'finish_timeout', default=86400, min=0,
        help='Seconds for which an upload or an import is tried to be '
             'finished whose data is complete, and whose store refuses to '
             'end it. Then the data is removed and the image queued again; a '
             'copy of an image that has data elsewhere fails. And seconds '
             'for which what only one host can do waits for it, where each '
             'has a staging area of its own. Raise it where a store or a '
             'host may be away for longer.'),
]
