# SPDX-License-Identifier: Apache-2.0
"""Properties, tags and members in the order of lists.

All get a column of ours with the time at which their image was created, and
an index in that order, in place of the one that was in no order. The column
is filled as it is needed: see ``glancelite.db.unlisted``. On MySQL and MariaDB
an index holds the tags of an image besides.
"""
from alembic import op
import sqlalchemy

from glancelite.db.migrations import online

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_COLUMN = 'glancelite_image_created_at'

#: By table: the index that was, the one that is, and what both begin with.
_TABLES = {
    'image_properties': ('glancelite_image_properties_name',
                         'glancelite_image_properties_listed',
                         ('name', 'deleted', 'value')),
    'image_tags': ('glancelite_image_tags_value',
                   'glancelite_image_tags_listed', ('value', 'deleted')),
    'image_members': ('glancelite_image_members_member',
                      'glancelite_image_members_listed',
                      ('member', 'deleted', 'status')),
}


_OF_AN_IMAGE = 'glancelite_image_tags_image_id'


def _on_mysql():
    return op.get_bind().dialect.name in ('mysql', 'mariadb')


def upgrade():
    for table, (before, after, columns) in _TABLES.items():
        online.add_column(table, sqlalchemy.Column(
            _COLUMN, sqlalchemy.DateTime))
        _create(after, table, (*columns, _COLUMN, 'image_id'))
        online.drop_indexes(table, [before])
    if _on_mysql():
        online.create_index(_OF_AN_IMAGE, 'image_tags',
                            ('image_id', 'deleted', 'value'))


def downgrade():
    if _on_mysql():
        online.drop_indexes('image_tags', [_OF_AN_IMAGE])
    for table, (before, after, columns) in _TABLES.items():
        _create(before, table, (*columns, 'image_id'))
        online.drop_indexes(table, [after])
        online.drop_column(table, _COLUMN)


def _create(name, table, columns):
    options = {}
    if table == 'image_properties':
        options = {
            'mysql_length': {'value': 255}, 'mariadb_length': {'value': 255},
            'postgresql_where': sqlalchemy.text('char_length(value) <= 255')}
    online.create_index(name, table, columns, **options)
