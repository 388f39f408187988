# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of metadata definitions: those served, and of requests."""
import copy

#: Longest name, in characters: as wide as the columns.
LONGEST_NAME = 80

_TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string', None]


def _named(description=None):
    described = {'description': description} if description else {}
    return {'type': 'string', **described, 'maxLength': LONGEST_NAME}


def _date(description):
    return {'type': 'string', 'readOnly': True, 'description': description,
            'format': 'date-time'}


def _times(noun, created=None):
    return {
        'created_at': _date(f'Date and time of {created or noun + " creation"}'
                            ),
        'updated_at': _date(f'Date and time of the last {noun} '
                            'modification')}


_LINK = {'readOnly': True, 'type': 'string'}


def _definitions(**string_array):
    return {
        'positiveInteger': {'type': 'integer', 'minimum': 0},
        'positiveIntegerDefault0': {'allOf': [
            {'$ref': '#/definitions/positiveInteger'}, {'default': 0}]},
        'stringArray': {'type': 'array', 'items': {'type': 'string'},
                        **string_array, 'uniqueItems': True}}


_COUNT = {'$ref': '#/definitions/positiveInteger'}
_COUNT_FROM_0 = {'$ref': '#/definitions/positiveIntegerDefault0'}
_STRINGS = {'$ref': '#/definitions/stringArray'}

#: What a property may say about itself; a subset of JSON schema.
_PROPERTY = {
    'name': _named(),
    'title': {'type': 'string'},
    'description': {'type': 'string'},
    'operators': {'type': 'array', 'items': {'type': 'string'}},
    'type': {'type': 'string', 'enum': _TYPES},
    'required': _STRINGS,
    'minimum': {'type': 'number'},
    'maximum': {'type': 'number'},
    'maxLength': _COUNT,
    'minLength': _COUNT_FROM_0,
    'pattern': {'type': 'string', 'format': 'regex'},
    'enum': {'type': 'array'},
    'readonly': {'type': 'boolean'},
    'default': {},
    'items': {'type': 'object', 'properties': {
        'type': {'type': 'string', 'enum': _TYPES},
        'enum': {'type': 'array'}}},
    'maxItems': _COUNT,
    'minItems': _COUNT_FROM_0,
    'uniqueItems': {'type': 'boolean', 'default': False},
    'additionalItems': {'type': 'boolean'},
}

_PROPERTIES = {'type': 'object', 'additionalProperties': {
    'type': 'object', 'required': ['title', 'type'],
    'properties': _PROPERTY}}

_WITH_PROPERTIES = {**_definitions(), 'property': _PROPERTIES}
_DESCRIPTION = {'type': 'string'}


def _whole(name, properties, required, definitions=None):
    return {'name': name, 'properties': properties,
            'additionalProperties': False,
            **({'definitions': definitions} if definitions else {}),
            'required': required}


NAMESPACE = _whole('namespace', {
    'namespace': _named('The unique namespace text.'),
    'display_name': _named('The user friendly name for the namespace. Used '
                           'by UI if available.'),
    'description': {
        'type': 'string',
        'description': 'Provides a user friendly description of the '
                       'namespace.',
        'maxLength': 500},
    'visibility': {'type': 'string',
                   'description': 'Scope of namespace accessibility.',
                   'enum': ['public', 'private']},
    'protected': {'type': 'boolean',
                  'description': 'If true, namespace will not be deletable.'},
    'owner': {'type': 'string', 'description': 'Owner of the namespace.',
              'maxLength': 255},
    **_times('namespace'),
    'schema': _LINK,
    'self': _LINK,
    'resource_type_associations': {'type': 'array', 'items': {
        'type': 'object', 'properties': {
            'name': {'type': 'string'}, 'prefix': {'type': 'string'},
            'properties_target': {'type': 'string'}}}},
    'properties': {'$ref': '#/definitions/property'},
    'objects': {'type': 'array', 'items': {
        'type': 'object', 'properties': {
            'name': {'type': 'string'}, 'description': _DESCRIPTION,
            'required': _STRINGS,
            'properties': {'$ref': '#/definitions/property'}}}},
    'tags': {'type': 'array', 'items': {
        'type': 'object', 'properties': {'name': {'type': 'string'}}}},
}, ['namespace'], _WITH_PROPERTIES)

RESOURCE_TYPE = _whole('resource_type_association', {
    'name': _named(
        'Resource type names should be aligned with Heat resource types '
        'whenever possible: https://docs.openstack.org/heat/latest/'
        'template_guide/openstack.html'),
    'prefix': _named(
        'Specifies the prefix to use for the given resource type. Any '
        'properties in the namespace should be prefixed with this prefix '
        'when being applied to the specified resource type. Must include '
        'prefix separator (e.g. a colon :).'),
    'properties_target': _named(
        'Some resource types allow more than one key / value pair per '
        'instance.  For example, Cinder allows user and image metadata on '
        'volumes. Only the image properties metadata is evaluated by Nova '
        '(scheduling or drivers). This property allows a namespace target '
        'to remove the ambiguity.'),
    **_times('resource type association', 'resource type association'),
}, ['name'])

OBJECT = _whole('object', {
    'name': _named(), 'description': _DESCRIPTION, 'required': _STRINGS,
    'properties': {'$ref': '#/definitions/property'},
    'schema': _LINK, 'self': _LINK, **_times('object'),
}, ['name'], _WITH_PROPERTIES)

PROPERTY = _whole('property', _PROPERTY, ['type', 'title', 'name'],
                  _definitions(minItems=1))

TAG = _whole('tag', {'name': _named(), **_times('tag')}, ['name'])


def _list(name, item):
    """:returns: the schema of a list of ``item``."""
    item = copy.deepcopy(item)
    definitions = item.pop('definitions', None)
    items = {'type': 'array', 'items': item}
    if name == 'properties':
        item['required'].remove('name')
        items = {'type': 'object', 'additionalProperties': item}
    return {
        'name': name,
        'properties': {name: items, 'first': {'type': 'string'},
                       'next': {'type': 'string'},
                       'schema': {'type': 'string'}},
        'links': [{'rel': 'first', 'href': '{first}'},
                  {'rel': 'next', 'href': '{next}'},
                  {'rel': 'describedby', 'href': '{schema}'}],
        **({'definitions': definitions} if definitions else {}),
    }


#: What /v2/schemas/metadefs serves, by the last part of the path.
SERVED = {
    'namespace': NAMESPACE, 'namespaces': _list('namespaces', NAMESPACE),
    'resource_type': RESOURCE_TYPE,
    'resource_types': _list('resource_type_associations', RESOURCE_TYPE),
    'object': OBJECT, 'objects': _list('objects', OBJECT),
    'property': PROPERTY, 'properties': _list('properties', PROPERTY),
    'tag': TAG, 'tags': _list('tags', TAG),
}

_REACHABLE = {'type': 'string', 'minLength': 1, 'maxLength': LONGEST_NAME,
              'pattern': '^[^/]*$'}


def _request(schema, name='name'):
    """:returns: ``schema`` for a request: with names that a path can have,
        and what lies within no freer than by itself.
    """
    schema = copy.deepcopy(schema)
    schema['properties'][name] = _REACHABLE
    nested = schema.get('definitions', {}).get('property')
    if nested:
        nested['propertyNames'] = {**_REACHABLE}
    return schema


def _namespace_request():
    schema = _request(NAMESPACE, 'namespace')
    properties = schema['properties']
    for name, item in (('resource_type_associations', RESOURCE_TYPE),
                       ('objects', OBJECT), ('tags', TAG)):
        inner = _request(item)
        properties[name]['items'] = {
            'type': 'object', 'required': ['name'],
            'properties': inner['properties']}
    return schema


NAMESPACE_REQUEST = _namespace_request()
RESOURCE_TYPE_REQUEST = _request(RESOURCE_TYPE)
OBJECT_REQUEST = _request(OBJECT)
PROPERTY_REQUEST = _request(PROPERTY)
TAG_REQUEST = _request(TAG)
TAGS_REQUEST = {
    'name': 'tags', 'type': 'object', 'required': ['tags'],
    'additionalProperties': False,
    'properties': {'tags': {'type': 'array', 'items': TAG_REQUEST}}}

#: Members that the service alone sets.
READ_ONLY = ('created_at', 'updated_at', 'self', 'schema')
