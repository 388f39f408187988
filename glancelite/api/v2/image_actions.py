# SPDX-License-Identifier: Apache-2.0
"""Actions on an image: deactivate and reactivate its data."""
from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access

#: What an action makes of the status it finds.
_OUTCOMES = {
    'deactivate': {'active': 'deactivated', 'deactivated': 'deactivated'},
    'reactivate': {'deactivated': 'active', 'active': 'active'},
}


class ImageActionsController:
    """Changes whether image data may be downloaded.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._images = service.images
        self._notifier = service.notifier
        self._access = access.ImageAccess(service)

    def deactivate(self, context, image_id):
        """Close the data to all but administrators."""
        self._act(context, image_id, 'deactivate')

    def reactivate(self, context, image_id):
        """Open the data again."""
        self._act(context, image_id, 'reactivate')

    def _act(self, context, image_id, action):
        image = self._access.get(context, image_id, action)
        outcome = _OUTCOMES[action].get(image.status)
        if outcome is None:
            raise exception.ActionNotAllowed(action=action,
                                             status=image.status)
        if outcome != image.status:
            self._images.move(context, image, outcome,
                              from_status=image.status, permitted=True)
            self._notifier.image('update', image)


def create_resource(service):
    """:returns: the resource for ``/v2/images/{image_id}/actions``."""
    return resource.Resource(ImageActionsController(service))
