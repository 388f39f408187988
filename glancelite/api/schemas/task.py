# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of tasks, as /v2/schemas serves them."""
from glancelite.api.schemas import image


def _text(description, **more):
    return {'description': description, **more, 'type': 'string'}


def _blob(description):
    return {'description': description, 'type': ['null', 'object']}


_IDENTITY = {
    'id': _text('An identifier for the task', pattern=image.UUID_PATTERN),
    'type': _text('The type of task represented by this content',
                  enum=['import', 'api_image_import', 'location_import']),
    'status': _text('The current status of this task',
                    enum=['pending', 'processing', 'success', 'failure']),
}
_DETAIL = {
    'input': _blob('The parameters required by task, JSON blob'),
    'result': _blob('The result of current task, JSON blob'),
}
_OWNER = {'owner': _text('An identifier for the owner of this task')}
_MESSAGE = {'message': _text('Human-readable informative message only '
                             'included when appropriate (usually on '
                             'failure)')}
_REST = {
    'image_id': _text('Image associated with the task'),
    'request_id': _text('Human-readable informative request-id'),
    'user_id': _text('User associated with the task'),
    'expires_at': {'description': 'Datetime when this resource would be '
                                  'subject to removal',
                   'type': ['null', 'string']},
    'created_at': _text('Datetime when this resource was created'),
    'updated_at': _text('Datetime when this resource was updated'),
    'self': {'readOnly': True, 'type': 'string'},
    'schema': {'readOnly': True, 'type': 'string'},
}

TASK = {'name': 'task', 'properties': {
    **_IDENTITY, **_DETAIL, **_OWNER, **_MESSAGE, **_REST}}

#: A task in a list: without its parameters and outcome.
TASK_IN_LIST = {'name': 'task', 'properties': {
    **_IDENTITY, **_OWNER, **_REST}}

#: What creates a task; its type says that nobody else's may be created.
REQUEST = {
    'name': 'task',
    'properties': {'type': {'enum': ['import']},
                   'input': {'type': ['null', 'object']}},
    'additionalProperties': False,
}
