# SPDX-License-Identifier: Apache-2.0
"""Properties of a namespace."""
from glancelite import exception
from glancelite.api import resource
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import metadef_definitions

_RULES = {'index': 'get_metadef_properties', 'show': 'get_metadef_property',
          'create': 'add_metadef_property',
          'update': 'modify_metadef_property',
          'delete': 'remove_metadef_property'}


class PropertiesDeserializer(metadef_definitions.DefinitionsDeserializer):
    """Reads requests on properties."""

    def show(self, request):
        """``resource_type``, whose prefix the name has."""
        metadef_definitions.require_no_body(request)
        return {'resource_type': dict(request.query_pairs()).get(
            'resource_type')}


class PropertiesController(metadef_definitions.DefinitionsController):
    """Acts on properties.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        super().__init__(service, service.metadefs.properties, _RULES,
                         'property')
        self._types = service.metadefs.resource_types

    def show(self, context, namespace_name, name, resource_type=None):
        """:returns: the namespace and the property.

        :param resource_type: for which ``name`` is prefixed, or None.
        """
        if resource_type is None:
            return super().show(context, namespace_name, name)
        namespace = self._namespace(context, namespace_name, 'show')
        prefix = next((
            each.prefix or '' for each in self._types.of_namespace(
                context, namespace) if each.name == resource_type), None)
        if prefix is None or not name.startswith(prefix):
            raise exception.DefinitionNotFound(
                noun='property', name=name, namespace=namespace_name)
        return namespace, self._definitions.get(
            context, namespace, name.removeprefix(prefix))


class PropertiesSerializer(resource.Serializer):
    """Writes properties."""

    def index(self, request, found):
        """All of them by their names."""
        return resource.json_response({'properties': {
            each.name: each.document for each in found[1]}})

    def show(self, request, found):
        """One property."""
        return resource.json_response(_document(found[1]))

    update = show

    def create(self, request, created):
        """The new property."""
        return resource.json_response(_document(created[1]), 201)


def _document(definition):
    return {**definition.document, 'name': definition.name}


def create_resource(service):
    """:returns: the resource for ``properties`` of namespaces."""
    return resource.Resource(
        PropertiesController(service),
        PropertiesDeserializer(service.conf,
                               metadef_schema.PROPERTY_REQUEST),
        PropertiesSerializer())
