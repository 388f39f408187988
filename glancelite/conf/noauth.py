# SPDX-License-Identifier: Apache-2.0
"""Options of the pipeline without authentication."""
from oslo_config import cfg

GROUP = 'noauth'

OPTIONS = [
    cfg.StrOpt('user_id', default='admin',
               help='User that every request acts as.'),
    cfg.StrOpt('project_id', default='admin',
               help='Project that every request acts for; it owns the images '
                    'created.'),
    cfg.ListOpt('roles', default=['admin', 'member', 'reader'],
                help='Roles that every request has.'),
    cfg.BoolOpt(
        'allow_remote', default=False,
        help='Serve without authentication on an address that other hosts '
             'reach. Everybody who reaches it is an administrator.'),
]
