# SPDX-License-Identifier: Apache-2.0
"""A lease: the right of one owner to hold an image in transient status."""
import dataclasses
import uuid

UPLOAD = 'upload'
DELETE = 'delete'
REMOVE = 'remove'
RESUMABLE = 'resumable'
IMPORT = 'import'
CHECK = 'check'

#: On no image, but on bytes that a store has refused to remove. It is kept
#: under an id of its own; the detail has the image's.
REMAINS = 'remains'


def new_token():
    """:returns: a name that no other owner has."""
    return uuid.uuid4().hex


@dataclasses.dataclass
class Lease:
    """Who holds an image, and what must be undone if the owner dies.

    :ivar detail: dict, as the purpose needs: stores, token, status, locations,
        removed.
    :ivar lost: set when the lease was found to be somebody else's.
    """

    image_id: str
    purpose: str
    detail: dict
    token: str = dataclasses.field(default_factory=new_token)
    lost: bool = False
