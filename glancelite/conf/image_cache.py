# SPDX-License-Identifier: Apache-2.0
"""Options of the image cache: copies of images on this host's own disk.

The names are Glance's, but for the last one. Its others, about how the cache
is kept, have nothing to choose here.
"""
from oslo_config import cfg

GROUP = 'DEFAULT'

OPTIONS = [
    cfg.StrOpt(
        'image_cache_dir',
        help='Directory of the image cache, on a disk of this host; all '
             'processes of the host may share it. Unset, there is no cache '
             'and nothing of /v2/cache. Downloads use it with a flavor that '
             'ends in +caching or +cachemanagement.'),
    cfg.IntOpt(
        'image_cache_max_size', default=10 * 1024 ** 3, min=0,
        help='Bytes that the cache may hold. When there are more, the images '
             'that were used least recently go, as soon as another one has '
             'come. What is being written comes on top; an image larger than '
             'this is not cached.'),
    cfg.IntOpt(
        'image_cache_stall_time', default=86400, min=0,
        help='Seconds after which an image that is being written, and has '
             'not grown, is removed from the cache. What a process left that '
             'has died is removed at once.'),
    cfg.IntOpt(
        'image_cache_sweep_interval', default=300, min=1,
        help='Seconds between two looks for what has to go from the cache: '
             'leftovers of crashes, and images that were deleted through '
             'another host. Also how long a queued image waits that could '
             'not be read, until it is tried again.'),
]
