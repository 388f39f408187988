# SPDX-License-Identifier: Apache-2.0
"""Who is who: the rules that other rules are made of."""
from oslo_policy import policy

ADMIN = 'rule:context_is_admin'

#: A member of the project that owns the image.
ADMIN_OR_MEMBER = ADMIN + ' or (role:member and project_id:%(project_id)s)'

#: A reader of the project that owns the image.
ADMIN_OR_READER = ADMIN + ' or (role:reader and project_id:%(project_id)s)'

#: The ways an image can be open to a project other than its owner.
_SEEN = ("(project_id:%(project_id)s or project_id:%(member_id)s or "
         "'community':%(visibility)s or 'public':%(visibility)s or "
         "'shared':%(visibility)s)")
ADMIN_OR_READER_OF_SEEN = f'{ADMIN} or (role:reader and {_SEEN})'
ADMIN_OR_MEMBER_OF_SEEN = f'{ADMIN} or (role:member and {_SEEN})'

ADMIN_OR_READER_OF_SHARED = (
    ADMIN + ' or role:reader and (project_id:%(project_id)s or '
    'project_id:%(member_id)s)')

RULES = [
    policy.RuleDefault('default', '',
                       'Decides for rules that are not defined.'),
    policy.RuleDefault('context_is_admin', 'role:admin',
                       'Who is an administrator of the image service.'),
    policy.RuleDefault('service_api', 'role:service or role:admin',
                       'Other services of the cloud.'),
]


def guards(name, check, description, *operations, scope=('project',)):
    """:returns: a documented rule for ``operations``: 'METHOD path'."""
    return policy.DocumentedRuleDefault(
        name=name, check_str=check, scope_types=list(scope),
        description=description,
        operations=[dict(zip(('method', 'path'), operation.split(' ', 1)))
                    for operation in operations])
