# SPDX-License-Identifier: Apache-2.0
"""Who is sent data unpaced: whoever is on this machine, and nobody else."""
import socket
import unittest

from glancelite.api import same_machine


class Remote:
    """A connection to another machine, which tests do not have."""

    family = socket.AF_INET

    def getpeername(self):
        return '192.0.2.1', 50000

    def getsockname(self):
        return '192.0.2.2', 9292

    def setsockopt(self, *option):
        raise AssertionError(option)


class UnpaceTest(unittest.TestCase):
    def connected(self, address='127.0.0.1', family=socket.AF_INET):
        """:returns: the server's side of a connection within this machine.
        """
        listener = socket.create_server((address, 0), family=family)
        self.addCleanup(listener.close)
        client = socket.create_connection(listener.getsockname()[:2])
        self.addCleanup(client.close)
        connection, _address = listener.accept()
        self.addCleanup(connection.close)
        return connection

    def congestion_control(self, connection):
        return connection.getsockopt(
            socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).strip(b'\0')

    def test_a_client_on_this_machine(self):
        for key in (same_machine.SOCKET, 'gunicorn.socket'):
            connection = self.connected()
            same_machine.unpace({key: connection})
            self.assertEqual(b'reno', self.congestion_control(connection))
            # It is not ours to close.
            self.assertNotEqual(-1, connection.fileno())

    def test_a_client_on_this_machine_by_ipv6(self):
        try:
            connection = self.connected('::1', socket.AF_INET6)
        except OSError as error:
            self.skipTest(f'no IPv6: {error}')
        same_machine.unpace({same_machine.SOCKET: connection})
        self.assertEqual(b'reno', self.congestion_control(connection))

    def test_a_client_on_another_machine(self):
        same_machine.unpace({same_machine.SOCKET: Remote()})

    def test_no_tcp(self):
        for connection in socket.socketpair():
            self.addCleanup(connection.close)
            same_machine.unpace({same_machine.SOCKET: connection})

    def test_a_client_that_is_gone(self):
        connection = self.connected()
        connection.close()
        same_machine.unpace({same_machine.SOCKET: connection})

    def test_a_server_that_keeps_its_connections_to_itself(self):
        same_machine.unpace({})
