# SPDX-License-Identifier: Apache-2.0
"""Connections that do not leave this machine: data goes out unpaced there.

Congestion control guards what lies between two machines. One that paces, as
BBR does and some distributions set for all connections, makes a client here,
or the proxy in front, wait for a timer again and again.
"""
import contextlib
import ipaddress
import os
import socket
import sys

#: The environ key under which the standalone server has a connection.
SOCKET = 'glancelite.socket'

#: Kernels always have it, every account may choose it, and it does not pace.
_UNPACED = b'reno'


def unpace(environ):
    """Let what is sent on a request's connection go as fast as it is taken,
    if whoever takes it is on this machine.

    A server that keeps its connections to itself, as httpd does, is left as
    it is.

    :param environ: of the request.
    """
    # Not every kernel knows the option; a client that is gone is noticed
    # where it is sent something.
    with contextlib.suppress(OSError, AttributeError):
        with _connection(environ) as connection:
            if connection is not None and _is_local(connection):
                connection.setsockopt(socket.IPPROTO_TCP,
                                      socket.TCP_CONGESTION, _UNPACED)


def _connection(environ):
    """:returns: a context manager of the client's socket, or of None."""
    # uWSGI brings the module along.
    uwsgi = sys.modules.get('uwsgi')
    if uwsgi:
        return socket.socket(fileno=os.dup(uwsgi.connection_fd()))
    return contextlib.nullcontext(
        environ.get(SOCKET) or environ.get('gunicorn.socket'))


def _is_local(connection):
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    address = connection.getpeername()[0]
    return (address == connection.getsockname()[0]
            or ipaddress.ip_address(address).is_loopback)
