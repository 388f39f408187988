# SPDX-License-Identifier: Apache-2.0
"""JSON schema of a location that is registered for a queued image."""

ALGORITHMS = ('sha1', 'sha256', 'sha512', 'md5')

LOCATION = {
    'name': 'location',
    'type': 'object',
    'required': ['url'],
    'properties': {
        'url': {'type': 'string',
                'description': 'Where the data of the image lies.'},
        'validation_data': {
            'type': 'object',
            'description': 'The digest that the data must have; recorded '
                           'unseen when do_secure_hash is off.',
            'additionalProperties': False,
            'properties': {
                'os_hash_algo': {'type': 'string', 'maxLength': 64,
                                 'enum': list(ALGORITHMS)},
                'os_hash_value': {'type': 'string', 'maxLength': 128},
            },
            # Of draft 4; later ones call it dependentRequired.
            'dependencies': {'os_hash_algo': ['os_hash_value'],
                             'os_hash_value': ['os_hash_algo']},
        },
    },
}
