# SPDX-License-Identifier: Apache-2.0
"""A task: work on an image that goes on after the answer."""
import dataclasses
import datetime


@dataclasses.dataclass
class Task:
    """A task as its owner may see it. ``input`` and ``result`` are dicts."""

    id: str
    type: str
    status: str
    owner: str
    expires_at: datetime.datetime
    created_at: datetime.datetime
    updated_at: datetime.datetime
    deleted_at: datetime.datetime
    deleted: bool
    image_id: str
    request_id: str
    user_id: str
    input: dict
    result: dict
    message: str
