# SPDX-License-Identifier: Apache-2.0
"""One copy of an image is deleted from one of several stores."""
from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access


class StoresController:
    """Deletes copies.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._access = access.ImageAccess(service)
        self._images = service.images
        self._stores = service.stores
        self._locations = service.locations
        self._quota = service.quota
        self._notifier = service.notifier

    def delete(self, context, store_id, image_id):
        """Delete the copy of the image in ``store_id``, never the last."""
        if not self._stores.multiple:
            raise exception.NotFound('The resource could not be found.')
        if store_id not in self._stores.identifiers:
            raise exception.StoreNotHere(store=store_id)

        def attempt():
            image = self._access.get(context, image_id,
                                     'delete_image_location')
            edit = self._locations.edit(image)
            edit.remove_from(store_id)
            edit.save(context, self._quota.maxima)
            return image
        self._notifier.image('update',
                             self._images.insist(image_id, attempt))


def create_resource(service):
    """:returns: the resource for ``/v2/stores/{store_id}/{image_id}``."""
    return resource.Resource(StoresController(service))
