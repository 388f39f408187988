# SPDX-License-Identifier: Apache-2.0
"""Options of the container and disk formats that images may have."""
from oslo_config import cfg

GROUP = 'image_format'

OPTIONS = [
    cfg.ListOpt(
        'container_formats',
        default=['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker',
                 'compressed'],
        deprecated_opts=[cfg.DeprecatedOpt('container_formats',
                                           group='DEFAULT')],
        help='Values that container_format may have.'),
    cfg.ListOpt(
        'disk_formats',
        default=['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2',
                 'vdi', 'iso', 'ploop'],
        deprecated_opts=[cfg.DeprecatedOpt('disk_formats', group='DEFAULT')],
        help='Values that disk_format may have.'),
    cfg.BoolOpt(
        'require_image_format_match', default=True,
        help='Refuse uploaded data that is not of the disk_format its image '
             'names. Turn it off only while clients that mislabel images are '
             'being mended; what is unsafe is refused in any case. Disks in '
             'containers that wrap them (ovf, ova, docker, compressed) are '
             'not compared.'),
    cfg.ListOpt(
        'vmdk_allowed_types', default=['streamOptimized', 'monolithicSparse'],
        help='Kinds (createType) of VMDK that are taken; with an empty list '
             'no VMDK is. All other kinds name files beside them that a '
             'host would open, and are refused even when they are listed.'),
    cfg.ListOpt(
        'gpt_safety_checks_nonfatal', default=[],
        help='Checks of partition tables that do not count: mbr is the one '
             'there is. Set it only if disks are refused whose master boot '
             'record is odd and yet known to be good.'),
]
