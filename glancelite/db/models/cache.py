# SPDX-License-Identifier: Apache-2.0
"""Glance's tables of the image cache of each API node."""
import sqlalchemy

from glancelite.db.models import columns

node_reference = sqlalchemy.Table(
    'node_reference', columns.metadata,
    sqlalchemy.Column('node_reference_id', columns.BigInteger,
                      primary_key=True, nullable=False),
    sqlalchemy.Column('node_reference_url', columns.string(255),
                      nullable=False),
    sqlalchemy.UniqueConstraint(
        'node_reference_url', name='uq_node_reference_node_reference_url'),
    **columns.TABLE_OPTIONS)

cached_images = sqlalchemy.Table(
    'cached_images', columns.metadata,
    columns.serial(columns.BigInteger),
    sqlalchemy.Column('image_id', columns.Uuid, nullable=False),
    sqlalchemy.Column('last_accessed', sqlalchemy.DateTime, nullable=False),
    sqlalchemy.Column('last_modified', sqlalchemy.DateTime, nullable=False),
    # Of the plain type, BIGINT, on SQLite too; so Glance made it.
    sqlalchemy.Column('size', sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column('hits', sqlalchemy.Integer, nullable=False),
    sqlalchemy.Column('checksum', columns.string(32)),
    sqlalchemy.Column(
        'node_reference_id', columns.BigInteger,
        sqlalchemy.ForeignKey('node_reference.node_reference_id'),
        nullable=False),
    sqlalchemy.UniqueConstraint(
        'image_id', 'node_reference_id',
        name='ix_cached_images_image_id_node_reference_id'),
    **columns.TABLE_OPTIONS)
