# SPDX-License-Identifier: Apache-2.0
"""Processes of the service, forked from one that has loaded it already.

To load it takes longer than most of what tests have it do. Each module of
:mod:`glancelite.cmd` that is wanted is loaded by one process of its own, and
every command runs in a fork of that, as it would by ``python -m``.

Tests that are about the start itself start it by :mod:`subprocess`.
"""
import _socket
import array
import atexit
import collections
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading

from tests import cradle

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

#: What a module loads only when it runs.
_LATE = {'glancelite.cmd.upload': ['glancelite.cmd.transfer.command']}


class Process:
    """What :class:`subprocess.Popen` offers, of a forked process.

    :ivar pid: its id.
    :ivar returncode: its exit code, once it was asked for and has ended.
    """

    def __init__(self, command):
        self.args = command
        self.pid = None
        self.returncode = None
        self._code = None
        self._started = threading.Event()
        self._ended = threading.Event()

    def begin(self, pid):
        """Hear that it has started, or that it never will: ``pid`` is None.
        """
        self.pid = pid
        self._started.set()

    def wait_for_start(self):
        """:raises RuntimeError: it cannot be started."""
        self._started.wait()
        if self.pid is None:
            raise RuntimeError(f'{self.args[0]} cannot be loaded')

    def end(self, code):
        """Hear that it has ended."""
        self._code = code
        self._ended.set()

    def poll(self):
        """:returns: the exit code, or None while it runs."""
        if self._ended.is_set():
            self.returncode = self._code
        return self.returncode

    def wait(self, timeout=None):
        """:returns: the exit code.

        :raises subprocess.TimeoutExpired: it runs still.
        """
        if not self._ended.wait(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout)
        return self.poll()

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Nursery:
    """A process that has loaded a module, and forks when it is told to.

    :param name: of the module, whose ``main()`` is run in the forks.
    """

    def __init__(self, name):
        ours, its = (_socket.socket(fileno=fd) for fd in _pair())
        self._name = name
        self._socket = ours
        self._starting = threading.Lock()
        self._started = collections.deque()
        self._processes = {}
        self._nursery = subprocess.Popen(
            [sys.executable, cradle.__file__, str(its.fileno()), name,
             *_LATE.get(name, ())],
            cwd=_ROOT, env={**os.environ, 'PYTHONPATH': _ROOT},
            stdin=subprocess.DEVNULL, pass_fds=[its.fileno()])
        its.close()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def start(self, arguments, cwd, env, files):
        """:returns: a :class:`Process`.

        :param files: the descriptors of its standard files.
        """
        process = Process([self._name, *arguments])
        request = json.dumps({'arguments': arguments, 'cwd': cwd,
                              'environment': env}).encode()
        rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS,
                  array.array('i', files))
        with self._starting:
            self._started.append(process)
            self._socket.sendmsg([request], [rights])
        process.wait_for_start()
        return process

    def end(self):
        """End it; what it has forked goes on."""
        self._socket.shutdown(_socket.SHUT_WR)
        self._nursery.wait()
        self._listener.join()
        self._socket.close()

    def _listen(self):
        """Hear which processes have started and ended."""
        while told := self._receive():
            if 'code' in told:
                self._processes.pop(told['pid']).end(told['code'])
            else:
                process = self._started.popleft()
                self._processes[told['pid']] = process
                process.begin(told['pid'])
        for process in self._started:
            process.begin(None)
        for process in self._processes.values():
            # Nobody can say how.
            process.end(255)

    def _receive(self):
        """:returns: what is told next, None when there is nobody any more."""
        try:
            told = self._socket.recv(cradle.MOST)
        except ConnectionError:
            return None
        return json.loads(told) if told else None


_nurseries = {}
_lock = threading.Lock()


def start(module, *arguments, cwd=_ROOT, env=None, stdin=subprocess.DEVNULL,
          stdout=None, stderr=None):
    """Run ``python -m glancelite.cmd.MODULE`` with these arguments.

    :param module: a full name, where it is of another package.
    :param stdin: as subprocess.Popen takes it, but for pipes; so are the
        other two.
    :returns: a :class:`Process`.
    """
    name = module if '.' in module else f'glancelite.cmd.{module}'
    with _lock:
        if name not in _nurseries:
            _nurseries[name] = Nursery(name)
        nursery = _nurseries[name]
    with open(os.devnull, 'r+b') as nothing:
        files = [_descriptor(file, own, nothing) for own, file
                 in enumerate((stdin, stdout, stderr))]
        return nursery.start(
            [str(each) for each in arguments], str(cwd),
            dict(os.environ if env is None else env), files)


def run(module, *arguments, together=False, **more):
    """Run a command to its end, for two minutes at most.

    :param together: whether errors go to where the output goes.

    :param more: what :func:`start` takes besides.
    :returns: a ``subprocess.CompletedProcess``, with its output as text.
    """
    with tempfile.TemporaryFile('w+') as out, \
            tempfile.TemporaryFile('w+') as errors:
        process = start(module, *arguments, stdout=out,
                        stderr=out if together else errors, **more)
        try:
            process.wait(120)
        finally:
            process.kill()
        out.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(
            process.args, process.returncode, out.read(), errors.read())


@atexit.register
def _end():
    while _nurseries:
        _nurseries.popitem()[1].end()


def _descriptor(file, own, nothing):
    if file is None:
        return own
    if file == subprocess.DEVNULL:
        return nothing.fileno()
    return file if isinstance(file, int) else file.fileno()


def _pair():
    """Yield two descriptors of sockets that keep messages apart."""
    for one in _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET):
        yield one.detach()
