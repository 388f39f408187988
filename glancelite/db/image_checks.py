# SPDX-License-Identifier: Apache-2.0
"""What has to be so, in the transaction that changes an image."""
import sqlalchemy

from glancelite import exception
from glancelite.db import models
from glancelite.db import unindexed

_images = models.images
_locations = models.image_locations

#: What an image may have so many of, by the name that quotas use.
_COUNTED = {'properties': models.image_properties.c.name,
            'tags': models.image_tags.c.value, 'locations': _locations.c.id}


def still(image):
    """:returns: conditions: what the caller's rights rest on is as read."""
    return [_images.c[name] == image.was(name)
            for name in ('owner', 'visibility')]


def require_unmoved(connection, image):
    """Two requests must not both remove the last but one location.

    :raises ImageChanged: the image has other locations than when it was
        read.
    """
    stored = connection.execute(
        sqlalchemy.select(_locations.c.id).where(
            _locations.c.image_id == image.id,
            unindexed.not_deleted(_locations))
        .with_for_update()).scalars()
    if set(stored) != {each.id for each in image.stored_locations}:
        raise exception.ImageChanged(image_id=image.id)


def require_within(connection, image_id, maxima, added):
    """Count what was added to: the row is ours, so the count holds.

    Two requests may have stored the same tag; it counts once.

    :raises LimitExceeded: it is more than its maximum.
    """
    for noun, maximum in maxima.items():
        if not added[noun]:
            continue
        column = _COUNTED[noun]
        stored = set(connection.execute(sqlalchemy.select(column).where(
            column.table.c.image_id == image_id,
            unindexed.not_deleted(column.table))).scalars())
        if len(stored) > maximum:
            raise exception.LimitExceeded(
                noun=f'image {noun}', attempted=len(stored), maximum=maximum)
