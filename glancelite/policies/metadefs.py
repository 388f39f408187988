# SPDX-License-Identifier: Apache-2.0
"""Rules for metadata definitions."""
from oslo_policy import policy

from glancelite.policies import roles

_NAMESPACES = '/v2/metadefs/namespaces'
_NAMESPACE = f'{_NAMESPACES}/{{namespace_name}}'

_ADMIN = 'rule:metadef_admin'

#: A reader, of what is public or belongs to his project.
_READER = (roles.ADMIN + ' or (role:reader and (project_id:%(project_id)s '
           "or 'public':%(visibility)s))")

RULES = [
    policy.RuleDefault('metadef_default', '',
                       'Kept for policy files that refer to it.'),
    policy.RuleDefault('metadef_admin', roles.ADMIN,
                       'Who changes metadata definitions.'),

    roles.guards('get_metadef_namespace', _READER,
                 'Show a namespace, with all that it holds.',
                 f'GET {_NAMESPACE}'),
    roles.guards('get_metadef_namespaces', roles.ADMIN_OR_READER,
                 'List namespaces.', f'GET {_NAMESPACES}'),
    roles.guards('modify_metadef_namespace', _ADMIN,
                 'Change a namespace.', f'PUT {_NAMESPACE}'),
    roles.guards('add_metadef_namespace', _ADMIN,
                 'Create a namespace.', f'POST {_NAMESPACES}'),
    roles.guards('delete_metadef_namespace', _ADMIN,
                 'Delete a namespace, or all objects, properties or tags '
                 'of it.', f'DELETE {_NAMESPACE}',
                 f'DELETE {_NAMESPACE}/objects',
                 f'DELETE {_NAMESPACE}/properties',
                 f'DELETE {_NAMESPACE}/tags'),

    roles.guards('get_metadef_object', _READER, 'Show an object.',
                 f'GET {_NAMESPACE}/objects/{{name}}'),
    roles.guards('get_metadef_objects', _READER, 'List objects.',
                 f'GET {_NAMESPACE}/objects'),
    roles.guards('modify_metadef_object', _ADMIN, 'Change an object.',
                 f'PUT {_NAMESPACE}/objects/{{name}}'),
    roles.guards('add_metadef_object', _ADMIN, 'Create an object.',
                 f'POST {_NAMESPACE}/objects'),
    roles.guards('delete_metadef_object', _ADMIN, 'Delete an object.',
                 f'DELETE {_NAMESPACE}/objects/{{name}}'),

    roles.guards('list_metadef_resource_types', _READER,
                 'List the types of resources that namespaces name.',
                 'GET /v2/metadefs/resource_types'),
    roles.guards('get_metadef_resource_type', _READER,
                 'List the types of resources a namespace is for.',
                 f'GET {_NAMESPACE}/resource_types'),
    roles.guards('add_metadef_resource_type_association', _ADMIN,
                 'Make a namespace be for a type of resources.',
                 f'POST {_NAMESPACE}/resource_types'),
    roles.guards('remove_metadef_resource_type_association', _ADMIN,
                 'End a namespace being for a type of resources.',
                 f'DELETE {_NAMESPACE}/resource_types/{{name}}'),

    roles.guards('get_metadef_property', _READER, 'Show a property.',
                 f'GET {_NAMESPACE}/properties/{{name}}'),
    roles.guards('get_metadef_properties', _READER, 'List properties.',
                 f'GET {_NAMESPACE}/properties'),
    roles.guards('modify_metadef_property', _ADMIN, 'Change a property.',
                 f'PUT {_NAMESPACE}/properties/{{name}}'),
    roles.guards('add_metadef_property', _ADMIN, 'Create a property.',
                 f'POST {_NAMESPACE}/properties'),
    roles.guards('remove_metadef_property', _ADMIN, 'Delete a property.',
                 f'DELETE {_NAMESPACE}/properties/{{name}}'),

    roles.guards('get_metadef_tag', _READER, 'Show a tag.',
                 f'GET {_NAMESPACE}/tags/{{name}}'),
    roles.guards('get_metadef_tags', _READER, 'List tags.',
                 f'GET {_NAMESPACE}/tags'),
    roles.guards('modify_metadef_tag', _ADMIN, 'Rename a tag.',
                 f'PUT {_NAMESPACE}/tags/{{name}}'),
    roles.guards('add_metadef_tag', _ADMIN, 'Create a tag.',
                 f'POST {_NAMESPACE}/tags/{{name}}'),
    roles.guards('add_metadef_tags', _ADMIN,
                 'Create several tags, instead of those there are.',
                 f'POST {_NAMESPACE}/tags'),
    roles.guards('delete_metadef_tag', _ADMIN, 'Delete a tag.',
                 f'DELETE {_NAMESPACE}/tags/{{name}}'),
    roles.guards('delete_metadef_tags', _ADMIN, 'Delete all tags.',
                 f'DELETE {_NAMESPACE}/tags'),
]
