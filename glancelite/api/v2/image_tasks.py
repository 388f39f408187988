# SPDX-License-Identifier: Apache-2.0
"""The tasks of one image."""
import dataclasses

from glancelite.api import resource
from glancelite.api.v2 import access

_TIMES = ('expires_at', 'created_at', 'updated_at', 'deleted_at')


class ImageTasksController:
    """Shows tasks to their project, and to administrators.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._tasks = service.tasks
        self._access = access.ImageAccess(service)

    def index(self, context, image_id):
        """:returns: the tasks of the image that the caller may see.

        They name URLs and users, which readers of the image do not need.
        """
        image = self._access.get(context, image_id, 'get_image')
        return [task for task in self._tasks.of_image(context, image.id)
                if context.is_admin or task.owner == context.project_id]


class ImageTasksSerializer(resource.Serializer):
    """Writes tasks with all that is known of them."""

    def index(self, request, tasks):
        """All of them; the list has no pages."""
        return resource.json_response(
            {'tasks': [_document(task) for task in tasks]})


def _document(task):
    document = dataclasses.asdict(task)
    for name in _TIMES:
        moment = document[name]
        document[name] = moment and moment.strftime('%Y-%m-%dT%H:%M:%S.%f')
    return document


def create_resource(service):
    """:returns: the resource for ``/v2/images/{image_id}/tasks``."""
    return resource.Resource(ImageTasksController(service),
                             serializer=ImageTasksSerializer())
