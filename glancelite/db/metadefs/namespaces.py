# SPDX-License-Identifier: Apache-2.0
"""Namespaces of metadata definitions in the database."""
from oslo_db import exception as db_exception
import sqlalchemy

from glancelite import exception
from glancelite.db import api
from glancelite.db import keyset
from glancelite.db import models
from glancelite.db.metadefs import definitions
from glancelite.db.metadefs import resource_types
from glancelite.objects import metadef
from glancelite.objects import query as query_object

_namespaces = models.metadef_namespaces
_associations = models.metadef_namespace_resource_types
_types = models.metadef_resource_types

_COLUMNS = (_namespaces.c.namespace, _namespaces.c.owner,
            _namespaces.c.display_name, _namespaces.c.description,
            _namespaces.c.visibility, _namespaces.c.protected,
            _namespaces.c.id, _namespaces.c.created_at,
            _namespaces.c.updated_at)


class Namespaces:
    """The repository of namespaces.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database

    @api.transaction
    def list(self, context, filters, sort, marker, limit):
        """:returns: a :class:`Page` of what the caller may see: pairs of a
            namespace and its resource types.

        :param filters: ``visibility`` and ``resource_types`` (a list).
        :param sort: (key, direction) pairs, the last of which never ties.
        :raises NamespaceNotFound: the marker names none that he may see.
        """
        statement = sqlalchemy.select(*_COLUMNS).where(
            *_visible(context), *_chosen(filters))
        with self._database.reader() as connection:
            if marker is not None:
                after = self._row(connection, context, marker)
                statement = statement.where(
                    keyset.beyond(_namespaces, sort, after))
            found = [metadef.Namespace(*row) for row in connection.execute(
                statement.order_by(*keyset.order(
                    _namespaces, sort, self._database.dialect))
                .limit(limit))]
            types = resource_types.of_namespaces(
                connection, [each.id for each in found])
        full = limit and len(found) == limit
        return query_object.Page(
            [(each, types.get(each.id, [])) for each in found],
            found[-1].name if full else None)

    @api.transaction
    def get(self, context, name):
        """:returns: one namespace.

        :raises NamespaceNotFound: it is not there, or not for the caller.
        """
        with self._database.reader() as connection:
            row = self._row(connection, context, name)
        return metadef.Namespace(*(row[column.name] for column in _COLUMNS))

    @staticmethod
    def _row(connection, context, name):
        rows = connection.execute(
            sqlalchemy.select(_namespaces).where(
                _namespaces.c.namespace == name, *_visible(context)))
        for row in rows.mappings():
            # MySQL finds it whatever the letter case.
            if row['namespace'] == name:
                return row
        raise exception.NamespaceNotFound(namespace=name)

    @api.transaction
    def add(self, context, namespace, contents=None):
        """Store a new namespace with all that it holds, or nothing.

        :param contents: a :class:`~glancelite.objects.metadef.Contents`.
        :raises NamespaceExists: there is one of its name.
        :raises DefinitionExists: a name comes twice in the contents.
        """
        contents = contents or metadef.Contents()
        moment = self._database.now()
        with self._database.writer() as connection:
            try:
                namespace.id = connection.execute(
                    _namespaces.insert().values(
                        **_values(namespace), created_at=moment,
                        updated_at=moment)).inserted_primary_key[0]
            except db_exception.DBDuplicateEntry:
                raise exception.NamespaceExists(
                    namespace=namespace.name) from None
            for each in contents.resource_types:
                resource_types.associate(connection, namespace, each, moment)
            for kind in definitions.KINDS:
                definitions.insert(connection, kind, namespace,
                                   getattr(contents, kind.plural), moment)
        namespace.created_at = namespace.updated_at = moment

    @api.transaction
    def save(self, context, namespace):
        """Store what has become of a namespace itself.

        :raises NamespaceExists: another one has its name.
        :raises NamespaceNotFound: it was deleted meanwhile.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            try:
                done = connection.execute(
                    _namespaces.update()
                    .where(_namespaces.c.id == namespace.id)
                    .values(**_values(namespace), updated_at=moment))
            except db_exception.DBDuplicateEntry:
                raise exception.NamespaceExists(
                    namespace=namespace.name) from None
            if not done.rowcount:
                raise exception.NamespaceNotFound(namespace=namespace.name)
        namespace.updated_at = moment

    @api.transaction
    def remove(self, context, namespace):
        """Remove a namespace and all that it holds.

        :raises NamespaceProtected: it is protected.
        :raises NamespaceNotFound: it was deleted meanwhile.
        """
        with self._database.writer() as connection:
            definitions.lock(connection, namespace, removing=True)
            for kind in definitions.KINDS:
                connection.execute(kind.table.delete().where(
                    kind.table.c.namespace_id == namespace.id))
            connection.execute(_associations.delete().where(
                _associations.c.namespace_id == namespace.id))
            connection.execute(_namespaces.delete().where(
                _namespaces.c.id == namespace.id))

    @api.transaction
    def remove_everything(self, context):
        """Remove all namespaces, protected or not, and all they hold."""
        with self._database.writer() as connection:
            for table in (*(kind.table for kind in definitions.KINDS),
                          _associations, _types, _namespaces):
                connection.execute(table.delete())

    @api.transaction
    def contents(self, context, namespace):
        """:returns: the :class:`Contents` of a namespace."""
        with self._database.reader() as connection:
            types = resource_types.of_namespaces(connection, [namespace.id])
            return metadef.Contents(
                types.get(namespace.id, []),
                **{kind.plural: definitions.read(connection, kind, namespace)
                   for kind in definitions.KINDS})


def _visible(context):
    """:returns: conditions: administrators see every namespace."""
    if context.is_admin:
        return []
    return [sqlalchemy.or_(_namespaces.c.visibility == metadef.PUBLIC,
                           _namespaces.c.owner == context.project_id)]


def _chosen(filters):
    """:returns: conditions that hold for what a list asks for."""
    conditions = []
    if filters.get('visibility'):
        conditions.append(
            _namespaces.c.visibility == filters['visibility'])
    if 'resource_types' in filters:
        conditions.append(_namespaces.c.id.in_(
            sqlalchemy.select(_associations.c.namespace_id)
            .join(_types, _types.c.id == _associations.c.resource_type_id)
            .where(_types.c.name.in_(filters['resource_types']))))
    return conditions


def _values(namespace):
    return {'namespace': namespace.name, 'owner': namespace.owner,
            'display_name': namespace.display_name,
            'description': namespace.description,
            'visibility': namespace.visibility,
            'protected': namespace.protected}
