# SPDX-License-Identifier: Apache-2.0
"""Options of signed images. Those of the key manager are castellan's."""
from oslo_config import cfg

GROUP = 'image_signature'

OPTIONS = [
    cfg.ListOpt(
        'trusted_certificates', default=[],
        help='Identifiers, in the key manager, of the certificates that may '
             'have issued the one an image names; that one must then be '
             'valid now, and the chain be whole. Empty, any certificate that '
             'the key manager has is believed, as Glance does: anybody who '
             'can store one there can sign.'),
    cfg.IntOpt(
        'key_manager_timeout', default=20, min=1,
        help='Seconds that the key manager may take to give a certificate. '
             'After that signed images are refused with 503, and it is left '
             'alone for a while. Raise it where it is slow.'),
]
