# SPDX-License-Identifier: Apache-2.0
"""A task: work on an image that goes on after the answer."""
import dataclasses
import datetime
import uuid

PENDING = 'pending'
PROCESSING = 'processing'
SUCCESS = 'success'
FAILURE = 'failure'
STATUSES = (PENDING, PROCESSING, SUCCESS, FAILURE)

#: In which something is still to become of it.
OPEN = (PENDING, PROCESSING)

#: A task of its own, by which Glance of old imported.
LEGACY_IMPORT = 'import'
TYPES = (LEGACY_IMPORT, 'api_image_import', 'location_import')


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

    @classmethod
    def new(cls, kind, context, owner, image_id, given):
        """:returns: a task of ``kind`` that is about to begin.

        :param given: dict, shown as its input.
        """
        return cls(
            id=str(uuid.uuid4()), type=kind, status=PENDING, owner=owner,
            expires_at=None, created_at=None, updated_at=None,
            deleted_at=None, deleted=False, image_id=image_id,
            request_id=context.request_id, user_id=context.user_id,
            input=given, result=None, message='')

    @property
    def is_open(self):
        """:returns: whether something is still to become of it."""
        return self.status in OPEN

    def begin(self):
        """From now on somebody works on it."""
        self.status = PROCESSING

    def succeed(self, result, expires_at):
        """It is done. ``result`` is a dict."""
        self.status, self.result = SUCCESS, result
        self.expires_at = expires_at

    def fail(self, message, expires_at):
        """It will not be done. ``message`` tells its owner why."""
        self.status, self.message = FAILURE, message
        self.expires_at = expires_at
