# SPDX-License-Identifier: Apache-2.0
"""Types of resources, and the namespaces that are for them."""
from glancelite.api import resource
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import metadef_access
from glancelite.api.v2 import metadef_namespaces
from glancelite.objects import metadef


class ResourceTypesDeserializer(resource.Deserializer):
    """Reads requests on resource types."""

    def __init__(self, conf):
        self._document = metadef_access.DocumentReader(
            conf, metadef_schema.RESOURCE_TYPE_REQUEST)

    def create(self, request):
        """A type, and how the namespace is applied to it."""
        return {'resource_type': metadef.ResourceType(
            **self._document.read(request))}


class ResourceTypesController:
    """Acts on resource types.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._types = service.metadefs.resource_types
        self._access = metadef_access.MetadefAccess(service)
        self._notifier = service.notifier

    def all(self, context):
        """:returns: every type that is known."""
        self._access.authorize(context, 'list_metadef_resource_types')
        return self._types.list(context)

    def index(self, context, namespace_name):
        """:returns: the types that the namespace is for."""
        namespace = self._access.get(context, namespace_name,
                                     'get_metadef_resource_type')
        return self._types.of_namespace(context, namespace)

    def create(self, context, namespace_name, resource_type):
        """:returns: the type that the namespace is for from now on."""
        namespace = self._access.get(
            context, namespace_name, 'add_metadef_resource_type_association')
        self._types.add(context, namespace, resource_type)
        self._notifier.definition('resource_type', 'create', namespace,
                                  resource_type)
        return resource_type

    def delete(self, context, namespace_name, name):
        """Let the namespace no longer be for the type."""
        namespace = self._access.get(
            context, namespace_name,
            'remove_metadef_resource_type_association')
        former = [each for each
                  in self._types.of_namespace(context, namespace)
                  if each.name == name]
        self._types.remove(context, namespace, name)
        for each in former:
            self._notifier.definition('resource_type', 'delete', namespace,
                                      each)


class ResourceTypesSerializer(resource.Serializer):
    """Writes resource types."""

    def all(self, request, types):
        """Names, and when they came."""
        return resource.json_response({'resource_types': [
            metadef_namespaces.resource_type_document(each)
            for each in types]})

    def index(self, request, types):
        """Those of a namespace."""
        return resource.json_response({'resource_type_associations': [
            metadef_namespaces.resource_type_document(each)
            for each in types]})

    def create(self, request, resource_type):
        """The new one."""
        return resource.json_response(
            metadef_namespaces.resource_type_document(resource_type), 201)


def create_resource(service):
    """:returns: the resource for ``resource_types`` of namespaces."""
    return resource.Resource(
        ResourceTypesController(service),
        ResourceTypesDeserializer(service.conf), ResourceTypesSerializer())
