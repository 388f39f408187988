# SPDX-License-Identifier: Apache-2.0
"""What processes of this machine take, from /proc."""
import os
import pathlib
import threading

_PROC = pathlib.Path('/proc')
_TICK = os.sysconf('SC_CLK_TCK')
_LISTENING = '0A'

#: Seconds between two looks at the memory of a group: a look takes as long as
#: a part of a short transfer.
_LOOK = 0.3


def listening_on(port):
    """:returns: pids of the processes that listen on a TCP port."""
    inodes = set()
    for name in ('tcp', 'tcp6'):
        for line in (_PROC / 'net' / name).read_text().splitlines()[1:]:
            fields = line.split()
            local, state = fields[1], fields[3]
            if (state == _LISTENING
                    and int(local.rpartition(':')[2], 16) == port):
                inodes.add(f'socket:[{fields[9]}]')
    return [int(folder.name) for folder in _PROC.glob('[0-9]*')
            if inodes & _links(folder / 'fd')]


def _links(folder):
    try:
        return {os.readlink(each) for each in folder.iterdir()}
    except OSError:
        # It has ended, or is somebody else's.
        return set()


def _tree(pids):
    """:returns: ``pids`` and those of all their descendants."""
    found = list(pids)
    for each in found:
        for children in (_PROC / str(each) / 'task').glob('*/children'):
            try:
                found += map(int, children.read_text().split())
            except OSError:
                continue
    return set(found)


class Group:
    """A server's processes, those that it starts later too.

    :param pids: of the processes to begin with.
    """

    def __init__(self, pids):
        self._roots = pids

    @property
    def _pids(self):
        return _tree(self._roots)

    def cpu(self):
        """:returns: processor seconds used so far, ended threads' too."""
        total = 0
        for pid in self._pids:
            fields = _read(pid, 'stat').rpartition(')')[2].split()
            if fields:
                total += int(fields[11]) + int(fields[12])
        return total / _TICK

    def memory(self):
        """:returns: MiB in use; a page that several share counts once."""
        return sum(_kibibytes(_read(pid, 'smaps_rollup'), 'Pss:')
                   for pid in self._pids) / 1024

    def peak(self):
        """:returns: MiB, the most that one of them has had (RSS)."""
        return max(_kibibytes(_read(pid, 'status'), 'VmHWM:')
                   for pid in self._pids) / 1024

    def forget_peak(self):
        """Let the peak begin anew at what is in use."""
        for pid in self._pids:
            (_PROC / str(pid) / 'clear_refs').write_text('5')

    def watched(self):
        """:returns: a :class:`Watch` of its memory."""
        return Watch(self.memory)


class Watch:
    """Looks at memory now and then, as long as the block lasts.

    :ivar most: MiB, the most that was seen; one look is always taken.
    """

    def __init__(self, memory):
        self._memory = memory
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.most = 0

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._over.set()
        self._thread.join()

    def _look(self):
        while True:
            over = self._over.wait(_LOOK)
            self.most = max(self.most, self._memory())
            if over:
                return


def _read(pid, name):
    try:
        return (_PROC / str(pid) / name).read_text()
    except OSError:
        return ''


def _kibibytes(text, label):
    for line in text.splitlines():
        if line.startswith(label):
            return int(line.split()[1])
    return 0
