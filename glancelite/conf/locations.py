# SPDX-License-Identifier: Apache-2.0
"""Options of locations that other services and owners register."""
from oslo_config import cfg

GROUP = 'DEFAULT'

OPTIONS = [
    cfg.StrOpt(
        'metadata_encryption_key', secret=True,
        help='Key that URLs of image data are encrypted with in the '
             'database, 16, 24 or 32 bytes of UTF-8. Set it where Glance '
             'has had it, to the same value, or the data of its images '
             'cannot be found. URLs that the database has as they are '
             'stay so, and can be read. By default none is encrypted.'),
    cfg.BoolOpt(
        'do_secure_hash', default=True,
        help='Read data that is registered by POST '
             '/v2/images/{image_id}/locations once, after the answer, to '
             'record its checksum and its digest, and to compare them with '
             'the ones the request names. Off, digests that the request '
             'names are recorded unseen, and without them the image has '
             'none, so it cannot be verified or cached.'),
    cfg.IntOpt(
        'http_retries', default=3, min=0,
        help='Times that reading registered data is tried again when it '
             'fails, before the image stays without a digest.'),
    cfg.IntOpt(
        'location_digest_workers', default=2, min=1,
        help='Registered data sets read side by side in one process to '
             'compute their digests; more wait their turn. Each keeps one '
             'connection busy, and about one processor core.'),
]
