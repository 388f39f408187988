# SPDX-License-Identifier: Apache-2.0
"""Objects of a namespace: groups of properties."""
from glancelite.api import query
from glancelite.api import resource
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import metadef_definitions
from glancelite.api.v2 import metadef_namespaces

_RULES = {'index': 'get_metadef_objects', 'show': 'get_metadef_object',
          'create': 'add_metadef_object', 'update': 'modify_metadef_object',
          'delete': 'delete_metadef_object'}


class ObjectsDeserializer(metadef_definitions.DefinitionsDeserializer):
    """Reads requests on objects."""

    def index(self, request):
        """The list has no pages; a limit must be a number all the same."""
        metadef_definitions.require_no_body(request)
        query.parse_limit(dict(request.query_pairs()).get('limit'), 0, 0)
        return {}


class ObjectsSerializer(resource.Serializer):
    """Writes objects."""

    def index(self, request, found):
        """All of them."""
        namespace, objects = found
        return resource.json_response({
            'objects': [metadef_namespaces.object_document(namespace, each)
                        for each in objects],
            # Without a slash, as Glance has it.
            'schema': 'v2/schemas/metadefs/objects'})

    def show(self, request, found):
        """One object."""
        return resource.json_response(
            metadef_namespaces.object_document(*found))

    update = show

    def create(self, request, created):
        """The new object."""
        return resource.json_response(
            metadef_namespaces.object_document(*created), 201)


def create_resource(service):
    """:returns: the resource for ``objects`` of namespaces."""
    return resource.Resource(
        metadef_definitions.DefinitionsController(
            service, service.metadefs.objects, _RULES, 'object'),
        ObjectsDeserializer(service.conf, metadef_schema.OBJECT_REQUEST),
        ObjectsSerializer())
