# SPDX-License-Identifier: Apache-2.0
"""Image tags, one at a time."""
from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access
from glancelite.objects import image as image_object

_LONGEST_TAG = 255


class ImageTagsController:
    """Adds and removes tags.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._images = service.images
        self._quota = service.quota
        self._notifier = service.notifier
        self._access = access.ImageAccess(service)

    def update(self, context, image_id, tag):
        """Add ``tag``; an image that has it stays as it is."""
        if len(tag) > _LONGEST_TAG or image_object.UNSTORABLE.search(tag):
            raise exception.InvalidParameter(
                name='tag', value=tag[:40],
                reason=f'it must have at most {_LONGEST_TAG} characters, '
                       'none of them NUL')
        try:
            self._change(context, image_id, lambda tags: tags | {tag})
        except exception.LimitExceeded as error:
            raise exception.TagLimitExceeded(image_id=image_id,
                                             reason=error) from None

    def delete(self, context, image_id, tag):
        """Remove ``tag``.

        :raises TagNotFound: the image does not bear it.
        """
        def remove(tags):
            if tag not in tags:
                raise exception.TagNotFound(tag=tag, image_id=image_id)
            return tags - {tag}
        self._change(context, image_id, remove)

    def _change(self, context, image_id, change):
        def attempt():
            image = self._access.get(context, image_id, 'modify_image')
            image.tags = change(image.tags)
            if image.changes():
                self._images.save(context, image, permitted=True,
                                  maxima=self._quota.maxima)
            return image
        self._notifier.image('update',
                             self._images.insist(image_id, attempt))


def create_resource(service):
    """:returns: the resource for ``/v2/images/{image_id}/tags/{tag}``."""
    return resource.Resource(ImageTagsController(service))
