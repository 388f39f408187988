# SPDX-License-Identifier: Apache-2.0
"""What fsck is asked for, and what it finds."""
import dataclasses

MISSING = 'missing'
WRONG_SIZE = 'wrong-size'
WRONG_DIGEST = 'wrong-digest'
UNREADABLE = 'unreadable'
NO_STORE = 'no-store'
NO_LOCATION = 'no-location'
STUCK = 'stuck'
UNRECORDED = 'unrecorded'
UNFINISHED = 'unfinished'

#: What each kind of problem is, in words.
KINDS = {
    MISSING: 'the record names bytes that are not in the store',
    WRONG_SIZE: 'the bytes are more or fewer than the record says',
    WRONG_DIGEST: 'the bytes do not have the digest that the record says',
    UNREADABLE: 'the store does not let the bytes be read',
    NO_STORE: 'no store in use holds the location',
    NO_LOCATION: 'the image should have data, and the record names none',
    STUCK: 'the status says that somebody is at work, and nobody is',
    UNRECORDED: 'no record names the bytes',
    UNFINISHED: 'an upload left the bytes, and nobody is at it any more',
}


@dataclasses.dataclass
class Problem:
    """Something that is not as it should be.

    :ivar kind: a key of ``KINDS``.
    :ivar store: identifier of a store, or None.
    :ivar url: where the bytes are, or should be; or None.
    :ivar detail: what was found, in words.
    :ivar repaired: whether it is a problem no more.
    """

    kind: str
    image_id: str = None
    store: str = None
    url: str = None
    detail: str = ''
    repaired: bool = False


@dataclasses.dataclass(frozen=True)
class Wishes:
    """How to look, and what to do.

    :ivar verify: whether digests are computed.
    :ivar repair: whether to repair what is repaired without a doubt.
    :ivar store: identifier of the only store to look at, or None.
    :ivar min_age: seconds; what is younger is not repaired.
    """

    verify: bool = False
    repair: bool = False
    store: str = None
    min_age: float = 24 * 3600


class Progress:
    """Told how far a check is; a subclass shows it."""

    def begin(self, stage, total=None):
        """A new stage, of ``total`` things if that is known."""

    def step(self, count=1, size=0):
        """``count`` things more are done, ``size`` bytes were read."""
