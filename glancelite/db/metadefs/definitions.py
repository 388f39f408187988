# SPDX-License-Identifier: Apache-2.0
"""Definitions in namespaces: properties, objects and tags."""
import dataclasses
import json
import typing

from oslo_db import exception as db_exception
import sqlalchemy

from glancelite import exception
from glancelite.db import api
from glancelite.db import keyset
from glancelite.db import models
from glancelite.objects import metadef
from glancelite.objects import query as query_object

_namespaces = models.metadef_namespaces

#: Bytes that the column of a schema holds on every database.
_LONGEST_TEXT = 65535


@dataclasses.dataclass(frozen=True)
class Kind:
    """What tells the three apart.

    :ivar values: makes column values of a document.
    :ivar document: makes a document of a row.
    """

    noun: str
    plural: str
    table: sqlalchemy.Table
    values: typing.Callable
    document: typing.Callable


def _json(document):
    text = json.dumps(document)
    if len(text) > _LONGEST_TEXT:
        raise exception.DefinitionTooLarge(limit=_LONGEST_TEXT)
    return text


def _object_values(document):
    required = document.get('required') or ()
    # As Glance keeps them, and will find them again.
    if any(',' in name for name in required):
        raise exception.RequiredWithComma()
    return {'description': document.get('description'),
            'required': ','.join(required) or None,
            'json_schema': _json(document.get('properties') or {})}


def _object_document(row):
    document = {'required': row.required.split(',') if row.required else [],
                'properties': json.loads(row.json_schema or '{}')}
    if row.description is not None:
        document['description'] = row.description
    return document


PROPERTIES = Kind(
    'property', 'properties', models.metadef_properties,
    lambda document: {'json_schema': _json(document)},
    lambda row: json.loads(row.json_schema))
OBJECTS = Kind('object', 'objects', models.metadef_objects, _object_values,
               _object_document)
TAGS = Kind('tag', 'tags', models.metadef_tags, lambda document: {},
            lambda row: {})

KINDS = (PROPERTIES, OBJECTS, TAGS)


class Definitions:
    """The repository of the definitions of one kind.

    :param database: a :class:`glancelite.db.api.Database`.
    :param kind: one of ``KINDS``.
    """

    def __init__(self, database, kind):
        self._database = database
        self.kind = kind
        self._table = kind.table

    @api.transaction
    def list(self, context, namespace):
        """:returns: all of a namespace, in the order that the API has."""
        with self._database.reader() as connection:
            return read(connection, self.kind, namespace)

    @api.transaction
    def page(self, context, namespace, sort, marker, limit):
        """:returns: a :class:`Page` of a namespace's definitions.

        :param marker: name of the one after which it begins, or None.
        :param sort: (key, direction) pairs, the last of which never ties.
        :raises DefinitionNotFound: there is none of the marker's name.
        """
        statement = sqlalchemy.select(self._table).where(
            self._table.c.namespace_id == namespace.id)
        with self._database.reader() as connection:
            if marker is not None:
                after = self._row(connection, namespace, marker)
                statement = statement.where(keyset.beyond(
                    self._table, sort, after._mapping))
            found = [_definition(self.kind, row)
                     for row in connection.execute(statement.order_by(
                         *keyset.order(self._table, sort,
                                       self._database.dialect))
                     .limit(limit))]
        return query_object.Page(found)

    @api.transaction
    def get(self, context, namespace, name):
        """:returns: one definition.

        :raises DefinitionNotFound: there is none of that name.
        """
        with self._database.reader() as connection:
            return _definition(self.kind,
                               self._row(connection, namespace, name))

    def _row(self, connection, namespace, name):
        rows = connection.execute(sqlalchemy.select(self._table).where(
            self._table.c.namespace_id == namespace.id,
            self._table.c.name == name))
        for row in rows:
            # MySQL finds it whatever the letter case.
            if row.name == name:
                return row
        raise self._missing(namespace, name)

    def _missing(self, namespace, name):
        return exception.DefinitionNotFound(
            noun=self.kind.noun, name=name, namespace=namespace.name)

    @api.transaction
    def add(self, context, namespace, definitions, replacing=False):
        """Store new definitions, all of them or none.

        :param replacing: whether they come instead of those there are.
        :raises DefinitionExists: a name is there already, or comes twice.
        :raises NamespaceNotFound: the namespace was deleted meanwhile.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            lock(connection, namespace)
            if replacing:
                self._remove(connection, namespace)
            insert(connection, self.kind, namespace, definitions, moment)

    @api.transaction
    def save(self, context, namespace, definition):
        """Store what has become of a definition.

        :raises DefinitionExists: another one has its name.
        :raises DefinitionNotFound: it was deleted meanwhile.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            try:
                done = connection.execute(
                    self._table.update()
                    .where(self._table.c.id == definition.id)
                    .values(name=definition.name, updated_at=moment,
                            **self.kind.values(definition.document)))
            except db_exception.DBDuplicateEntry:
                raise _exists(self.kind, namespace, definition) from None
            if not done.rowcount:
                raise self._missing(namespace, definition.name)
        definition.updated_at = moment

    @api.transaction
    def remove(self, context, namespace, definition):
        """Remove one definition.

        :raises NamespaceProtected: the namespace is protected.
        """
        with self._database.writer() as connection:
            lock(connection, namespace, removing=True)
            self._remove(connection, namespace,
                         self._table.c.id == definition.id)

    @api.transaction
    def remove_all(self, context, namespace):
        """Remove every definition of the kind from a namespace.

        :raises NamespaceProtected: the namespace is protected.
        """
        with self._database.writer() as connection:
            lock(connection, namespace, removing=True)
            self._remove(connection, namespace)

    def _remove(self, connection, namespace, *conditions):
        connection.execute(self._table.delete().where(
            self._table.c.namespace_id == namespace.id, *conditions))


def lock(connection, namespace, removing=False):
    """Let nobody else change a namespace until the transaction ends.

    :param removing: whether something is about to be removed from it.
    :raises NamespaceNotFound: it was deleted meanwhile.
    :raises NamespaceProtected: nothing may be removed from it.
    """
    row = connection.execute(
        sqlalchemy.select(_namespaces.c.protected)
        .where(_namespaces.c.id == namespace.id).with_for_update()).first()
    if row is None:
        raise exception.NamespaceNotFound(namespace=namespace.name)
    if removing and row.protected:
        raise exception.NamespaceProtected(namespace=namespace.name)


def read(connection, kind, namespace):
    """:returns: the definitions of one kind: tags newest first, others by
        name.
    """
    table = kind.table
    order = ([table.c.created_at.desc(), table.c.id.desc()]
             if kind is TAGS else [table.c.name])
    return [_definition(kind, row) for row in connection.execute(
        sqlalchemy.select(table)
        .where(table.c.namespace_id == namespace.id).order_by(*order))]


def insert(connection, kind, namespace, definitions, moment):
    """Store new definitions in a namespace.

    :raises DefinitionExists: a name is there already, or comes twice.
    """
    for each in definitions:
        try:
            each.id = connection.execute(kind.table.insert().values(
                namespace_id=namespace.id, name=each.name,
                created_at=moment, updated_at=moment,
                **kind.values(each.document))).inserted_primary_key[0]
        except db_exception.DBDuplicateEntry:
            raise _exists(kind, namespace, each) from None
        each.created_at = each.updated_at = moment


def _exists(kind, namespace, definition):
    return exception.DefinitionExists(
        noun=kind.noun, name=definition.name, namespace=namespace.name)


def _definition(kind, row):
    return metadef.Definition(row.name, kind.document(row), row.id,
                              row.created_at, row.updated_at)
