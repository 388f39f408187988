# SPDX-License-Identifier: Apache-2.0
"""Archives of the kinds .lha and .lzh, read by the program of that name.

No library for Python unpacks them without holding all of it in memory.
Lhasa's program writes what it unpacks to a pipe, from which no more is read
than is allowed.
"""
import re
import struct
import sys

from glancelite.i18n import _

_MIB = 1024 ** 2

#: The shortest head of an archive, and what stands in it: the method, from
#: stored to the largest dictionary. A folder is no data.
_HEAD = 22
_METHOD = re.compile(rb'..-lh[0-7x]-', re.DOTALL)

#: Seconds between two looks whether the import still is to go on.
_LOOK = 0.5


def is_one(head):
    """:returns: whether ``head``, some first bytes, begins an archive."""
    return (len(head) >= 7 and head[0] and
            _METHOD.match(head) is not None)


def unpack(job, size, memory):
    """:returns: the only file in the archive, to be read.

    The program tests the whole archive first: it says nothing of damage
    while it unpacks.

    :param size: what :func:`size_of_only_file` has returned.
    :param memory: MiB that the program may take.
    :raises ImportRefused: it is damaged, or the program is not installed.
    """
    command = [sys.executable, '-m', 'oslo_concurrency.prlimit', '--as',
               str(memory * _MIB), '--core', '0', '--', 'lha']
    testing = _start(job, [*command, 'tq', str(job.input)])
    try:
        while testing.poll() is None:
            try:
                testing.wait(_LOOK)
            except job.subprocess.TimeoutExpired:
                job.require_running()
    finally:
        _end(testing)
    if testing.returncode:
        _refuse(job)
    return _Output(job, _start(job, [*command, 'pq', str(job.input)]), size)


class _Output:
    """What the program writes.

    :param size: bytes that there must be.
    """

    def __init__(self, job, process, size):
        self._job = job
        self._process = process
        self._left = size

    def read(self, size):
        """:raises ImportRefused: it ends early, or does not end."""
        block = self._process.stdout.read(size)
        self._left -= len(block)
        if self._left < 0 or not block and self._left:
            _refuse(self._job)
        return block

    def close(self):
        """End the program."""
        _end(self._process)


def size_of_only_file(job):
    """:returns: bytes that the file in the archive has when it is unpacked.

    No more are ever unpacked, whatever the rest of the archive says.

    :raises ImportRefused: it is damaged, or holds anything else.
    """
    with open(job.input, 'rb') as file:
        head = file.read(_HEAD)
        if len(head) < _HEAD:
            _refuse(job)
        packed, size = struct.unpack_from('<LL', head, 7)
        # The head's own size is written in two bytes since level 2.
        length = (struct.unpack_from('<H', head)[0] if head[20] == 2
                  else head[0] + 2)
        if head[20] > 2:
            _refuse(job)
        file.seek(length + packed)
        if file.read(1) not in (b'', b'\0'):
            job.refuse(_('An lha archive must hold one file, the image.'))
    return size


def _start(job, command):
    subprocess = job.subprocess
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)


def _end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def _refuse(job):
    job.refuse(_('The lha archive cannot be read: it is damaged, or of an '
                 'unusual kind, or nothing that reads it is installed.'))
