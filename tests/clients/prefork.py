# SPDX-License-Identifier: Apache-2.0
"""Runs client commands, many a second: each in a fork of one process that
has loaded the clients already.

Reads lines of JSON, ``{"words": [...], "environment": {...}}``, and answers
each with a line: ``[exit code, output, errors]``.
"""
import importlib
import json
import os
import pty
import sys
import tempfile
import traceback

_SHELLS = {'openstack': 'openstackclient.shell',
           'glance': 'glanceclient.shell'}
_LOADED = ('openstackclient.image.v2.image', 'openstackclient.image.v2.task',
           'glanceclient.v2.shell', 'openstack.image.v2._proxy',
           'openstack.identity.v3._proxy')


def _call(words):
    """:returns: the exit code of a client."""
    shell = importlib.import_module(_SHELLS[words[0]])
    sys.argv = words
    try:
        if words[0] == 'openstack':
            return shell.main(words[1:]) or 0
        return shell.main() or 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 1


def _run(words, environment, terminal):
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if not pid:
            for number, file in enumerate((terminal, out.fileno(),
                                           err.fileno())):
                os.dup2(file, number)
            os.environ.clear()
            os.environ.update(environment)
            sys.stdin = open(0)
            code = _call(words)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        return code, *(_text(file) for file in (out, err))


def _text(file):
    file.seek(0)
    return file.read().decode()


def _serve():
    for name in (*_SHELLS.values(), *_LOADED):
        importlib.import_module(name)
    # What is not a terminal clients would upload.
    terminal = pty.openpty()[1]
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(_run(asked['words'], asked['environment'],
                              terminal)), flush=True)


if __name__ == '__main__':
    _serve()
