# SPDX-License-Identifier: Apache-2.0
"""Our tables, and our indexes on Glance's tables.

Which list uses which index is told in ``glancelite.db.models.listing``.
"""
from alembic import op
import sqlalchemy
from sqlalchemy.dialects import mysql

from glancelite.db.migrations import online

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

_OPTIONS = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb3',
    'mariadb_engine': 'InnoDB', 'mariadb_charset': 'utf8mb3',
}
_Moment = sqlalchemy.DateTime().with_variant(
    mysql.DATETIME(fsp=6), 'mysql', 'mariadb')

_SORT_KEYS = {
    'id': ('id',),
    'name': ('name', 'created_at', 'id'),
    'status': ('status', 'created_at', 'id'),
    'container_format': ('container_format', 'created_at', 'id'),
    'disk_format': ('disk_format', 'created_at', 'id'),
    'size': ('size', 'created_at', 'id'),
    'created_at': ('created_at', 'id'),
    'updated_at': ('updated_at', 'created_at', 'id'),
}
_MAY_BE_NULL = ('name', 'container_format', 'disk_format', 'size',
                'updated_at')


def _image_indexes():
    """:returns: name and columns of each of our indexes on images."""
    for key, ends in _SORT_KEYS.items():
        if key in _MAY_BE_NULL and _on_postgresql():
            ends = (sqlalchemy.text(f'{key} NULLS FIRST'), *ends[1:])
        yield (f'glancelite_images_visibility_{key}',
               ('visibility', 'deleted', 'os_hidden', *ends))
        yield (f'glancelite_images_own_{key}',
               ('owner', 'deleted', 'os_hidden', *ends, 'visibility'))
    yield ('glancelite_images_all_created_at',
           ('deleted', 'os_hidden', 'created_at', 'id'))


def _on_postgresql():
    return op.get_bind().dialect.name == 'postgresql'


def _column(name, column_type, nullable=False, **options):
    return sqlalchemy.Column(name, column_type, nullable=nullable, **options)


def _string(name, length, **options):
    return _column(name, sqlalchemy.String(length), **options)


def _create_tables():
    online.create_table(
        'image_leases',
        _string('image_id', 36, primary_key=True),
        _string('owner', 64),
        _string('purpose', 32),
        _column('detail', sqlalchemy.Text, nullable=True),
        _column('acquired_at', _Moment),
        _column('renewed_at', _Moment),
        _column('expires_at', _Moment),
        sqlalchemy.Index('glancelite_image_leases_expires_at', 'expires_at'),
        **_OPTIONS)
    online.create_table(
        'resumable_uploads',
        _string('id', 36, primary_key=True),
        _string('image_id', 36),
        _string('project_id', 255, nullable=True),
        _column('offset', sqlalchemy.BigInteger),
        _column('length', sqlalchemy.BigInteger, nullable=True),
        _column('state', sqlalchemy.Text, nullable=True),
        _column('created_at', _Moment),
        _column('updated_at', _Moment, nullable=True),
        _column('expires_at', _Moment),
        sqlalchemy.Index('glancelite_resumable_uploads_image_id',
                         'image_id'),
        sqlalchemy.Index('glancelite_resumable_uploads_expires_at',
                         'expires_at'),
        **_OPTIONS)
    online.create_table(
        'usage_reservations',
        _string('id', 36, primary_key=True),
        _string('project_id', 255),
        _string('resource', 64),
        _column('amount', sqlalchemy.BigInteger),
        _string('image_id', 36, nullable=True),
        _column('created_at', _Moment),
        _column('expires_at', _Moment),
        sqlalchemy.Index('glancelite_usage_reservations_project_id',
                         'project_id', 'resource'),
        sqlalchemy.Index('glancelite_usage_reservations_expires_at',
                         'expires_at'),
        **_OPTIONS)


def upgrade():
    _create_tables()
    online.create_indexes('images', dict(_image_indexes()))
    online.create_index('glancelite_image_members_member', 'image_members',
                        ('member', 'deleted', 'status', 'image_id'))
    online.create_index('glancelite_image_tags_value', 'image_tags',
                        ('value', 'deleted', 'image_id'))
    online.create_index(
        'glancelite_image_properties_name', 'image_properties',
        ('name', 'deleted', 'value', 'image_id'),
        mysql_length={'value': 255}, mariadb_length={'value': 255},
        postgresql_where=sqlalchemy.text('char_length(value) <= 255'))


def downgrade():
    online.drop_indexes('image_properties',
                        ['glancelite_image_properties_name'])
    online.drop_indexes('image_tags', ['glancelite_image_tags_value'])
    online.drop_indexes('image_members', ['glancelite_image_members_member'])
    online.drop_indexes('images', dict(_image_indexes()))
    for table in ('usage_reservations', 'resumable_uploads', 'image_leases'):
        online.drop_table(table)
