# SPDX-License-Identifier: Apache-2.0
"""Options of image data: digests, block sizes, deletion."""
from oslo_config import cfg

GROUP = 'DEFAULT'

OPTIONS = [
    cfg.StrOpt(
        'hashing_algorithm', default='sha512',
        help='The secure digest computed over image data and shown as '
             'os_hash_value; any name hashlib knows. Change it before images '
             'exist where you can: old images keep theirs.'),
    cfg.IntOpt(
        'transfer_block_size', default=1024 * 1024, min=64 * 1024,
        help='Bytes moved in one step of an upload or download. Memory per '
             'transfer is about six times this.'),
    cfg.BoolOpt(
        'delayed_delete', default=False,
        help='DELETE leaves image data in the store and the image in status '
             'pending_delete; a scrubber removes both later. Set it to make '
             'deletion quick on slow stores.'),
]
