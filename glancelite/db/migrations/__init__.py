# SPDX-License-Identifier: Apache-2.0
"""Our alembic migrations, kept apart from Glance's by their own table."""

#: Where we note our revision; Glance notes its own in ``alembic_version``.
VERSION_TABLE = 'glancelite_alembic_version'
