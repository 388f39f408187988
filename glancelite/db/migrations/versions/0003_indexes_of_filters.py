# SPDX-License-Identifier: Apache-2.0
"""Indexes for filters of lists on fields that nothing is sorted by."""
from glancelite.db.migrations import online

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

_INDEXES = {
    f'glancelite_images_{name}': (name, 'deleted')
    for name in ('min_disk', 'min_ram', 'protected', 'virtual_size',
                 'os_hash_algo')}


def upgrade():
    online.create_indexes('images', _INDEXES)


def downgrade():
    online.drop_indexes('images', _INDEXES)
