# SPDX-License-Identifier: Apache-2.0
"""Tags of a namespace."""
from oslo_utils import strutils

from glancelite.api import query
from glancelite.api import resource
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import metadef_access
from glancelite.api.v2 import metadef_definitions
from glancelite.objects import metadef

_RULES = {'index': 'get_metadef_tags', 'show': 'get_metadef_tag',
          'create': 'add_metadef_tag', 'create_all': 'add_metadef_tags',
          'update': 'modify_metadef_tag', 'delete': 'delete_metadef_tag',
          'clear': 'delete_metadef_tags'}

_SORT_KEYS = ('name', 'created_at', 'updated_at', 'id')


class TagsDeserializer(metadef_definitions.DefinitionsDeserializer):
    """Reads requests on tags."""

    def __init__(self, conf):
        super().__init__(conf, metadef_schema.TAG_REQUEST)
        self._default_limit = conf.limit_param_default
        self._max_limit = conf.api_limit_max
        self._documents = metadef_access.DocumentReader(
            conf, metadef_schema.TAGS_REQUEST)

    def index(self, request):
        """Sort, marker and limit."""
        metadef_definitions.require_no_body(request)
        return query.parse_page(
            request.query_pairs(), self._default_limit, self._max_limit,
            _SORT_KEYS)

    def create(self, request):
        """Nothing: the path has the name."""
        metadef_definitions.require_no_body(request)
        return {}

    def create_all(self, request):
        """``{"tags": [{"name": name}]}``, and whether others stay."""
        document = self._documents.read(request)
        return {
            'names': [each['name'] for each in document['tags']],
            'appending': strutils.bool_from_string(
                request.headers.get('X-Openstack-Append'))}


class TagsController(metadef_definitions.DefinitionsController):
    """Acts on tags.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        super().__init__(service, service.metadefs.tags, _RULES, 'tag')
        self._document = metadef_access.DocumentReader(
            service.conf, metadef_schema.TAG_REQUEST)

    def index(self, context, namespace_name, sort, marker, limit):
        """:returns: the namespace, and its tags of a page."""
        namespace = self._namespace(context, namespace_name, 'index')
        return namespace, self._definitions.page(
            context, namespace, sort, marker, limit).items

    def create(self, context, namespace_name, name):
        """:returns: the namespace and the new tag."""
        self._document.checked({'name': name})
        return super().create(context, namespace_name,
                              metadef.Definition(name))

    def create_all(self, context, namespace_name, names, appending):
        """:returns: the namespace and the new tags.

        They come instead of those there are, unless ``appending``; no tags
        at all change nothing.
        """
        namespace = self._namespace(context, namespace_name, 'create_all')
        tags = [metadef.Definition(name) for name in names]
        if tags:
            self._definitions.add(context, namespace, tags,
                                  replacing=not appending)
        for tag in tags:
            self._notifier.definition(self._noun, 'create', namespace, tag)
        return namespace, tags


class TagsSerializer(resource.Serializer):
    """Writes tags."""

    def index(self, request, found):
        """Names alone."""
        return resource.json_response(_names(found[1]))

    def show(self, request, found):
        """One tag."""
        return resource.json_response(_document(found[1]))

    update = show

    def create(self, request, created):
        """The new tag."""
        return resource.json_response(_document(created[1]), 201)

    def create_all(self, request, created):
        """The new tags."""
        return resource.json_response(_names(created[1]), 201)


def _names(tags):
    return {'tags': [{'name': each.name} for each in tags]}


def _document(tag):
    return {'name': tag.name, **metadef_access.times(tag)}


def create_resource(service):
    """:returns: the resource for ``tags`` of namespaces."""
    return resource.Resource(
        TagsController(service), TagsDeserializer(service.conf),
        TagsSerializer())
