# SPDX-License-Identifier: Apache-2.0
"""Glance's tables of tasks."""
import sqlalchemy

from glancelite.db.models import columns

tasks = sqlalchemy.Table(
    'tasks', columns.metadata,
    sqlalchemy.Column('id', columns.Uuid, primary_key=True, nullable=False),
    sqlalchemy.Column('type', columns.string(30), nullable=False),
    sqlalchemy.Column('status', columns.string(30), nullable=False),
    sqlalchemy.Column('owner', columns.string(255), nullable=False),
    sqlalchemy.Column('expires_at', sqlalchemy.DateTime),
    *columns.timestamps(),
    *columns.deletion(),
    sqlalchemy.Column('image_id', columns.Uuid),
    sqlalchemy.Column('request_id', columns.string(64)),
    sqlalchemy.Column('user_id', columns.string(64)),
    sqlalchemy.Index('ix_tasks_deleted', 'deleted'),
    sqlalchemy.Index('ix_tasks_image_id', 'image_id'),
    sqlalchemy.Index('ix_tasks_owner', 'owner'),
    sqlalchemy.Index('ix_tasks_status', 'status'),
    sqlalchemy.Index('ix_tasks_type', 'type'),
    sqlalchemy.Index('ix_tasks_updated_at', 'updated_at'),
    **columns.TABLE_OPTIONS)

task_info = sqlalchemy.Table(
    'task_info', columns.metadata,
    sqlalchemy.Column('task_id', columns.Uuid,
                      sqlalchemy.ForeignKey('tasks.id'), primary_key=True,
                      nullable=False),
    sqlalchemy.Column('input', columns.Text),
    sqlalchemy.Column('result', columns.Text),
    sqlalchemy.Column('message', columns.Text),
    **columns.TABLE_OPTIONS)
