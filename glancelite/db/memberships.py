# SPDX-License-Identifier: Apache-2.0
"""The memberships of the project that asks, in SQL.

The project is the parameter ``project_id`` of every statement.
"""
import sqlalchemy
from sqlalchemy import sql

from glancelite.db import models
from glancelite.db import unindexed

_images = models.images
_members = models.image_members

_is_project = _members.c.member == sqlalchemy.bindparam('project_id')

#: Conditions on members of one image.
_BY_IMAGE = unindexed.columns(_members)

#: MariaDB would go to the row of each member.
_BY_IMAGE_AND_MEMBER = 'FORCE INDEX (ix_image_members_image_id_member)'


def of_project(status):
    """:returns: the conditions of those of one status, or 'all'."""
    return [_is_project, *_count(status, _members.c)]


def is_member(status, images=_images):
    """:returns: the condition that the project is a member of an image.

    :param status: that of the membership, or 'all'.
    :param images: what has the ids of images in question.
    """
    # With the limit it stays a look-up, for MariaDB too.
    return _of_image(_members.c.image_id, images,
                     *_count(status, _BY_IMAGE)).is_not(None)


def current():
    """:returns: a column: the status of the project as a member."""
    return _of_image(_members.c.status, _images,
                     unindexed.not_deleted(_members))


def last():
    """:returns: as :func:`current`; of a deleted image, until then."""
    return _of_image(_members.c.status, _images, sqlalchemy.or_(
        unindexed.not_deleted(_members),
        _members.c.deleted_at == _images.c.deleted_at))


def _count(status, columns):
    conditions = [columns['deleted'] == sql.false()]
    return conditions if status == 'all' else [
        *conditions, columns['status'] == status]


def _of_image(column, images, *conditions):
    return (sqlalchemy.select(column)
            .where(_members.c.image_id == images.c.id,
                   _BY_IMAGE['member'] == sqlalchemy.bindparam('project_id'),
                   *conditions)
            .with_hint(_members, _BY_IMAGE_AND_MEMBER, 'mysql')
            # Requests to Glance that came at once may have stored two.
            .limit(1).correlate(images).scalar_subquery())
