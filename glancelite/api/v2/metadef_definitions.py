# SPDX-License-Identifier: Apache-2.0
"""What objects, properties and tags of a namespace have in common."""
from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import metadef_access
from glancelite.api.v2 import metadef_namespaces

#: What many of a kind are called.
_PLURALS = {'object': 'objects', 'property': 'properties', 'tag': 'tags'}

#: The rules that guard all definitions of a kind at once.
_CLEAR = 'delete_metadef_namespace'


class DefinitionsDeserializer(resource.Deserializer):
    """Reads requests on definitions of one kind.

    :param conf: the service's options.
    :param schema: of a request.
    """

    def __init__(self, conf, schema):
        self._document = metadef_access.DocumentReader(conf, schema)

    def create(self, request):
        """A definition under its name."""
        return {'definition': metadef_namespaces.definition(
            self._document.read(request))}

    update = create


class DefinitionsController:
    """Acts on definitions of one kind.

    :param service: a :class:`~glancelite.service.Service`.
    :param repository: of the kind.
    :param rules: the policy rule of each action.
    :param noun: of the kind, as events name it.
    """

    def __init__(self, service, repository, rules, noun):
        self._definitions = repository
        self._rules = rules
        self._noun = noun
        self._notifier = service.notifier
        self._access = metadef_access.MetadefAccess(service)

    def index(self, context, namespace_name):
        """:returns: the namespace, and all its definitions of the kind."""
        namespace = self._namespace(context, namespace_name, 'index')
        return namespace, self._definitions.list(context, namespace)

    def create(self, context, namespace_name, definition):
        """:returns: the namespace and the new definition."""
        namespace = self._namespace(context, namespace_name, 'create')
        self._definitions.add(context, namespace, [definition])
        self._notifier.definition(self._noun, 'create', namespace, definition)
        return namespace, definition

    def show(self, context, namespace_name, name):
        """:returns: the namespace and the definition."""
        namespace = self._namespace(context, namespace_name, 'show')
        return namespace, self._definitions.get(context, namespace, name)

    def update(self, context, namespace_name, name, definition):
        """:returns: the namespace and the definition as it is now.

        What it does not say any more is gone; it may bear a new name.
        """
        namespace = self._namespace(context, namespace_name, 'update')
        stored = self._definitions.get(context, namespace, name)
        definition.id = stored.id
        definition.created_at = stored.created_at
        self._definitions.save(context, namespace, definition)
        self._notifier.definition(self._noun, 'update', namespace, definition,
                                  name)
        return namespace, definition

    def delete(self, context, namespace_name, name):
        """Delete one definition."""
        namespace = self._namespace(context, namespace_name, 'delete')
        definition = self._definitions.get(context, namespace, name)
        self._definitions.remove(context, namespace, definition)
        self._notifier.definition(self._noun, 'delete', namespace, definition)

    def clear(self, context, namespace_name):
        """Delete all definitions of the kind."""
        namespace = self._access.get(context, namespace_name, _CLEAR)
        if 'clear' in self._rules:
            self._namespace(context, namespace_name, 'clear')
        self._definitions.remove_all(context, namespace)
        self._notifier.namespace(f'delete_{_PLURALS[self._noun]}', namespace)

    def _namespace(self, context, name, action):
        return self._access.get(context, name, self._rules[action])


def require_no_body(request):
    """:raises BodyNotExpected: there is one."""
    if request.has_body:
        raise exception.BodyNotExpected()
