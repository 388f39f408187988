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
             'transfer is about five times this.'),
    cfg.StrOpt(
        'sendfile_header', choices=('X-Sendfile', 'X-Accel-Redirect'),
        help='Header by which the HTTP server in front is asked to send a '
             'file of a file store by itself, once the request is '
             'authorized: X-Sendfile for Apache httpd with mod_xsendfile and '
             'for lighttpd, X-Accel-Redirect for nginx. Set it only where '
             'every request passes such a server, which must be able to read '
             'the files: any other one shows their paths to clients, and no '
             'data. By default this service sends all data.'),
    cfg.DictOpt(
        'sendfile_prefixes', default={},
        help='What to write in sendfile_header instead of a directory, as '
             '"DIRECTORY:PREFIX", comma-separated. For nginx each directory '
             'of image files needs one, with the location that nginx serves '
             'it under, such as "/var/lib/glance/images:/_images"; files '
             'elsewhere are sent by this service. Without any, X-Sendfile '
             'has the whole path of every file.'),
    cfg.IntOpt(
        'resumable_upload_ttl', default=24 * 3600, min=1,
        help='Seconds for which a resumable upload waits for the rest of its '
             'data, counted anew whenever some comes. Then what has come is '
             'removed, and the image is queued again. Until then it takes '
             'room in the store and of the quota: lower this where either '
             'is scarce.'),
    cfg.BoolOpt(
        'delayed_delete', default=False,
        help='DELETE leaves image data in the store and the image in status '
             'pending_delete, until "glancelite-manage scrub" removes both. '
             'Set it where that is run now and then.'),
]
