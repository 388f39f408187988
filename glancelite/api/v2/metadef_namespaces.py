# SPDX-License-Identifier: Apache-2.0
"""Namespaces of metadata definitions."""
import dataclasses

from glancelite import exception
from glancelite.api import query
from glancelite.api import resource
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import metadef_access
from glancelite.objects import metadef

_SORT_KEYS = ('namespace', 'display_name', 'visibility', 'owner',
              'protected', 'created_at', 'updated_at', 'id')

#: Members of a document and those of a Namespace that are called the same.
_PLAIN = ('display_name', 'description', 'visibility', 'protected', 'owner')


class NamespacesDeserializer(resource.Deserializer):
    """Reads requests on namespaces."""

    def __init__(self, conf):
        self._default_limit = conf.limit_param_default
        self._max_limit = conf.api_limit_max
        self._document = metadef_access.DocumentReader(
            conf, metadef_schema.NAMESPACE_REQUEST)

    def index(self, request):
        """Filters, sort, marker and limit."""
        pairs = request.query_pairs()
        page = query.parse_page(
            pairs, self._default_limit, self._max_limit, _SORT_KEYS)
        single = dict(pairs)
        filters = {}
        if 'visibility' in single:
            if single['visibility'] not in metadef.VISIBILITIES:
                raise exception.InvalidParameter(
                    name='visibility', value=single['visibility'],
                    reason='it must be public or private')
            filters['visibility'] = single['visibility']
        if 'resource_types' in single:
            filters['resource_types'] = single['resource_types'].split(',')
        return {'filters': filters, **page}

    def create(self, request):
        """A namespace, perhaps with what it holds."""
        return {'document': self._document.read(request)}

    update = create

    def show(self, request):
        """``resource_type``, whose prefix the names are to have."""
        if request.has_body:
            raise exception.BodyNotExpected()
        return {'resource_type': dict(request.query_pairs()).get(
            'resource_type')}


class NamespacesController:
    """Acts on namespaces.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._namespaces = service.metadefs.namespaces
        self._access = metadef_access.MetadefAccess(service)
        self._notifier = service.notifier

    def index(self, context, filters, marker, limit, sort):
        """:returns: a page of namespaces with their resource types."""
        self._access.authorize(context, 'get_metadef_namespaces')
        return self._namespaces.list(context, filters, sort, marker, limit)

    def create(self, context, document):
        """:returns: the new namespace, and the document it came as."""
        namespace, contents = described(document, context.project_id or '')
        self._access.authorize(context, 'add_metadef_namespace', namespace)
        self._namespaces.add(context, namespace, contents)
        self._notifier.namespace('create', namespace)
        for noun, things in (('resource_type', contents.resource_types),
                             ('object', contents.objects),
                             ('tag', contents.tags),
                             ('property', contents.properties)):
            for each in things:
                self._notifier.definition(noun, 'create', namespace, each)
        return namespace, document

    def show(self, context, namespace_name, resource_type):
        """:returns: the namespace and its contents."""
        namespace = self._access.get(context, namespace_name,
                                     'get_metadef_namespace')
        found = self._namespaces.contents(context, namespace)
        return namespace, found.prefixed(resource_type)

    def update(self, context, namespace_name, document):
        """:returns: the namespace; what it holds is not concerned.

        What the document does not tell is as in a new namespace.
        """
        namespace = self._access.get(context, namespace_name,
                                     'modify_metadef_namespace')
        changed, _contents = described(document, context.project_id or '')
        changed.id = namespace.id
        changed.created_at = namespace.created_at
        self._namespaces.save(context, changed)
        self._notifier.namespace('update', changed, namespace.name)
        return changed

    def delete(self, context, namespace_name):
        """Delete the namespace and all that it holds."""
        namespace = self._access.get(context, namespace_name,
                                     'delete_metadef_namespace')
        self._namespaces.remove(context, namespace)
        self._notifier.namespace('delete', namespace)


class NamespacesSerializer(resource.Serializer):
    """Writes namespaces."""

    def index(self, request, page):
        """Namespaces of a page with links to the first and the next one."""
        pairs = request.query_pairs()
        document = {
            'namespaces': [_brief(namespace, types)
                           for namespace, types in page.items],
            'first': query.link(metadef_access.PATH, pairs,
                                drop=('marker',)),
            'schema': '/v2/schemas/metadefs/namespaces'}
        if page.marker is not None:
            document['next'] = query.link(metadef_access.PATH, pairs,
                                          marker=page.marker)
        return resource.json_response(document)

    def create(self, request, created):
        """The new namespace, with what came with it."""
        namespace, given = created
        document = {**_plain(namespace), **{
            name: given[name] for name in (
                'resource_type_associations', 'properties', 'objects',
                'tags') if name in given}, **_links(namespace)}
        response = resource.json_response(document, 201)
        response.headers['Location'] = request.host_url + document['self']
        return response

    def show(self, request, found):
        """The namespace with all that it holds."""
        namespace, its = found
        document = _brief(namespace, its.resource_types)
        if its.properties:
            document['properties'] = {
                each.name: each.document for each in its.properties}
        if its.objects:
            document['objects'] = [object_document(namespace, each)
                                   for each in its.objects]
        if its.tags:
            document['tags'] = [{'name': each.name} for each in its.tags]
        return resource.json_response(document)

    def update(self, request, namespace):
        """The namespace itself."""
        return resource.json_response(
            {**_plain(namespace), **_links(namespace)})


def described(document, owner):
    """:returns: the namespace that a document describes, and its contents.

    :param owner: whose it is if the document does not tell.
    """
    values = {name: document[name] for name in _PLAIN if name in document}
    namespace = metadef.Namespace(
        document['namespace'], **{'owner': owner, **values})
    return namespace, metadef.Contents(
        [metadef.ResourceType(each['name'], each.get('prefix'),
                              each.get('properties_target'))
         for each in document.get('resource_type_associations', ())],
        [metadef.Definition(name, schema) for name, schema
         in document.get('properties', {}).items()],
        [definition(each) for each in document.get('objects', ())],
        [metadef.Definition(each['name'])
         for each in document.get('tags', ())])


def definition(document):
    """:returns: what ``document`` defines under its own name."""
    return metadef.Definition(document['name'], {
        name: value for name, value in document.items() if name != 'name'})


def description(namespace, contents):
    """:returns: the document that :func:`described` reads."""
    types = [dataclasses.replace(each, created_at=None, updated_at=None)
             for each in contents.resource_types]
    return {
        **{name: value for name, value in _plain(namespace).items()
           if name not in metadef_schema.READ_ONLY},
        'resource_type_associations': [
            resource_type_document(each) for each in types],
        'properties': {
            each.name: each.document for each in contents.properties},
        'objects': [{'name': each.name, **each.document}
                    for each in contents.objects],
        'tags': [{'name': each.name} for each in contents.tags]}


def _plain(namespace):
    document = {'namespace': namespace.name}
    for name in _PLAIN:
        if getattr(namespace, name) is not None:
            document[name] = getattr(namespace, name)
    return {**document, **metadef_access.times(namespace)}


def _links(namespace):
    return {'self': metadef_access.path(namespace.name),
            'schema': '/v2/schemas/metadefs/namespace'}


def _brief(namespace, types):
    document = _plain(namespace)
    if types:
        document['resource_type_associations'] = [
            resource_type_document(each) for each in types]
    return {**document, **_links(namespace)}


def resource_type_document(resource_type):
    """:returns: a type that a namespace is for, as the API shows it."""
    document = {'name': resource_type.name}
    for name in ('prefix', 'properties_target'):
        if getattr(resource_type, name) is not None:
            document[name] = getattr(resource_type, name)
    return {**document, **metadef_access.times(resource_type)}


def object_document(namespace, definition):
    """:returns: an object as the API shows it."""
    return {'name': definition.name, **definition.document,
            **metadef_access.times(definition),
            'self': metadef_access.path(namespace.name, 'objects',
                                        definition.name),
            'schema': '/v2/schemas/metadefs/object'}


def create_resource(service):
    """:returns: the resource for ``/v2/metadefs/namespaces``."""
    return resource.Resource(
        NamespacesController(service), NamespacesDeserializer(service.conf),
        NamespacesSerializer())
