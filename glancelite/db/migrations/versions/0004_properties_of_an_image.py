# SPDX-License-Identifier: Apache-2.0
"""An index of MySQL and MariaDB that holds the properties of an image.

Which statement reads it is told in ``glancelite.db.models.listing``.
"""
from alembic import op

from glancelite.db.migrations import online

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

_NAME = 'glancelite_image_properties_image_id'


def _on_mysql():
    return op.get_bind().dialect.name in ('mysql', 'mariadb')


def upgrade():
    if _on_mysql():
        online.create_index(
            _NAME, 'image_properties',
            ('image_id', 'deleted', 'name', 'value'),
            mysql_length={'value': 255}, mariadb_length={'value': 255})


def downgrade():
    if _on_mysql():
        online.drop_indexes('image_properties', [_NAME])
