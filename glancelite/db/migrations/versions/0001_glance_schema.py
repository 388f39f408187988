# SPDX-License-Identifier: Apache-2.0
"""Glance's schema at its 2024_1 head, unless Glance has made it already.

Whether the tables that are there may be taken as Glance's is decided before
(``glancelite.db.migration``). Here, what is missing is made: everything in
an empty database, nothing in Glance's, and the rest where a first run has
been cut off in a database without transactional DDL.

On MySQL, texts take all of Unicode here, unlike Glance's. Ids do not: later
migrations of Glance may refer to them.
"""
from alembic import op
import sqlalchemy
from sqlalchemy import sql
from sqlalchemy.dialects import mysql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

#: What Glance's own migrations have noted when they are through.
GLANCE_REVISION = '2024_1_contract01'

_MYSQL = ('mysql', 'mariadb')
_OPTIONS = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb3',
    'mariadb_engine': 'InnoDB', 'mariadb_charset': 'utf8mb3',
}

_metadata = sqlalchemy.MetaData()
_indexes = {}
_Big = sqlalchemy.BigInteger().with_variant(sqlalchemy.Integer, 'sqlite')
_UNICODE = {'charset': 'utf8mb4', 'collation': 'utf8mb4_general_ci'}
_Text = sqlalchemy.Text().with_variant(mysql.TEXT(**_UNICODE), *_MYSQL)


def _string(name, length, **options):
    return sqlalchemy.Column(
        name, sqlalchemy.String(length).with_variant(
            mysql.VARCHAR(length, **_UNICODE), *_MYSQL), **options)


def _uuid(name, **options):
    return sqlalchemy.Column(name, sqlalchemy.String(36), **options)


def _moment(name, **options):
    return sqlalchemy.Column(name, sqlalchemy.DateTime, **options)


def _checked(name, nullable=False):
    return sqlalchemy.Column(
        name, sqlalchemy.Boolean(create_constraint=True), nullable=nullable)


def _flag(name):
    return sqlalchemy.Column(name, sqlalchemy.Boolean, nullable=False,
                             server_default=sql.false())


def _number(name, column_type=sqlalchemy.Integer, **options):
    options.setdefault('nullable', False)
    return sqlalchemy.Column(name, column_type, **options)


def _refer(name, target, column_type, **options):
    return sqlalchemy.Column(name, column_type,
                             sqlalchemy.ForeignKey(target),
                             nullable=False, **options)


def _times():
    return _moment('created_at', nullable=False), _moment('updated_at')


def _rows_of_an_image(table, *parts):
    """A table of numbered rows that belong to an image."""
    _table(
        table,
        _number('id', primary_key=True),
        _refer('image_id', 'images.id', sqlalchemy.String(36)),
        *parts)


def _table(name, *parts):
    table = sqlalchemy.Table(name, _metadata, *parts, **_OPTIONS)
    # Made one by one, in the order in which Glance makes them: of two that
    # are as good as each other, MySQL takes the first.
    _indexes[table] = [each for each in parts
                       if isinstance(each, sqlalchemy.Index)]
    table.indexes.clear()


def _check_on_mysql(column, name):
    return sqlalchemy.CheckConstraint(
        f'{column} IN (0, 1)', name=name).ddl_if(dialect=_MYSQL)


_index = sqlalchemy.Index


def _unique(name, *columns):
    return sqlalchemy.UniqueConstraint(*columns, name=name)


_table(
    'images',
    _uuid('id', primary_key=True, nullable=False),
    _string('name', 255),
    _number('size', _Big, nullable=True),
    _string('status', 30, nullable=False),
    *_times(),
    _moment('deleted_at'),
    sqlalchemy.Column('deleted', sqlalchemy.Boolean, nullable=False),
    _string('disk_format', 20),
    _string('container_format', 20),
    _string('checksum', 32),
    _string('owner', 255),
    _number('min_disk'),
    _number('min_ram'),
    _flag('protected'),
    _number('virtual_size', _Big, nullable=True),
    sqlalchemy.Column(
        'visibility',
        sqlalchemy.Enum('private', 'public', 'shared', 'community',
                        name='image_visibility'),
        nullable=False, server_default='shared'),
    _flag('os_hidden'),
    _string('os_hash_algo', 64),
    _string('os_hash_value', 128),
    _check_on_mysql('deleted', 'CONSTRAINT_2'),
    _check_on_mysql('protected', 'CONSTRAINT_3'),
    _index('checksum_image_idx', 'checksum'),
    _index('ix_images_deleted', 'deleted'),
    _index('owner_image_idx', 'owner'),
    _index('created_at_image_idx', 'created_at'),
    _index('updated_at_image_idx', 'updated_at'),
    _index('visibility_image_idx', 'visibility'),
    _index('os_hidden_image_idx', 'os_hidden'),
    _index('os_hash_value_image_idx', 'os_hash_value'))

_rows_of_an_image(
    'image_properties',
    _string('name', 255, nullable=False),
    sqlalchemy.Column('value', _Text),
    *_times(), _moment('deleted_at'), _checked('deleted'),
    _unique('ix_image_properties_image_id_name', 'image_id', 'name'),
    _index('ix_image_properties_deleted', 'deleted'),
    _index('ix_image_properties_image_id', 'image_id'))

_rows_of_an_image(
    'image_locations',
    sqlalchemy.Column('value', _Text, nullable=False),
    *_times(), _moment('deleted_at'), _checked('deleted'),
    sqlalchemy.Column('meta_data', _Text),
    _string('status', 30, nullable=False, server_default='active'),
    _index('ix_image_locations_deleted', 'deleted'),
    _index('ix_image_locations_image_id', 'image_id'))

_rows_of_an_image(
    'image_members',
    _string('member', 255, nullable=False),
    _checked('can_share'),
    *_times(), _moment('deleted_at'), _checked('deleted'),
    _string('status', 20, nullable=False, server_default='pending'),
    _unique('image_members_image_id_member_deleted_at_key',
            'image_id', 'member', 'deleted_at'),
    _index('ix_image_members_deleted', 'deleted'),
    _index('ix_image_members_image_id', 'image_id'),
    _index('ix_image_members_image_id_member', 'image_id', 'member'))

_rows_of_an_image(
    'image_tags',
    _string('value', 255, nullable=False),
    *_times(), _moment('deleted_at'), _checked('deleted'),
    _index('ix_image_tags_image_id', 'image_id'),
    _index('ix_image_tags_image_id_tag_value', 'image_id', 'value'))

_table(
    'tasks',
    _uuid('id', primary_key=True, nullable=False),
    _string('type', 30, nullable=False),
    _string('status', 30, nullable=False),
    _string('owner', 255, nullable=False),
    _moment('expires_at'),
    *_times(), _moment('deleted_at'), _checked('deleted'),
    _uuid('image_id'),
    _string('request_id', 64),
    _string('user_id', 64),
    _index('ix_tasks_deleted', 'deleted'),
    _index('ix_tasks_owner', 'owner'),
    _index('ix_tasks_status', 'status'),
    _index('ix_tasks_type', 'type'),
    _index('ix_tasks_updated_at', 'updated_at'),
    _index('ix_tasks_image_id', 'image_id'))

_table(
    'task_info',
    _refer('task_id', 'tasks.id', sqlalchemy.String(36), primary_key=True),
    sqlalchemy.Column('input', _Text),
    sqlalchemy.Column('result', _Text),
    sqlalchemy.Column('message', _Text))

_table(
    'metadef_namespaces',
    _number('id', primary_key=True),
    _string('namespace', 80, nullable=False),
    _string('display_name', 80),
    sqlalchemy.Column('description', _Text),
    _string('visibility', 32),
    _checked('protected', nullable=True),
    _string('owner', 255, nullable=False),
    *_times(),
    _unique('uq_metadef_namespaces_namespace', 'namespace'),
    _index('ix_metadef_namespaces_owner', 'owner'))

_table(
    'metadef_resource_types',
    _number('id', primary_key=True),
    _string('name', 80, nullable=False),
    _checked('protected'),
    *_times(),
    _unique('uq_metadef_resource_types_name', 'name'))

_table(
    'metadef_namespace_resource_types',
    _number('resource_type_id', primary_key=True),
    _number('namespace_id', primary_key=True),
    _string('properties_target', 80),
    _string('prefix', 80),
    *_times(),
    # In this order; MySQL numbers them.
    sqlalchemy.ForeignKeyConstraint(['namespace_id'],
                                    ['metadef_namespaces.id']),
    sqlalchemy.ForeignKeyConstraint(['resource_type_id'],
                                    ['metadef_resource_types.id']),
    _index('ix_metadef_ns_res_types_namespace_id', 'namespace_id'))


def _definitions(table, *parts):
    """A table of what a namespace of metadata definitions contains."""
    _table(
        table,
        _number('id', primary_key=True),
        _refer('namespace_id', 'metadef_namespaces.id', sqlalchemy.Integer),
        _string('name', 80, nullable=False),
        *parts,
        *_times(),
        _unique(f'uq_{table}_namespace_id_name', 'namespace_id', 'name'),
        _index(f'ix_{table}_name', 'name'))


_definitions(
    'metadef_objects',
    sqlalchemy.Column('description', _Text),
    sqlalchemy.Column('required', _Text),
    sqlalchemy.Column('json_schema', _Text, nullable=False))
_definitions(
    'metadef_properties',
    sqlalchemy.Column('json_schema', _Text, nullable=False))
_definitions('metadef_tags')

_table(
    'node_reference',
    _number('node_reference_id', _Big, primary_key=True),
    _string('node_reference_url', 255, nullable=False),
    _unique('uq_node_reference_node_reference_url', 'node_reference_url'))

_table(
    'cached_images',
    _number('id', _Big, primary_key=True),
    _uuid('image_id', nullable=False),
    _moment('last_accessed', nullable=False),
    _moment('last_modified', nullable=False),
    _number('size', sqlalchemy.BigInteger),
    _number('hits'),
    _string('checksum', 32),
    _refer('node_reference_id', 'node_reference.node_reference_id', _Big),
    _unique('ix_cached_images_image_id_node_reference_id',
            'image_id', 'node_reference_id'))

# As alembic makes it for Glance, in the character set of the database.
_glance_version = sqlalchemy.Table(
    'alembic_version', sqlalchemy.MetaData(),
    sqlalchemy.Column('version_num', sqlalchemy.String(32), nullable=False),
    sqlalchemy.PrimaryKeyConstraint('version_num',
                                    name='alembic_version_pkc'))


def upgrade():
    connection = op.get_bind()
    present = sqlalchemy.inspect(connection)
    if present.has_table('alembic_version') and connection.execute(
            sqlalchemy.select(_glance_version)).first():
        return
    for table in _metadata.sorted_tables:
        _complete(connection, present, table)
    _glance_version.create(connection, checkfirst=True)
    # Last, because from here on the tables count as Glance's and complete.
    connection.execute(sqlalchemy.insert(_glance_version).values(
        version_num=GLANCE_REVISION))


def _complete(connection, present, table):
    names = set()
    if present.has_table(table.name):
        found = present.get_indexes(table.name)
        names = {index['name'] for index in found}
    else:
        table.create(connection)
    for index in _indexes[table]:
        if index.name not in names:
            index.create(connection)


def downgrade():
    """Leave everything: the tables are Glance's, and so are the images."""
