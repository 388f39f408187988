# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of image members, as /v2/schemas serves them."""
from glancelite.api.schemas import image

MEMBER = {
    'name': 'member',
    'properties': {
        'member_id': {'type': 'string',
                      'description': 'An identifier for the image member '
                                     '(tenantId)'},
        'image_id': {'type': 'string',
                     'description': 'An identifier for the image',
                     'pattern': image.UUID_PATTERN},
        'created_at': {'type': 'string',
                       'description': 'Date and time of image member '
                                      'creation'},
        'updated_at': {'type': 'string',
                       'description': 'Date and time of last modification '
                                      'of image member'},
        'status': {'type': 'string',
                   'description': 'The status of this image member',
                   'enum': ['pending', 'accepted', 'rejected']},
        'schema': {'readOnly': True, 'type': 'string'},
    },
}
