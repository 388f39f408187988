# SPDX-License-Identifier: Apache-2.0
"""A member of a shared image: a project, and whether it accepts."""
import dataclasses
import datetime

PENDING = 'pending'
STATUSES = ('pending', 'accepted', 'rejected')


@dataclasses.dataclass
class Member:
    """The project ``member_id`` as a member of the image ``image_id``."""

    image_id: str
    member_id: str
    status: str = PENDING
    created_at: datetime.datetime = None
    updated_at: datetime.datetime = None
