# SPDX-License-Identifier: Apache-2.0
"""Loads the module of a command, and runs it in forks; see tests.nursery.

It imports little, which eventlet has to find as it is at a start.
"""
import _socket
import array
import importlib
import json
import os
import signal
import sys

#: The longest request.
MOST = 1 << 20


def _serve(line, name, *late):
    """Fork as often as ``line`` asks for it.

    :param late: names of modules to load besides.
    :returns: the ``main`` of the module, in a fork; None in the end.
    """
    main = importlib.import_module(name).main
    for each in late:
        importlib.import_module(each)

    def reap(_number, _frame):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            _tell(line, pid=pid, code=os.waitstatus_to_exitcode(status))

    signal.signal(signal.SIGCHLD, reap)
    # Who interrupts the tests ends this one by the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        request, rights, _flags, _address = line.recvmsg(
            MOST, _socket.CMSG_SPACE(12))
        if not request:
            return None
        files = array.array('i', rights[0][2])
        # Of none it is told that it has ended before that it has started.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
        pid = os.fork()
        if not pid:
            line.close()
            _become(name, json.loads(request), files)
            return main
        _tell(line, pid=pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
        for file in files:
            os.close(file)


def _tell(line, **what):
    try:
        line.send(json.dumps(what).encode())
    except BrokenPipeError:
        # The tests are over, and were not interested.
        pass


def _become(name, request, files):
    """Be as a process that was started with what is asked for."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
    for own, file in enumerate(files):
        os.dup2(file, own)
    for file in files:
        os.close(file)
    os.chdir(request['cwd'])
    os.environ.clear()
    os.environ.update(request['environment'])
    sys.argv[:] = [sys.modules[name].__file__, *request['arguments']]


if __name__ == '__main__':
    # As 'python -m' has it.
    sys.path[0] = os.getcwd()
    _main = _serve(_socket.socket(fileno=int(sys.argv[1])), *sys.argv[2:])
    sys.exit(_main and _main())
