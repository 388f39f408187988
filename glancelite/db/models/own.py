# SPDX-License-Identifier: Apache-2.0
"""Our tables beside Glance's; Glance knows nothing of them.

They refer to images by id without a foreign key: Glance must stay able to
delete, and to purge, whatever it finds in its own tables.

Texts that hold JSON are written in ASCII: see ``columns.TABLE_OPTIONS``.
"""
import sqlalchemy

from glancelite.db.models import columns

#: Who holds an image in a transient status, and until when; whoever finds
#: the lease expired undoes what ``detail`` tells.
image_leases = sqlalchemy.Table(
    'image_leases', columns.metadata,
    sqlalchemy.Column('image_id', columns.Uuid, primary_key=True,
                      nullable=False),
    # The token by which one process knows itself.
    sqlalchemy.Column('owner', sqlalchemy.String(64), nullable=False),
    # upload, delete, import and the like
    sqlalchemy.Column('purpose', sqlalchemy.String(32), nullable=False),
    # JSON: the store, the temporary location
    sqlalchemy.Column('detail', sqlalchemy.Text),
    sqlalchemy.Column('acquired_at', columns.Moment, nullable=False),
    sqlalchemy.Column('renewed_at', columns.Moment, nullable=False),
    sqlalchemy.Column('expires_at', columns.Moment, nullable=False),
    sqlalchemy.Index('glancelite_image_leases_expires_at', 'expires_at'),
    **columns.TABLE_OPTIONS)

#: Uploads that a client may go on with after a cut.
resumable_uploads = sqlalchemy.Table(
    'resumable_uploads', columns.metadata,
    sqlalchemy.Column('id', columns.Uuid, primary_key=True, nullable=False),
    sqlalchemy.Column('image_id', columns.Uuid, nullable=False),
    sqlalchemy.Column('project_id', sqlalchemy.String(255)),
    # bytes that are safe so far, and bytes announced (NULL: not yet said)
    sqlalchemy.Column('offset', sqlalchemy.BigInteger, nullable=False,
                      default=0),
    sqlalchemy.Column('length', sqlalchemy.BigInteger),
    # JSON: states of the hashes, store, temporary location, digest wanted
    sqlalchemy.Column('state', sqlalchemy.Text),
    sqlalchemy.Column('created_at', columns.Moment, nullable=False),
    sqlalchemy.Column('updated_at', columns.Moment),
    sqlalchemy.Column('expires_at', columns.Moment, nullable=False),
    sqlalchemy.Index('glancelite_resumable_uploads_image_id', 'image_id'),
    sqlalchemy.Index('glancelite_resumable_uploads_expires_at',
                     'expires_at'),
    **columns.TABLE_OPTIONS)

#: What a request in flight has taken of a project's quota.
usage_reservations = sqlalchemy.Table(
    'usage_reservations', columns.metadata,
    sqlalchemy.Column('id', columns.Uuid, primary_key=True, nullable=False),
    sqlalchemy.Column('project_id', sqlalchemy.String(255), nullable=False),
    sqlalchemy.Column('resource', sqlalchemy.String(64), nullable=False),
    sqlalchemy.Column('amount', sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column('image_id', columns.Uuid),
    sqlalchemy.Column('created_at', columns.Moment, nullable=False),
    sqlalchemy.Column('expires_at', columns.Moment, nullable=False),
    sqlalchemy.Index('glancelite_usage_reservations_project_id',
                     'project_id', 'resource'),
    sqlalchemy.Index('glancelite_usage_reservations_expires_at',
                     'expires_at'),
    **columns.TABLE_OPTIONS)
