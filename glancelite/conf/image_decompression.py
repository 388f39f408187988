# SPDX-License-Identifier: Apache-2.0
"""Options of the plugin that decompresses imported images."""
from oslo_config import cfg

GROUP = 'image_decompression'

OPTIONS = [
    cfg.IntOpt(
        'max_size', default=1024, min=1,
        help='GiB that compressed data may turn into. A few MiB may hide as '
             'many TiB; keep it below what the stores and the work directory '
             'have free. image_size_cap and the quota of the project hold '
             'besides.'),
    cfg.IntOpt(
        'memory', default=128, min=1,
        help='MiB of memory that decompressing one image may take. Data that '
             'was compressed with a larger dictionary is refused.'),
]
