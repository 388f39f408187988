# SPDX-License-Identifier: Apache-2.0
"""Locations of an image for other services: register one, list them."""
import webob

from glancelite import exception
from glancelite.api import resource
from glancelite.api.schemas import location as location_schema
from glancelite.api.v2 import access
from glancelite.api.v2 import schemas

#: The role of other services of the cloud.
_SERVICE_ROLE = 'service'


class ImageLocationsDeserializer(resource.Deserializer):
    """Reads requests on locations.

    :param conf: for the largest body.
    """

    def __init__(self, conf):
        self._max_body = conf.max_json_body_size
        self._validate = schemas.validator(location_schema.LOCATION)

    def create(self, request):
        """A JSON object of url and perhaps validation_data."""
        document = request.json_document(self._max_body)
        if not isinstance(document, (dict, list)):
            raise exception.Invalid(
                'Unexpected body type. Expected list/dict.')
        self._validate(document)
        data = document.get('validation_data') or {}
        # Both or none; the schema sees to it.
        digest = tuple(data[name] for name in sorted(data)) or None
        return {'url': document['url'], 'digest': digest}


class ImageLocationsController:
    """Registers and lists locations.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._stores = service.stores
        self._policy = service.policy
        self._import = service.location_import
        self._access = access.ImageAccess(service)

    def create(self, context, image_id, url, digest):
        """Make what lies at ``url`` the data of a queued image."""
        image = self._access.get(context, image_id)
        rule = 'add_image_location'
        if not self._policy.check(context, rule,
                                  image.policy_target(context)):
            self._access.authorize(context, 'get_image', image)
        if image.status != 'queued':
            raise exception.LocationStatusConflict(action='add',
                                                   status=image.status)
        self._access.authorize(context, rule, image)
        driver = self._stores.owning(url)
        if _SERVICE_ROLE not in context.roles and (
                driver is None or driver.kind != 'http'):
            raise exception.HttpStoreRequired()
        self._import.begin(context, image, url, digest)

    def index(self, context, image_id):
        """:returns: the locations of the image, best store first.

        Those of a deactivated image are for administrators.
        """
        image = self._access.get(context, image_id, 'fetch_image_location')
        if image.status == 'deactivated' and not context.is_admin:
            return []
        return [{'url': each.url, 'metadata': each.metadata}
                for each in self._stores.by_weight(image.locations)]


class ImageLocationsSerializer(resource.Serializer):
    """Writes locations."""

    def create(self, request, result):
        """202: the rest is done in the background."""
        return webob.Response(status=202)


def create_resource(service):
    """:returns: the resource for ``/v2/images/{image_id}/locations``."""
    return resource.Resource(
        ImageLocationsController(service),
        ImageLocationsDeserializer(service.conf), ImageLocationsSerializer())
