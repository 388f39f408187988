# SPDX-License-Identifier: Apache-2.0
"""Options of HTTP Basic authentication (RFC 7617)."""
from oslo_config import cfg

GROUP = 'http_basic'

OPTIONS = [
    cfg.StrOpt(
        'user_file', default='/etc/glancelite/htpasswd',
        help='File of user:hash lines as "htpasswd -B" writes them; bcrypt '
             'hashes only. It is read again when it changes.'),
    cfg.StrOpt(
        'project_id', default='default',
        help='Project of users that project_map does not name.'),
    cfg.DictOpt(
        'project_map', default={},
        help='Project of each user, as user:project pairs.'),
    cfg.ListOpt(
        'roles', default=['admin', 'member', 'reader'],
        help='Roles of users that role_map does not name.'),
    cfg.DictOpt(
        'role_map', default={},
        help='Roles of each user, as user:roles pairs with the roles joined '
             'by "+": alice:member+reader.'),
    cfg.StrOpt('realm', default='Image service',
               help='Realm named in the WWW-Authenticate header.'),
]
