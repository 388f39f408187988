# SPDX-License-Identifier: Apache-2.0
"""Tasks: what administrators see of them, and imports begun as a task."""
import json

import webob.exc

from glancelite import exception
from glancelite.api import query
from glancelite.api import resource
from glancelite.api.schemas import task as task_schema
from glancelite.api.v2 import images
from glancelite.api.v2 import schemas
from glancelite.i18n import _
from glancelite.objects import image as image_object
from glancelite.objects import import_request
from glancelite.objects import task as task_object

_SORT_KEYS = ('created_at', 'expires_at', 'id', 'status', 'type',
              'updated_at')
_FILTERS = {'status': task_object.STATUSES, 'type': task_object.TYPES,
            'owner': None}

#: Bytes of an input, as the column has it that keeps it with MySQL.
_LARGEST_INPUT = 65535


class TasksDeserializer(resource.Deserializer):
    """Reads requests on tasks."""

    def __init__(self, conf, image_schema):
        self._default_limit = conf.limit_param_default
        self._max_limit = conf.api_limit_max
        self._max_body = conf.max_json_body_size
        self._validate = schemas.validator(task_schema.REQUEST)
        self._images = images.ImagesDeserializer(conf, image_schema)

    def index(self, request):
        """Filters, sort, marker and limit."""
        pairs = request.query_pairs()
        page = query.parse_page(
            pairs, self._default_limit, self._max_limit, _SORT_KEYS)
        single = dict(pairs)
        filters = {name: single[name] for name in _FILTERS if name in single}
        for name, value in filters.items():
            if _FILTERS[name] and value and value not in _FILTERS[name]:
                raise exception.Invalid(
                    'Invalid %(name)s value: %(value)s', name=name,
                    value=value)
        return {'filters': filters, **page}

    def create(self, request):
        """``type`` and ``input``."""
        document = request.json_document(self._max_body)
        for name in ('type', 'input'):
            if not isinstance(document, dict) or name not in document:
                raise exception.Invalid("Task '%(name)s' is required",
                                        name=name)
        self._validate(document)
        given = document['input'] or {}
        # As it is stored, and before there is an image for it.
        if len(json.dumps(given)) > _LARGEST_INPUT:
            raise exception.TaskInputTooLarge(limit=_LARGEST_INPUT)
        properties = given.get('image_properties') or {}
        image = self._images.image(properties)
        if 'id' in properties:
            raise exception.ReadOnlyProperty(name='id')
        return {'given': given, 'image': image}


class TasksController:
    """Shows tasks and takes imports on.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._tasks = service.tasks
        self._images = images.ImagesController(service)
        self._imports = service.imports
        self._fetcher = service.fetcher
        self._policy = service.policy
        self._default_store = service.stores.default.identifier
        self._single = not service.stores.multiple

    def index(self, context, filters, marker, limit, sort):
        """:returns: a page of tasks."""
        self._authorize(context, 'get_tasks')
        return self._tasks.list(context, filters, sort, marker, limit)

    def show(self, context, task_id):
        """:returns: one task."""
        self._authorize(context, 'get_task')
        return self._tasks.get(context, task_id)

    def create(self, context, given, image):
        """:returns: the task of importing what is at a URL as an image.

        :param image: keyword arguments that create the image.
        """
        self._authorize(context, 'add_task')
        uri = given.get('import_from')
        if not isinstance(uri, str):
            raise exception.Invalid('Invalid location: import_from is missing')
        self._fetcher.check(uri)
        created = self._images.create(context, **image)
        return self._imports.submit(
            context, created, import_request.ImportRequest(
                import_request.WEB_DOWNLOAD, [self._default_store], True,
                uri, single=self._single),
            kind=task_object.LEGACY_IMPORT, shown=given)

    def delete(self, context, task_id):
        """Tasks go by themselves when their time has come."""
        self._authorize(context, 'modify_task')
        raise webob.exc.HTTPMethodNotAllowed(
            _('Tasks are deleted when they expire, and not before.'),
            headers={'Allow': 'GET'})

    def _authorize(self, context, rule):
        self._policy.authorize(context, 'tasks_api_access', {})
        self._policy.authorize(context, rule, {})


class TasksSerializer(resource.Serializer):
    """Writes tasks."""

    def index(self, request, page):
        """Tasks of a page, briefly, with links."""
        pairs = request.query_pairs()
        document = {
            'tasks': [_brief(task) for task in page.items],
            'first': query.link('/v2/tasks', pairs, drop=('marker',)),
            'schema': '/v2/schemas/tasks'}
        if page.marker is not None:
            document['next'] = query.link('/v2/tasks', pairs,
                                          marker=page.marker)
        return resource.json_response(document)

    def show(self, request, task):
        """A task with all that is known of it."""
        return resource.json_response(_whole(task))

    def create(self, request, task):
        """The new task, and where it is."""
        response = resource.json_response(_whole(task), 201)
        response.headers['Location'] = (
            f'{request.application_url}/tasks/{task.id}')
        return response


def _brief(task):
    shown = {'id': task.id, 'type': task.type, 'status': task.status,
             'owner': task.owner,
             'created_at': image_object.timestamp(task.created_at),
             'updated_at': image_object.timestamp(task.updated_at),
             'self': f'/v2/tasks/{task.id}', 'schema': '/v2/schemas/task'}
    if task.expires_at:
        shown['expires_at'] = image_object.timestamp(task.expires_at)
    return shown


def _whole(task):
    shown = {**_brief(task), 'input': task.input, 'result': task.result,
             'message': task.message, 'request_id': task.request_id,
             'user_id': task.user_id}
    if task.image_id:
        shown['image_id'] = task.image_id
    return shown


def create_resource(service, image_schema):
    """:returns: the resource that serves ``/v2/tasks``."""
    return resource.Resource(
        TasksController(service),
        TasksDeserializer(service.conf, image_schema), TasksSerializer())
