# SPDX-License-Identifier: Apache-2.0
"""Glance's tables of images and of what belongs to one image."""
import sqlalchemy
from sqlalchemy import sql

from glancelite.db.models import columns

VISIBILITIES = ('private', 'public', 'shared', 'community')


def _of_image():
    return sqlalchemy.Column(
        'image_id', columns.Uuid, sqlalchemy.ForeignKey('images.id'),
        nullable=False)


def _flag(name):
    """A boolean that the database itself sets to false."""
    return sqlalchemy.Column(
        name, sqlalchemy.Boolean, nullable=False, default=False,
        server_default=sql.false())


def _check(column, name):
    """Glance's migrations have left these names, and MySQL alone checks."""
    return sqlalchemy.CheckConstraint(
        f'{column} IN (0, 1)', name=name).ddl_if(dialect=columns.MYSQL)


images = sqlalchemy.Table(
    'images', columns.metadata,
    sqlalchemy.Column('id', columns.Uuid, primary_key=True, nullable=False),
    sqlalchemy.Column('name', columns.string(255)),
    sqlalchemy.Column('size', columns.BigInteger),
    sqlalchemy.Column('status', columns.string(30), nullable=False),
    *columns.timestamps(),
    *columns.deletion(check=False),
    sqlalchemy.Column('disk_format', columns.string(20)),
    sqlalchemy.Column('container_format', columns.string(20)),
    sqlalchemy.Column('checksum', columns.string(32)),
    sqlalchemy.Column('owner', columns.string(255)),
    sqlalchemy.Column('min_disk', sqlalchemy.Integer, nullable=False,
                      default=0),
    sqlalchemy.Column('min_ram', sqlalchemy.Integer, nullable=False,
                      default=0),
    _flag('protected'),
    sqlalchemy.Column('virtual_size', columns.BigInteger),
    sqlalchemy.Column('visibility',
                      sqlalchemy.Enum(*VISIBILITIES,
                                      name='image_visibility'),
                      nullable=False, server_default='shared'),
    _flag('os_hidden'),
    sqlalchemy.Column('os_hash_algo', columns.string(64)),
    sqlalchemy.Column('os_hash_value', columns.string(128)),
    _check('deleted', 'CONSTRAINT_2'),
    _check('protected', 'CONSTRAINT_3'),
    sqlalchemy.Index('checksum_image_idx', 'checksum'),
    sqlalchemy.Index('ix_images_deleted', 'deleted'),
    sqlalchemy.Index('owner_image_idx', 'owner'),
    sqlalchemy.Index('created_at_image_idx', 'created_at'),
    sqlalchemy.Index('updated_at_image_idx', 'updated_at'),
    sqlalchemy.Index('visibility_image_idx', 'visibility'),
    sqlalchemy.Index('os_hidden_image_idx', 'os_hidden'),
    sqlalchemy.Index('os_hash_value_image_idx', 'os_hash_value'),
    **columns.TABLE_OPTIONS)

image_properties = sqlalchemy.Table(
    'image_properties', columns.metadata,
    columns.serial(),
    _of_image(),
    sqlalchemy.Column('name', columns.string(255), nullable=False),
    sqlalchemy.Column('value', columns.Text),
    *columns.timestamps(),
    *columns.deletion(),
    columns.listed(),
    sqlalchemy.UniqueConstraint('image_id', 'name',
                                name='ix_image_properties_image_id_name'),
    sqlalchemy.Index('ix_image_properties_deleted', 'deleted'),
    sqlalchemy.Index('ix_image_properties_image_id', 'image_id'),
    **columns.TABLE_OPTIONS)

image_tags = sqlalchemy.Table(
    'image_tags', columns.metadata,
    columns.serial(),
    _of_image(),
    sqlalchemy.Column('value', columns.string(255), nullable=False),
    *columns.timestamps(),
    *columns.deletion(),
    columns.listed(),
    sqlalchemy.Index('ix_image_tags_image_id', 'image_id'),
    sqlalchemy.Index('ix_image_tags_image_id_tag_value', 'image_id',
                     'value'),
    **columns.TABLE_OPTIONS)

image_members = sqlalchemy.Table(
    'image_members', columns.metadata,
    columns.serial(),
    _of_image(),
    sqlalchemy.Column('member', columns.string(255), nullable=False),
    columns.boolean('can_share'),
    *columns.timestamps(),
    *columns.deletion(),
    sqlalchemy.Column('status', columns.string(20), nullable=False,
                      server_default='pending'),
    columns.listed(),
    sqlalchemy.UniqueConstraint(
        'image_id', 'member', 'deleted_at',
        name='image_members_image_id_member_deleted_at_key'),
    sqlalchemy.Index('ix_image_members_deleted', 'deleted'),
    sqlalchemy.Index('ix_image_members_image_id', 'image_id'),
    sqlalchemy.Index('ix_image_members_image_id_member', 'image_id',
                     'member'),
    **columns.TABLE_OPTIONS)

image_locations = sqlalchemy.Table(
    'image_locations', columns.metadata,
    columns.serial(),
    _of_image(),
    sqlalchemy.Column('value', columns.Text, nullable=False),
    *columns.timestamps(),
    *columns.deletion(),
    sqlalchemy.Column('meta_data', columns.Text),
    sqlalchemy.Column('status', columns.string(30), nullable=False,
                      server_default='active'),
    sqlalchemy.Index('ix_image_locations_deleted', 'deleted'),
    sqlalchemy.Index('ix_image_locations_image_id', 'image_id'),
    **columns.TABLE_OPTIONS)
