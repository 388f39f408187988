# SPDX-License-Identifier: Apache-2.0
"""The indexes of the usual order have the small fields that filters ask for.

So on MySQL and MariaDB what many images have is picked without a look at the
rows, which lie in a tree of their own there.
"""
from alembic import op

from glancelite.db.migrations import online

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

_ORDER = ('deleted', 'os_hidden', 'created_at', 'id')
_SMALL = ('protected', 'min_disk', 'min_ram')

_BEFORE = {
    'glancelite_images_visibility_created_at': ('visibility', *_ORDER),
    'glancelite_images_own_created_at': ('owner', *_ORDER, 'visibility'),
}
_AFTER = {
    'glancelite_images_visibility_listed': ('visibility', *_ORDER, *_SMALL),
    'glancelite_images_own_listed': (
        'owner', *_ORDER, 'visibility', *_SMALL),
}


def _on_mysql():
    return op.get_bind().dialect.name in ('mysql', 'mariadb')


def upgrade():
    if _on_mysql():
        online.create_indexes('images', _AFTER)
        online.drop_indexes('images', _BEFORE)


def downgrade():
    if _on_mysql():
        online.create_indexes('images', _BEFORE)
        online.drop_indexes('images', _AFTER)
