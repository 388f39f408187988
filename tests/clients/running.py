# SPDX-License-Identifier: Apache-2.0
"""The README's command, disks of qemu-img, and clients as commands."""
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys

import fixtures

from tests.functional import application

#: Seconds for tools/run, which may have to make its environment first.
_START = 900

_BLOCK = 1024 * 1024


class ToolsRun(fixtures.Fixture):
    """``tools/run --port N --state-dir DIR``, as README.rst says.

    :ivar url: where it serves.
    :ivar state: its state directory, as a path.
    """

    def _setUp(self):
        self.state = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'state')
        self._port = self.useFixture(application.Port())
        self.url = f'http://127.0.0.1:{self._port.number}'
        self._process = None
        self.addCleanup(self.stop)

    def start(self):
        """Start it and wait until it listens.

        :returns: what it printed before it served.
        """
        # The first one makes an environment that all of them use.
        with open(__file__, 'rb') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._start()

    def _start(self):
        output = pathlib.Path(self.state.parent, 'output')
        with open(output, 'wb') as file:
            self._process = subprocess.Popen(
                [application.ROOT / 'tools' / 'run', '--port',
                 str(self._port.number), '--state-dir', self.state],
                stdout=file, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, start_new_session=True)

        def listens():
            if self._process.poll() is not None:
                raise AssertionError(output.read_text())
            try:
                socket.create_connection(
                    ('127.0.0.1', self._port.number)).close()
            except ConnectionRefusedError:
                return False
            return True
        application.eventually(listens, 'tools/run serves', _START)
        return output.read_text()

    def stop(self):
        """Stop it by SIGTERM.

        :returns: its exit code.
        """
        if self._process is None:
            return None
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(application.PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise


class Disks(fixtures.Fixture):
    """A raw disk of a few hundred MiB, and the same as qcow2.

    :param size: MiB.
    :ivar raw: the path of the raw disk.
    :ivar qcow2: the path of the qcow2 disk.
    """

    def __init__(self, size=300):
        super().__init__()
        self._size = size

    def _setUp(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.raw, self.qcow2 = folder / 'disk.raw', folder / 'disk.qcow2'
        with open(self.raw, 'wb') as file:
            for number in range(self._size):
                # A third of a real disk is empty.
                file.write(os.urandom(_BLOCK) if number % 3
                           else bytes(_BLOCK))
        subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2',
                        self.raw, self.qcow2], check=True)


def sha512(path):
    """:returns: the digest of a file, in hex."""
    digest = hashlib.sha512()
    with open(path, 'rb') as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def find(name):
    """:returns: the path of a client, of this environment or of PATH."""
    beside = pathlib.Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name)


class Command:
    """A client with the options that every call needs.

    :param name: of the command.
    :param options: before its subcommand.
    :param environment: variables for it, besides those of this process.
    """

    def __init__(self, name, *options, environment=()):
        self._words = [find(name), *options]
        # What the shell of the caller says of other clouds is not for us.
        self._environment = {
            **{name: value for name, value in os.environ.items()
               if not name.startswith('OS_')}, **dict(environment)}

    def __call__(self, *words):
        """:returns: what it printed.

        :raises AssertionError: it failed.
        """
        done = self.run(*words)
        if done.returncode:
            raise AssertionError(f'{words}: {done.stdout}{done.stderr}')
        return done.stdout

    def json(self, *words):
        """:returns: what it printed, as JSON."""
        return json.loads(self(*words, '-f', 'json'))

    def run(self, *words):
        """:returns: the completed process."""
        # With a terminal or a pipe to read from, clients upload it.
        return subprocess.run(
            [*self._words, *map(str, words)], capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env=self._environment, check=False,
            timeout=600)


class Clients(fixtures.Fixture):
    """Both clients, loaded once: see :mod:`tests.clients.prefork`.

    :ivar told: what was called, each as one text.
    """

    def _setUp(self):
        self.told = []
        self._process = subprocess.Popen(
            [sys.executable, '-W', 'ignore', '-m', 'tests.clients.prefork'],
            cwd=application.ROOT, text=True, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        self.addCleanup(self._process.wait)
        self.addCleanup(self._process.stdout.close)
        self.addCleanup(self._process.stdin.close)

    def command(self, name, *options, environment=()):
        """:returns: a :class:`Preloaded`; parameters as of Command."""
        return Preloaded(self, name, *options, environment=environment)

    def call(self, words, environment):
        """:returns: a completed process."""
        self.told.append(' '.join(words))
        print(json.dumps({'words': words, 'environment': environment}),
              file=self._process.stdin, flush=True)
        code, out, errors = json.loads(self._process.stdout.readline())
        return subprocess.CompletedProcess(words, code, out, errors)


class Preloaded(Command):
    """A client, called in a fork of a process that has loaded it."""

    def __init__(self, clients, name, *options, environment=()):
        super().__init__(name, *options, environment=environment)
        self._words[0] = name
        self._clients = clients

    def run(self, *words):
        """:returns: the completed process; it reads from a terminal."""
        return self._clients.call([*self._words, *map(str, words)],
                                  self._environment)
