# SPDX-License-Identifier: Apache-2.0
"""What a project may have, and what requests in flight have taken of it."""
import dataclasses
import uuid

from glancelite import exception

IMAGE_SIZE_TOTAL = 'image_size_total'
IMAGE_STAGE_TOTAL = 'image_stage_total'
IMAGE_COUNT_TOTAL = 'image_count_total'
IMAGE_COUNT_UPLOADING = 'image_count_uploading'

#: Names and order as the API shows them.
RESOURCES = (IMAGE_SIZE_TOTAL, IMAGE_STAGE_TOTAL, IMAGE_COUNT_TOTAL,
             IMAGE_COUNT_UPLOADING)

_MIB = 1024 ** 2

#: Tokens of reservations that outlive their request are made in this.
_NAMESPACE = uuid.UUID('4a4c1d0e-5d0b-5c3a-8a53-2a3b8d1f9c67')

#: How many of what is counted here make one of what operators count;
#: missing: one.
UNITS = {IMAGE_SIZE_TOTAL: _MIB, IMAGE_STAGE_TOTAL: _MIB}


def lasting_token(name, resource):
    """:returns: the token of a reservation that any process can tell.

    :param name: of what has the reservation.
    """
    return str(uuid.uuid5(_NAMESPACE, f'{name} {resource}'))


def lasting_tokens(name):
    """:returns: the tokens of all reservations that ``name`` may have."""
    return [lasting_token(name, resource) for resource in RESOURCES]


@dataclasses.dataclass(frozen=True)
class Limit:
    """What a project may have of one resource, as Keystone says.

    :ivar maximum: bytes, or a number of images.
    """

    project_id: str
    resource: str
    maximum: int

    def exceeded(self, used, requested):
        """:returns: the error for ``requested`` more beside ``used``.

        :param requested: None when it was not announced.
        """
        unit = UNITS.get(self.resource, 1)
        return exception.ProjectOverLimit(
            project_id=self.project_id, resource=self.resource,
            limit=self.maximum // unit, used=-(-used // unit),
            delta=-(-(requested or 0) // unit))


class StorageLimit(Limit):
    """The bytes that user_storage_quota leaves to every project."""

    def exceeded(self, used, requested):
        """:returns: as :meth:`Limit.exceeded`."""
        return exception.StorageQuotaExceeded(
            size=requested, remaining=max(0, self.maximum - used))


@dataclasses.dataclass
class Reservation:
    """What a request in flight has taken of a limit.

    :ivar amount: bytes or images that it holds; 0 before it is stored.
    """

    limit: Limit
    image_id: str
    amount: int = 0
    token: str = dataclasses.field(
        default_factory=lambda: str(uuid.uuid4()))


@dataclasses.dataclass(frozen=True)
class Wish:
    """What a reservation is to hold in all.

    :ivar needed: less is refused.
    :ivar announced: what a refusal names, None when it is not known.
    :ivar ahead: what is taken beyond need, if ``spare`` is left to others.
    :ivar yields: whether one that is refused loses what it holds. Of several
        uploads that grow until there is no room, all would fail otherwise.
    """

    reservation: Reservation
    needed: int
    announced: int = None
    ahead: int = 0
    spare: int = 0
    yields: bool = False
