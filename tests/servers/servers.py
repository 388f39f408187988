# SPDX-License-Identifier: Apache-2.0
"""The service under the servers that :mod:`tests.servers.kinds` starts."""
import atexit

from tests.functional import application
from tests.servers import kinds


class Served(application.Application):
    """The service under a server.

    :param server: a :class:`kinds.Server`, or its name.
    """

    def __init__(self, server, **options):
        super().__init__('eventlet', server=kinds.SERVERS.get(server, server),
                         **options)


_shared = {}


def shared(name):
    """:returns: the service under a server, started once a process."""
    if name not in _shared:
        started = Served(name, image_size_cap=1 << 30)
        started.setUp()
        atexit.register(started.cleanUp)
        _shared[name] = started
    return _shared[name]
