# SPDX-License-Identifier: Apache-2.0
"""Authorization of calls on one image.

Visible but not permitted is 403, not to be seen at all is 404; and which it
is, is asked once, here.
"""
from glancelite import exception


class ImageAccess:
    """Gets images on behalf of callers.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._images = service.images
        self._policy = service.policy

    def get(self, context, image_id, *rules):
        """:returns: the image, if every one of ``rules`` permits.

        :raises ImageNotFound: the caller may not know of it.
        :raises RuleForbids: the caller may see it, and no more.
        """
        image = self._images.get(context, image_id)
        for rule in rules:
            self.authorize(context, rule, image)
        return image

    def authorize(self, context, rule, image, target=None):
        """:raises: as :meth:`get`.

        :param target: what the rule reads, the image's own by default.
        """
        target = target or image.policy_target(context)
        if self._policy.check(context, rule, target):
            return
        if rule != 'get_image' and self._policy.check(
                context, 'get_image', target):
            raise exception.RuleForbids(rule=rule)
        raise exception.ImageNotFound(image_id=image.id)
