# SPDX-License-Identifier: Apache-2.0
"""An image as one caller sees it.

What may be seen is decided once for a request, not for each image in it.
"""
from glancelite.objects import image as image_object
from glancelite.objects import import_request

_BASE = tuple(name for name in image_object.FIELDS
              if name not in ('created_at', 'updated_at'))


class ImageViews:
    """Makes a view for each request.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._policy = service.policy
        self._protections = service.protections
        self._stores = service.stores
        self._direct_url = service.conf.show_image_direct_url
        self._locations = service.conf.show_multiple_locations

    def of(self, context):
        """:returns: a function that makes a dict of an image."""
        readable = self._protections.reader(context)
        locate = None
        if self._direct_url or self._locations:
            locate = self._policy.decider(context, 'get_image_location')

        def show(image):
            values = image.values
            shown = readable(image.properties)
            shown.pop(import_request.STAGE_HOST_PROPERTY, None)
            for name in _BASE:
                shown[name] = values[name]
            shown['created_at'] = image_object.timestamp(
                values['created_at'])
            shown['updated_at'] = image_object.timestamp(
                values['updated_at'])
            if locate:
                self._show_locations(context, image, shown, locate)
            shown['tags'] = sorted(image.tags)
            path = f'/v2/images/{values["id"]}'
            shown['self'] = path
            shown['file'] = f'{path}/file'
            shown['schema'] = '/v2/schemas/image'
            if self._stores.multiple and not _is_hidden(context, image):
                self._show_stores(image, shown)
            return shown
        return show

    def _show_locations(self, context, image, shown, locate):
        hidden = _is_hidden(context, image)
        if not hidden and not locate(image.policy_target(context)):
            return
        locations = [] if hidden else self._stores.by_weight(image.locations)
        if self._locations:
            shown['locations'] = [
                {'url': each.url, 'metadata': each.metadata}
                for each in locations]
        if self._direct_url and locations:
            shown['direct_url'] = locations[0].url

    def _show_stores(self, image, shown):
        named = [each.metadata['store']
                 for each in self._stores.by_weight(image.locations)
                 if 'store' in each.metadata]
        if named:
            shown['stores'] = ','.join(named)


def _is_hidden(context, image):
    """:returns: whether where the data lies is for administrators alone."""
    return image.status == 'deactivated' and not context.is_admin
