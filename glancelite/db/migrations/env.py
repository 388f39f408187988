# SPDX-License-Identifier: Apache-2.0
"""What alembic runs around the revisions: on the connection it is given."""
from alembic import context

from glancelite.db import migrations
from glancelite.db import models


def run():
    """Run the revisions, each in a transaction where the database can.

    One transaction a revision, not one for all, because building an index
    without locking PostgreSQL's table has to leave the transaction.
    """
    context.configure(
        connection=context.config.attributes['connection'],
        target_metadata=models.metadata,
        version_table=migrations.VERSION_TABLE,
        transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


run()
