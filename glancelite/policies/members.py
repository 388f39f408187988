# SPDX-License-Identifier: Apache-2.0
"""Rules for the members of shared images."""
from glancelite.policies import roles

_MEMBERS = '/v2/images/{image_id}/members'

RULES = [
    roles.guards('add_member', roles.ADMIN_OR_MEMBER,
                 'Share an image with a project.', f'POST {_MEMBERS}'),
    roles.guards('delete_member', roles.ADMIN_OR_MEMBER,
                 'End sharing an image with a project.',
                 f'DELETE {_MEMBERS}/{{member_id}}'),
    roles.guards('get_member', roles.ADMIN_OR_READER_OF_SHARED,
                 'Show a member of an image.',
                 f'GET {_MEMBERS}/{{member_id}}'),
    roles.guards('get_members', roles.ADMIN_OR_READER_OF_SHARED,
                 'List the members of an image.', f'GET {_MEMBERS}'),
    roles.guards('modify_member',
                 roles.ADMIN +
                 ' or (role:member and project_id:%(member_id)s)',
                 'Accept or reject an image as a member.',
                 f'PUT {_MEMBERS}/{{member_id}}'),
]
