# SPDX-License-Identifier: Apache-2.0
"""Options of the plugin that converts imported images."""
from oslo_config import cfg

GROUP = 'image_conversion'

OPTIONS = [
    cfg.StrOpt(
        'output_format', default='raw', choices=['qcow2', 'raw', 'vmdk'],
        help='The disk_format that imported images are converted to. raw '
             'lets stores such as RBD clone them; qcow2 takes less room.'),
    cfg.IntOpt(
        'address_space', default=1024, min=64,
        help='MiB of address space that qemu-img may use. Raise it when '
             'conversions of sound images fail.'),
    cfg.IntOpt(
        'cpu_time', default=3600, min=1,
        help='Seconds of processor time that one conversion may use. Raise '
             'it for very large images.'),
    cfg.IntOpt(
        'total_timeout', default=21600, min=1,
        help='Seconds that one conversion may take in all, even if it uses '
             'no processor time, because a disk does not answer say. Then '
             'it is killed and the import fails. Raise it for very large '
             'images on slow disks.'),
    cfg.IntOpt(
        'max_size', default=1024, min=1,
        help='GiB that the disk in an image may have, and that the result '
             'may take in the work directory. A small image may hold a huge '
             'disk; keep it below what that file system has free.'),
]
