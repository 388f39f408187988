# SPDX-License-Identifier: Apache-2.0
"""Images: list, create, show, update by JSON patch, delete.

Source of the rules: the specification of the Images API.
"""
import contextlib
import dataclasses
import hashlib
import uuid

import webob

from glancelite import exception
from glancelite.api import conditions
from glancelite.api import json_patch
from glancelite.api import query
from glancelite.api import resource
from glancelite.api.schemas import image as image_schema
from glancelite.api.v2 import access
from glancelite.api.v2 import image_view
from glancelite.api.v2 import relay as relay_module
from glancelite.api.v2 import schemas
from glancelite.objects import image as image_object
from glancelite.objects import query as query_object

#: The most bytes that a TEXT column of MySQL holds.
_LONGEST_VALUE = 65535
_LONGEST_NAME = 255

#: What guards an operation on locations; modify_image is not asked then.
_LOCATION_RULES = {'add': 'set_image_location',
                   'replace': 'set_image_location',
                   'remove': 'delete_image_location'}

#: Changeable while an image has no data.
_FORMATS = ('disk_format', 'container_format')

_NUMBERS = ('min_disk', 'min_ram')

_VISIBILITY_RULES = {'public': 'publicize_image',
                     'community': 'communitize_image'}


class ImagesDeserializer(resource.Deserializer):
    """Reads requests on images.

    :param conf: for page sizes and the largest body.
    :param schema: the image schema in force.
    """

    def __init__(self, conf, schema):
        self._default_limit = conf.limit_param_default
        self._max_limit = conf.api_limit_max
        self._max_body = conf.max_json_body_size
        self._validate = schemas.validator(schema)
        self._additional = schema['additionalProperties']
        self._properties = schema['properties']
        self._validate_one = {
            name: schemas.validator({'name': schema['name'],
                                     'properties': {name: each}})
            for name, each in self._properties.items()}
        self._validate_additional = schemas.validator(
            {'name': schema['name'],
             'additionalProperties': self._additional})
        self._validate_location = schemas.validator(
            {'name': schema['name'], 'properties':
                {'locations': image_schema.LOCATION}})

    def index(self, request):
        """Query parameters: filters, sort, marker, limit."""
        if request.has_body:
            raise exception.BodyNotExpected()
        parsed = query.parse_images(
            request.query_pairs(), self._default_limit, self._max_limit)
        return {'query': parsed}

    def create(self, request):
        """A JSON object of properties."""
        return self.image(request.json_document(self._max_body))

    def image(self, document):
        """:returns: keyword arguments of the controller's ``create``.

        :param document: a JSON object of properties.
        """
        if not isinstance(document, dict):
            raise exception.InvalidImage(
                schema='image', reason='it is not a JSON object')
        for name in image_object.LINKS.intersection(document):
            raise exception.ReadOnlyProperty(name=name)
        self._validate(document)
        for name in document:
            if name == 'locations':
                raise exception.ReservedProperty(name=name)
            _require_writable(name, image_object.READ_ONLY_AT_CREATION)
        for name, value in document.items():
            _require_storable(name, value)
        properties = dict(document)
        tags = properties.pop('tags', ())
        values = {name: _plain(name, properties.pop(name))
                  for name in document if name in image_object.DEFAULTS}
        return {'values': values, 'properties': properties, 'tags': tags}

    def update(self, request):
        """A JSON patch in one of two media types."""
        changes = json_patch.parse(request.json_document(self._max_body),
                                   request.content_type)
        for change in changes:
            _require_writable(change.name, image_object.READ_ONLY)
            if change.op != 'remove':
                self._require_valid(change)
        return {'changes': [
            dataclasses.replace(change,
                                value=_plain(change.name, change.value))
            for change in changes]}

    @staticmethod
    def delete(request):
        """The request itself, if another host has to serve it."""
        if request.has_body:
            raise exception.BodyNotExpected()
        return {'relay': relay_module.Relay.of(request)}

    def _require_valid(self, change):
        validate = self._validate_one.get(change.name,
                                          self._validate_additional)
        if change.position is not None:
            validate = self._validate_location
        validate({change.name: change.value})
        _require_storable(change.name, change.value)


class ImagesController:
    """Acts on images.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._images = service.images
        self._policy = service.policy
        self._protections = service.protections
        self._quota = service.quota
        self._deleter = service.deleter
        self._cache = service.cache
        self._relays = relay_module.Relays(service.peers, service.threads)
        self._locations = service.locations
        self._notifier = service.notifier
        self._access = access.ImageAccess(service)

    def index(self, context, query):
        """:returns: a page of the images the caller may see."""
        self._policy.authorize(context, 'get_images',
                               {'project_id': context.project_id})
        page = self._images.list(context, query)
        permitted = self._policy.decider(context, 'get_image')
        return query_object.Page(
            [image for image in page.items
             if permitted(image.policy_target(context))], page.marker)

    def create(self, context, values, properties, tags):
        """:returns: the new image, queued."""
        values.setdefault('owner', context.owner)
        values.setdefault('id', str(uuid.uuid4()))
        image = image_object.Image(values, properties, tags)
        target = {**image.policy_target(context),
                  'project_id': context.project_id}
        self._policy.authorize(context, 'add_image', target)
        self._authorize_visibility(context, image)
        for name in properties:
            self._protections.check(context, name, 'create')
        self._quota.require('properties', len(image.properties))
        self._quota.require('tags', len(tags))
        self._images.add(context, image, self._quota.of_images(image.owner))
        self._notifier.image('create', image)
        return image

    def show(self, context, image_id):
        """:returns: the image."""
        return self._access.get(context, image_id, 'get_image')

    def update(self, context, image_id, changes):
        """:returns: the image with every change, or with none.

        When another request changed what the patch rests on, the patch is
        applied to the image as it now is.
        """
        if not changes:
            return self.show(context, image_id)

        def attempt():
            image = self._access.get(context, image_id)
            self._authorize(context, image, changes)
            edit = self._apply(context, image, changes)
            maxima = self._quota.maxima
            if edit:
                edit.save(context, maxima)
            else:
                self._images.save(context, image, maxima=maxima,
                                  permitted=True)
            return image
        image = self._images.insist(image_id, attempt)
        self._notifier.image('update', image)
        return image

    def delete(self, context, image_id, relay):
        """Delete the image and its data.

        :returns: the response of the host that has what was staged, if that
            is another one and answers. If not, it will find out by itself.
        """
        def attempt():
            image = self._access.get(context, image_id, 'delete_image')
            host = self._relays.host(image)
            if host:
                with contextlib.suppress(exception.HostUnavailable):
                    return self._relays.send(host, relay)
            self._deleter.delete(context, image)
            self._cache.forget(image.id)
            self._notifier.image('delete', image)
            return None
        return self._images.insist(image_id, attempt)

    def _authorize(self, context, image, changes):
        for change in changes:
            rule = 'modify_image'
            if change.name == 'locations':
                rule = _LOCATION_RULES[change.op]
                if change.op == 'replace' and not change.value:
                    self._access.authorize(context, 'get_image', image)
                    raise exception.NoLocations()
            self._access.authorize(context, rule, image)

    def _apply(self, context, image, changes):
        """:returns: the edit of its locations, if there is any."""
        edit = None
        for change in changes:
            if change.name == 'locations':
                edit = edit or self._locations.edit(image)
                edit.apply(change)
                continue
            if not image_object.is_base(change.name):
                self._protect(context, image, change)
            else:
                _require_changeable(context, image, change.name)
            image.apply(change)
            if change.name == 'visibility':
                self._authorize_visibility(context, image)
            elif change.name == 'tags':
                self._quota.require('tags', len(change.value))
        # An image that had too many already may change, but not grow.
        if any(map(image.is_new_property, image.properties)):
            self._quota.require('properties', len(image.properties))
        return edit

    def _protect(self, context, image, change):
        """Who may not read a property sees it as absent, and yet does not
        write over it.
        """
        allows = self._protections.checker(context)
        name = change.name
        exists = name in image.properties
        if change.op == 'remove':
            operation = 'delete'
        else:
            operation = 'update' if exists else 'create'
        hidden = (exists and not image.is_new_property(name)
                  and not allows(name, 'read'))
        if change.op != 'add' and (hidden or not exists):
            raise exception.PatchConflict(
                'Property %(name)s does not exist.', name=name)
        if hidden or not allows(name, operation):
            raise exception.PropertyProtected(name=name)

    def _authorize_visibility(self, context, image):
        rule = _VISIBILITY_RULES.get(image.visibility)
        if rule:
            self._policy.authorize(context, rule,
                                   image.policy_target(context))


class ImagesSerializer(resource.Serializer):
    """Writes images as the caller sees them.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._views = image_view.ImageViews(service)
        self._stores = service.stores
        self._methods = service.conf.enabled_import_methods

    def index(self, request, page):
        """Images of a page with links to the first and the next one."""
        pairs = request.query_pairs()
        show = self._views.of(request.context)
        document = {
            'images': [show(image) for image in page.items],
            'first': query.link('/v2/images', pairs, drop=('marker',)),
            'schema': '/v2/schemas/images',
        }
        if page.marker is not None:
            document['next'] = query.link('/v2/images', pairs,
                                          marker=page.marker)
        return resource.json_response(document)

    def create(self, request, image):
        """The new image, and where it is."""
        response = self.update(request, image)
        response.status_int = 201
        response.headers['Location'] = (
            f'{request.application_url}/images/{image.id}')
        if self._methods:
            response.headers['OpenStack-image-import-methods'] = ','.join(
                self._methods)
        if self._stores.multiple:
            response.headers['OpenStack-image-store-ids'] = ','.join(
                self._stores.identifiers)
        return response

    def show(self, request, image):
        """The image: 200, or 304 if the client has it.

        Its tag is over what this caller sees. It goes without Last-Modified:
        an image may change twice in a second.
        """
        response = self.update(request, image)
        response.etag = hashlib.blake2b(
            response.body, digest_size=16).hexdigest()
        if conditions.not_modified(request.headers, response.etag):
            conditions.make_not_modified(response)
        return response

    def update(self, request, image):
        """The image."""
        return resource.json_response(
            self._views.of(request.context)(image))

    def delete(self, request, result):
        """Nothing; or what another host says."""
        return result or webob.Response(status=204)


def create_resource(service, schema):
    """:returns: the resource that serves ``/v2/images``."""
    return resource.Resource(
        ImagesController(service), ImagesDeserializer(service.conf, schema),
        ImagesSerializer(service))


def _require_changeable(context, image, name):
    """Data is of the format it was uploaded as; owners are given."""
    if name in _FORMATS and image.status != 'queued':
        raise exception.FormatFixed(name=name)
    if name == 'owner' and not context.is_admin:
        raise exception.OwnerFixed()


def _require_writable(name, read_only):
    if name in read_only:
        raise exception.ReadOnlyProperty(name=name)
    if image_object.is_reserved(name):
        raise exception.ReservedProperty(name=name)


def _require_storable(name, value):
    """:raises Invalid: a database could not hold that; names the limit."""
    if len(name) > _LONGEST_NAME:
        raise exception.InvalidImage(
            schema='image', reason=f'property names have at most '
                                   f'{_LONGEST_NAME} characters')
    for text in (name, *(value if isinstance(value, list) else [value])):
        if not isinstance(text, str):
            continue
        if image_object.UNSTORABLE.search(text):
            raise exception.InvalidImage(
                schema='image', reason=f'{_printable(name)}: it contains a '
                                       'character that cannot be stored')
        if len(text.encode()) > _LONGEST_VALUE:
            raise exception.InvalidImage(
                schema='image', reason=f'{name}: values have at most '
                                       f'{_LONGEST_VALUE} bytes in UTF-8')
    if name in _NUMBERS:
        _require_bounds(name, value)


def _plain(name, value):
    """JSON knows one kind of number: 100.0 is an integer (RFC 8259)."""
    return int(value) if name in _NUMBERS and value is not None else value


def _require_bounds(name, value):
    if not 0 <= value <= image_object.MAX_INTEGER:
        raise exception.InvalidParameter(
            name=name, value=value,
            reason=f'it must be from 0 to {image_object.MAX_INTEGER}')


def _printable(name):
    return name.encode('ascii', 'backslashreplace').decode()
