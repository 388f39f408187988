# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of images, as /v2/schemas serves them."""
from glancelite.objects import image as image_object

UUID_PATTERN = ('^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}'
                '-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$')

_STATUSES = ['queued', 'saving', 'active', 'killed', 'deleted', 'uploading',
             'importing', 'pending_delete', 'deactivated']


def _text(description, length=None, null=True, read_only=False, **more):
    schema = {'type': ['null', 'string'] if null else 'string'}
    if read_only:
        schema['readOnly'] = True
    schema['description'] = description
    if length:
        schema['maxLength'] = length
    return {**schema, **more}


def _number(description, null=False, read_only=False):
    schema = {'type': ['null', 'integer'] if null else 'integer'}
    if read_only:
        schema['readOnly'] = True
    schema['description'] = description
    return schema


def _flag(description):
    return {'type': 'boolean', 'description': description}


_VALIDATION_DATA = {
    'description': "Values to be used to populate the corresponding image "
                   "properties. If the image status is not 'queued', values "
                   "must exactly match those already contained in the image "
                   "properties.",
    'type': 'object',
    'writeOnly': True,
    'additionalProperties': False,
    'properties': {
        'checksum': {'type': 'string', 'minLength': 32, 'maxLength': 32},
        'os_hash_algo': {'type': 'string', 'maxLength': 64},
        'os_hash_value': {'type': 'string', 'maxLength': 128},
    },
    'required': ['os_hash_algo', 'os_hash_value'],
}

LOCATION = {
    'type': 'object',
    'properties': {
        'url': {'type': 'string', 'maxLength': 255},
        'metadata': {'type': 'object'},
        'validation_data': _VALIDATION_DATA,
    },
    'required': ['url', 'metadata'],
}


def properties(container_formats, disk_formats):
    """:returns: schemas of the base properties, in Glance's order."""
    return {
        'id': _text('An identifier for the image', null=False,
                    pattern=UUID_PATTERN),
        'name': _text('Descriptive name for the image', 255),
        'status': _text('Status of the image', null=False, read_only=True,
                        enum=_STATUSES),
        'visibility': _text('Scope of image accessibility', null=False,
                            enum=list(image_object.VISIBILITIES)),
        'protected': _flag('If true, image will not be deletable.'),
        'os_hidden': _flag('If true, image will not appear in default image '
                           'list response.'),
        'checksum': _text('md5 hash of image contents.', 32, read_only=True),
        'os_hash_algo': _text('Algorithm to calculate the os_hash_value', 64,
                              read_only=True),
        'os_hash_value': _text('Hexdigest of the image contents using the '
                               'algorithm specified by the os_hash_algo', 128,
                               read_only=True),
        'owner': _text('Owner of the image', 255),
        'size': _number('Size of image file in bytes', True, True),
        'virtual_size': _number('Virtual size of image in bytes', True, True),
        'container_format': _text('Format of the container',
                                  enum=[None, *container_formats]),
        'disk_format': _text('Format of the disk',
                             enum=[None, *disk_formats]),
        'created_at': _text('Date and time of image registration', null=False,
                            read_only=True),
        'updated_at': _text('Date and time of the last image modification',
                            null=False, read_only=True),
        'tags': {'type': 'array',
                 'description': 'List of strings related to the image',
                 'items': {'type': 'string', 'maxLength': 255}},
        'direct_url': _text('URL to access the image file kept in external '
                            'store', null=False, read_only=True),
        'min_ram': _number('Amount of ram (in MB) required to boot image.'),
        'min_disk': _number('Amount of disk space (in GB) required to boot '
                            'image.'),
        'self': _text('An image self url', null=False, read_only=True),
        'file': _text('An image file url', null=False, read_only=True),
        'stores': _text('Store in which image data resides.  Only present '
                        'when the operator has enabled multiple stores.  May '
                        'be a comma-separated list of store identifiers.',
                        null=False, read_only=True),
        'schema': _text('An image schema url', null=False, read_only=True),
        'locations': {'type': 'array', 'items': LOCATION,
                      'description': 'A set of URLs to access the image file '
                                     'kept in external store'},
    }


def image(container_formats, disk_formats, extra):
    """:returns: the schema of an image.

    :param extra: schemas of further properties, from schema-image.json.
    """
    return {
        'name': 'image',
        'properties': {
            **properties(container_formats, disk_formats),
            **{name: {**schema, 'is_base': False}
               for name, schema in extra.items()}},
        'additionalProperties': {'type': 'string'},
        'links': [{'rel': 'self', 'href': '{self}'},
                  {'rel': 'enclosure', 'href': '{file}'},
                  {'rel': 'describedby', 'href': '{schema}'}],
    }


def collection(name, item, paged):
    """:returns: the schema of a list of ``item`` under the key ``name``."""
    links = [{'rel': 'first', 'href': '{first}'},
             {'rel': 'next', 'href': '{next}'}] if paged else []
    pages = {'first': {'type': 'string'},
             'next': {'type': 'string'}} if paged else {}
    return {
        'name': name,
        'properties': {name: {'type': 'array', 'items': item}, **pages,
                       'schema': {'type': 'string'}},
        'links': [*links, {'rel': 'describedby', 'href': '{schema}'}],
    }
