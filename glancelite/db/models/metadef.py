# SPDX-License-Identifier: Apache-2.0
"""Glance's tables of metadata definitions."""
import sqlalchemy

from glancelite.db.models import columns


def _name():
    return sqlalchemy.Column('name', columns.string(80), nullable=False)


def _of_namespace():
    return sqlalchemy.Column(
        'namespace_id', sqlalchemy.Integer,
        sqlalchemy.ForeignKey('metadef_namespaces.id'), nullable=False)


def _named_once(table):
    """A name once in a namespace, and an index to find it by name."""
    return (
        sqlalchemy.UniqueConstraint('namespace_id', 'name',
                                    name=f'uq_{table}_namespace_id_name'),
        sqlalchemy.Index(f'ix_{table}_name', 'name'),
    )


metadef_namespaces = sqlalchemy.Table(
    'metadef_namespaces', columns.metadata,
    columns.serial(),
    sqlalchemy.Column('namespace', columns.string(80), nullable=False),
    sqlalchemy.Column('display_name', columns.string(80)),
    sqlalchemy.Column('description', columns.Text),
    sqlalchemy.Column('visibility', columns.string(32)),
    columns.boolean('protected', nullable=True, default=None),
    sqlalchemy.Column('owner', columns.string(255), nullable=False),
    *columns.timestamps(),
    sqlalchemy.UniqueConstraint('namespace',
                                name='uq_metadef_namespaces_namespace'),
    sqlalchemy.Index('ix_metadef_namespaces_owner', 'owner'),
    **columns.TABLE_OPTIONS)

metadef_resource_types = sqlalchemy.Table(
    'metadef_resource_types', columns.metadata,
    columns.serial(),
    _name(),
    columns.boolean('protected'),
    *columns.timestamps(),
    sqlalchemy.UniqueConstraint('name',
                                name='uq_metadef_resource_types_name'),
    **columns.TABLE_OPTIONS)

metadef_namespace_resource_types = sqlalchemy.Table(
    'metadef_namespace_resource_types', columns.metadata,
    sqlalchemy.Column('resource_type_id', sqlalchemy.Integer,
                      primary_key=True, nullable=False),
    sqlalchemy.Column('namespace_id', sqlalchemy.Integer,
                      primary_key=True, nullable=False),
    sqlalchemy.Column('properties_target', columns.string(80)),
    sqlalchemy.Column('prefix', columns.string(80)),
    *columns.timestamps(),
    # In this order; MySQL numbers them.
    sqlalchemy.ForeignKeyConstraint(['namespace_id'],
                                    ['metadef_namespaces.id']),
    sqlalchemy.ForeignKeyConstraint(['resource_type_id'],
                                    ['metadef_resource_types.id']),
    sqlalchemy.Index('ix_metadef_ns_res_types_namespace_id',
                     'namespace_id'),
    **columns.TABLE_OPTIONS)

metadef_objects = sqlalchemy.Table(
    'metadef_objects', columns.metadata,
    columns.serial(),
    _of_namespace(),
    _name(),
    sqlalchemy.Column('description', columns.Text),
    sqlalchemy.Column('required', columns.Text),
    sqlalchemy.Column('json_schema', columns.Text, nullable=False),
    *columns.timestamps(),
    *_named_once('metadef_objects'),
    **columns.TABLE_OPTIONS)

metadef_properties = sqlalchemy.Table(
    'metadef_properties', columns.metadata,
    columns.serial(),
    _of_namespace(),
    _name(),
    sqlalchemy.Column('json_schema', columns.Text, nullable=False),
    *columns.timestamps(),
    *_named_once('metadef_properties'),
    **columns.TABLE_OPTIONS)

metadef_tags = sqlalchemy.Table(
    'metadef_tags', columns.metadata,
    columns.serial(),
    _of_namespace(),
    _name(),
    *columns.timestamps(),
    *_named_once('metadef_tags'),
    **columns.TABLE_OPTIONS)
