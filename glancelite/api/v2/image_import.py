# SPDX-License-Identifier: Apache-2.0
"""The interoperable image import: stage, and import by a method."""
import dataclasses
import uuid

import webob

from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access
from glancelite.api.v2 import image_data
from glancelite.api.v2 import relay as relay_module
from glancelite.objects import catalogue
from glancelite.objects import import_request

#: Members of the request body, and what they must be.
_BOOLEANS = ('all_stores', 'all_stores_must_succeed')

#: Members of the method glance-download.
_OF_REGION = ('glance_region', 'glance_image_id', 'glance_service_interface')

#: Characters; as of an identifier in Keystone.
_LONGEST_NAME = 255


class ImageImportDeserializer(resource.Deserializer):
    """Reads requests to stage and to import."""

    def __init__(self, conf):
        self._max_body = conf.max_json_body_size
        self._data = image_data.ImageDataDeserializer()

    def stage(self, request):
        """The body, as of an upload."""
        return self._data.upload(request)

    def submit(self, request):
        """Method, and which stores shall have the data."""
        document = request.json_document(self._max_body)
        method = _member(document, 'method', dict)
        name = _member(method, 'name', str)
        for member in _BOOLEANS:
            if not isinstance(document.get(member, False), bool):
                raise exception.Invalid(
                    "'%(name)s' must be boolean value only", name=member)
        stores = document.get('stores')
        if stores is not None and not (
                isinstance(stores, list)
                and all(isinstance(each, str) for each in stores)):
            raise exception.Invalid("'stores' must be a list of strings")
        header = request.headers.get('x-image-meta-store')
        if stores and header:
            raise exception.Invalid(
                "Stores parameter and x-image-meta-store header can't be "
                'both specified')
        if document.get('all_stores') and (stores or header):
            raise exception.Invalid(
                "All_stores parameter can't be used with "
                'x-image-meta-store header or stores parameter')
        return {'method': name, 'given': method,
                'relay': relay_module.Relay.of(request, document),
                'caller': Caller(request.headers.get('X-Auth-Token'),
                                 request.headers.get('X-Service-Catalog')),
                'stores': stores or ([header] if header else None),
                'said': {member: document[member]
                         for member in ('stores', *_BOOLEANS)
                         if document.get(member) is not None}}


@dataclasses.dataclass(repr=False)
class Caller:
    """What a caller has shown to Keystone, and Keystone to him.

    :ivar token: the token.
    :ivar catalogue: the services he may use, as the header tells it.
    """

    token: str
    catalogue: str


def _member(document, name, kind):
    if not isinstance(document, dict) or name not in document:
        raise exception.Invalid(
            "Import request requires a '%(name)s' field.", name=name)
    if not isinstance(document[name], kind):
        raise exception.Invalid("'%(name)s' has the wrong type", name=name)
    return document[name]


class ImageImportController:
    """Takes staged data, and imports.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._access = access.ImageAccess(service)
        self._methods = service.conf.enabled_import_methods
        self._uploader = service.uploader
        self._imports = service.imports
        self._stores = service.stores
        self._fetcher = service.fetcher
        self._seal = service.seal
        self._relays = relay_module.Relays(service.peers, service.threads)

    def stage(self, context, image_id, source, size, digests, store=None):
        """Keep ``source`` until it is imported."""
        if import_request.GLANCE_DIRECT not in self._methods:
            raise exception.NotFound(
                "'glance-direct' method is not available at this site.")
        image = self._access.get(context, image_id, 'modify_image')
        self._uploader.stage(context, image, source, size, digests)

    def submit(self, context, image_id, method, given, caller, relay, stores,
               said):
        """Let the data come into stores; it goes on after the answer.

        :param said: what the request says of stores, as its task shows it.

        :returns: the response of the host that has what was staged, if that
            is another one.
        """
        if method not in self._methods:
            raise exception.Invalid("Unknown import method name '%(name)s'.",
                                    name=method)
        copy = method == import_request.COPY_IMAGE
        image = self._access.get(
            context, image_id, 'copy_image' if copy else 'modify_image')
        host = self._relays.host(image)
        if method == import_request.GLANCE_DIRECT and host:
            return self._relays.send(host, relay)
        details, secrets, shown = _DETAILS.get(method, _no_details)(
            self, given, caller)
        self._require_formats(image)
        targets = self._targets(image, stores, said.get('all_stores'), copy)
        if not (self._stores.multiple
                or said.get('all_stores_must_succeed', True)):
            raise exception.Invalid('All_stores_must_succeed can only be set '
                                    'with enabled_backends')
        if not targets:
            # It is everywhere. As in Glance that is no task.
            self._imports.require_status(image, method)
            return None
        self._imports.submit(context, image, import_request.ImportRequest(
            method, targets, said.get('all_stores_must_succeed', True),
            shown={'method': shown, **_shown(said)},
            single=not self._stores.multiple, **details), **secrets)
        return None

    def _web(self, given, caller):
        """:raises Invalid: nothing may be fetched from there."""
        uri = given.get('uri')
        if not isinstance(uri, str):
            raise exception.Invalid('web-download needs a uri')
        try:
            self._fetcher.check(uri)
        except exception.InvalidLocation:
            # Tempest knows a refusal by these words.
            raise exception.Invalid(
                'URI for web-download does not pass filtering') from None
        return {'uri': uri}, {}, {'name': given['name'], 'uri': uri}

    def _region(self, given, caller):
        """:raises Invalid: what the request names can be no region's image.
        """
        shown = {'glance_service_interface': 'public', **given}
        for name in _OF_REGION:
            if not isinstance(shown.get(name), str) or (
                    len(shown[name]) > _LONGEST_NAME):
                raise exception.Invalid(
                    "'%(name)s' needs to be set for glance-download import "
                    'method', name=name)
        try:
            remote_id = str(uuid.UUID(shown['glance_image_id']))
        except ValueError:
            raise exception.Invalid(
                "'glance_image_id': the image id does not look like a UUID"
            ) from None
        # A region that is not there makes the task fail, as in Glance.
        url = catalogue.endpoint(
            caller.catalogue, shown['glance_region'],
            shown['glance_service_interface'])
        if url is not None:
            self._fetcher.check(f'{url}/v2/images/{remote_id}')
        return ({'uri': url, 'remote_id': remote_id},
                {'sealed': self._seal.sealed(caller.token)},
                {name: shown[name] for name in ('name', *_OF_REGION)})

    @staticmethod
    def _require_formats(image):
        for name in ('container_format', 'disk_format'):
            if image.values[name] is None:
                raise exception.Conflict(
                    "'%(name)s' needs to be set before import", name=name)

    def _targets(self, image, stores, all_stores, copy):
        """:returns: identifiers of the stores that shall have the data."""
        if not self._stores.multiple:
            if copy:
                # It would be written over itself.
                raise exception.Invalid(
                    'There is no other store to copy the image to.')
            return [self._stores.default.identifier]
        if all_stores:
            stores = [driver.identifier for driver in self._stores
                      if driver.writable]
        elif not stores:
            stores = [self._stores.default.identifier]
        for identifier in stores:
            self._stores.target(identifier)
        if not copy:
            return list(dict.fromkeys(stores))
        present = {each.metadata.get('store') for each in image.locations}
        missing = [each for each in dict.fromkeys(stores)
                   if each not in present]
        if not all_stores and len(missing) < len(set(stores)):
            raise exception.Invalid(
                "Image is already present at store '%(store)s'",
                store=next(each for each in stores if each in present))
        return missing


def _shown(said):
    """:returns: ``said``, each store once."""
    if said.get('stores') is None:
        return said
    return {**said, 'stores': list(dict.fromkeys(said['stores']))}


def _no_details(controller, given, caller):
    return {}, {}, {'name': given['name']}


#: What a method wants to know besides: (fields of the request, what only
#: who runs it is to know, the method as its task shows it).
_DETAILS = {import_request.WEB_DOWNLOAD: ImageImportController._web,
            import_request.GLANCE_DOWNLOAD: ImageImportController._region}


class ImageImportSerializer(resource.Serializer):
    """Says that an import was taken on."""

    def submit(self, request, result):
        """Nothing, with 202: the image and its tasks tell the rest."""
        return result or webob.Response(status=202, content_type=None)


def create_resource(service):
    """:returns: the resource for staging and importing."""
    return resource.Resource(
        ImageImportController(service),
        ImageImportDeserializer(service.conf), ImageImportSerializer())
