# SPDX-License-Identifier: Apache-2.0
"""What the caller's project uses of its limits: GET /v2/info/usage."""
from glancelite.api import resource


class UsageController:
    """Tells usage and limits.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._quota = service.quota

    def show(self, context):
        """:returns: usage and limit of each resource that Keystone limits."""
        return {'usage': self._quota.report(context)}


def create_resource(service):
    """:returns: the resource for ``/v2/info/usage``."""
    return resource.Resource(UsageController(service))
