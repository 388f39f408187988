# SPDX-License-Identifier: Apache-2.0
"""A line to a server that a test can cut."""
import contextlib
import socket
import threading

import fixtures


class Relay(fixtures.Fixture):
    """Passes what comes to a port on to a server, and back.

    :param host: of the server.
    :param port: of the server.
    :ivar port: where the relay listens.
    """

    def __init__(self, host, port):
        super().__init__()
        self._server = host, port
        self._open = set()
        self._listener = None
        self._passing = threading.Event()
        self._passing.set()
        self.port = 0

    def _setUp(self):
        self.addCleanup(self.stop)
        self.start()

    def start(self):
        """Listen, at the same port as before."""
        self._listener = socket.create_server(('127.0.0.1', self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,),
                         daemon=True).start()

    def stop(self):
        """Cut what is open, and refuse whoever comes."""
        self.let_go()
        if self._listener:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self):
        """Cut what is open; new connections are passed on."""
        while self._open:
            _end(self._open.pop())

    def hold(self):
        """Keep back what is sent, from now on."""
        self._passing.clear()

    def let_go(self):
        """Pass on what was kept back, and what comes."""
        self._passing.set()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                near = listener.accept()[0]
                far = socket.create_connection(self._server)
                self._open |= {near, far}
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=pair,
                                     daemon=True).start()

    def _pass(self, source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._passing.wait()
                target.sendall(data)
        _end(source)
        _end(target)


def _end(end):
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
