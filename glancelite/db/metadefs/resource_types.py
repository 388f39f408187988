# SPDX-License-Identifier: Apache-2.0
"""Types of resources, and the namespaces that are for them."""
from oslo_db import exception as db_exception
import sqlalchemy

from glancelite import exception
from glancelite.db import api
from glancelite.db import models
from glancelite.db.metadefs import definitions
from glancelite.objects import metadef

_associations = models.metadef_namespace_resource_types
_types = models.metadef_resource_types

_NOUN = 'resource type'


class ResourceTypes:
    """The repository of resource types.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database

    @api.transaction
    def list(self, context):
        """:returns: every type that a namespace ever named."""
        with self._database.reader() as connection:
            return [metadef.ResourceType(
                row.name, created_at=row.created_at,
                updated_at=row.updated_at) for row in connection.execute(
                    sqlalchemy.select(_types).order_by(_types.c.id))]

    @api.transaction
    def of_namespace(self, context, namespace):
        """:returns: the types that a namespace is for."""
        with self._database.reader() as connection:
            return of_namespaces(connection, [namespace.id]).get(
                namespace.id, [])

    @api.transaction
    def add(self, context, namespace, resource_type):
        """Let a namespace be for a type, which need not be known yet.

        :raises DefinitionExists: it is for it already.
        :raises NamespaceNotFound: it was deleted meanwhile.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            definitions.lock(connection, namespace)
            associate(connection, namespace, resource_type, moment)

    @api.transaction
    def remove(self, context, namespace, name):
        """Let a namespace no longer be for a type; the type stays.

        :raises DefinitionNotFound: it is not for it.
        :raises NamespaceProtected: the namespace is protected.
        """
        with self._database.writer() as connection:
            definitions.lock(connection, namespace)
            type_id = _type_id(connection, name)
            its = sqlalchemy.and_(
                _associations.c.namespace_id == namespace.id,
                _associations.c.resource_type_id == type_id)
            if type_id is None or not connection.execute(
                    sqlalchemy.select(_associations).where(its)).first():
                raise exception.DefinitionNotFound(
                    noun=_NOUN, name=name, namespace=namespace.name)
            definitions.lock(connection, namespace, removing=True)
            connection.execute(_associations.delete().where(its))


def of_namespaces(connection, ids):
    """:returns: dict of a namespace's id and the types it is for."""
    found = {}
    if not ids:
        return found
    rows = connection.execute(
        sqlalchemy.select(
            _associations.c.namespace_id, _types.c.name,
            _associations.c.prefix, _associations.c.properties_target,
            _associations.c.created_at, _associations.c.updated_at)
        .join(_types, _types.c.id == _associations.c.resource_type_id)
        .where(_associations.c.namespace_id.in_(ids))
        .order_by(_types.c.id))
    for namespace_id, *values in rows:
        found.setdefault(namespace_id, []).append(
            metadef.ResourceType(*values))
    return found


def associate(connection, namespace, resource_type, moment):
    """Store that a namespace is for a type, and the type if it is new.

    :raises DefinitionExists: it is for it already.
    """
    type_id = _type_id(connection, resource_type.name)
    times = {'created_at': moment, 'updated_at': moment}
    try:
        if type_id is None:
            type_id = connection.execute(_types.insert().values(
                name=resource_type.name, protected=False,
                **times)).inserted_primary_key[0]
        connection.execute(_associations.insert().values(
            resource_type_id=type_id, namespace_id=namespace.id,
            prefix=resource_type.prefix,
            properties_target=resource_type.properties_target, **times))
    except db_exception.DBDuplicateEntry:
        raise exception.DefinitionExists(
            noun=_NOUN, name=resource_type.name,
            namespace=namespace.name) from None
    resource_type.created_at = resource_type.updated_at = moment


def _type_id(connection, name):
    for type_id, stored in connection.execute(sqlalchemy.select(
            _types.c.id, _types.c.name).where(_types.c.name == name)):
        if stored == name:
            return type_id
    return None
