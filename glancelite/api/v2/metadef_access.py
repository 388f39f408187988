# SPDX-License-Identifier: Apache-2.0
"""What the calls on metadata definitions share: access and bodies."""
import urllib.parse

from glancelite import exception
from glancelite.api.schemas import metadef as metadef_schema
from glancelite.api.v2 import schemas
from glancelite.objects import image as image_object

PATH = '/v2/metadefs/namespaces'

#: Bytes that a text column holds on every database.
_LONGEST_TEXT = 65535


class MetadefAccess:
    """Gets namespaces on behalf of callers.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._namespaces = service.metadefs.namespaces
        self._policy = service.policy

    def get(self, context, name, rule):
        """:returns: the namespace, if ``rule`` permits.

        :raises NamespaceNotFound: the caller may not know of it.
        :raises RuleForbids: the caller may see it, and no more.
        """
        namespace = self._namespaces.get(context, name)
        target = namespace.policy_target()
        if self._policy.check(context, rule, target):
            return namespace
        if self._policy.check(context, 'get_metadef_namespace', target):
            raise exception.RuleForbids(rule=rule)
        raise exception.NamespaceNotFound(namespace=name)

    def authorize(self, context, rule, namespace=None):
        """Ask for what concerns no namespace that is there.

        :param namespace: one that is to be, or None.
        :raises MetadefNotFound: the caller may see no namespace at all.
        :raises RuleForbids: the caller may see his own, and no more.
        """
        target = namespace.policy_target() if namespace else {}
        target['project_id'] = context.project_id
        if self._policy.check(context, rule, target):
            return
        if self._policy.check(context, 'get_metadef_namespaces', target):
            raise exception.RuleForbids(rule=rule)
        raise exception.MetadefNotFound()


class DocumentReader:
    """Reads JSON bodies that a schema describes.

    :param conf: for the size that a body may have.
    :param schema: of :mod:`glancelite.api.schemas.metadef`.
    """

    def __init__(self, conf, schema):
        self._max_body = conf.max_json_body_size
        self._validate = schemas.validator(schema)
        # A property of such a name is none of ours.
        self._read_only = [name for name in metadef_schema.READ_ONLY
                           if name in schema['properties']]

    def read(self, request):
        """:returns: the document.

        :raises ReadOnlyProperty: the service alone sets a member of it.
        :raises InvalidImage, Invalid: it is not what the schema describes,
            or no database could hold it.
        """
        document = request.json_document(self._max_body)
        if not isinstance(document, dict):
            raise exception.Invalid('The body must be a JSON object.')
        for name in self._read_only:
            if name in document:
                raise exception.ReadOnlyProperty(name=name)
        return self.checked(document)

    def checked(self, document):
        """:returns: ``document``. Raises as :meth:`read`."""
        self._validate(document)
        _require_storable(document)
        return document


def _require_storable(document):
    for name, text in _texts(document):
        if image_object.UNSTORABLE.search(text):
            raise exception.Invalid(
                '%(name)s: it contains a character that cannot be stored.',
                name=name.encode('ascii', 'backslashreplace').decode())
    if len(document.get('description', '').encode()) > _LONGEST_TEXT:
        raise exception.Invalid(
            'description: it has more than %(limit)s bytes.',
            limit=_LONGEST_TEXT)


def _texts(document):
    """Yield (member, text) of every text in ``document``, keys included."""
    for name, value in document.items():
        yield name, name
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, str):
                yield name, each
            elif isinstance(each, list):
                waiting += each
            elif isinstance(each, dict):
                waiting += [*each, *each.values()]


def path(*names):
    """:returns: the path of what lies under the namespaces."""
    return '/'.join([PATH, *(urllib.parse.quote(
        name, safe=":@!$&'()*+,;=~") for name in names)])


def times(item):
    """:returns: when ``item`` came and changed, as members of a document."""
    return {name: image_object.timestamp(getattr(item, name))
            for name in ('created_at', 'updated_at') if getattr(item, name)}
