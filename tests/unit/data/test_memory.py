# SPDX-License-Identifier: Apache-2.0
"""What was freed goes back to the system."""
import os
import pathlib
import platform
import subprocess
import sys

import testtools

from glancelite.data import memory

KIB = 1024

#: Threads, all there at once, that have what a transfer has, and rest then.
_PROGRAM = '''
import threading
from glancelite.data import memory
from tests.unit.data import test_memory

def use():
    block = b'x' * (900 * 1024)
    barrier.wait()
    del block
    barrier.wait()

memory.share({})
# What glibc keeps grows with the largest block that it has had back.
len(b'x' * len(bytearray(1024 * 1024)))
before = test_memory.in_use()
barrier = threading.Barrier(9)
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads:
    thread.start()
barrier.wait()
barrier.wait()
for thread in threads:
    thread.join()
memory.give_back()
print(test_memory.in_use() - before)
'''


def in_use():
    """:returns: KiB of this process that no file has."""
    status = pathlib.Path('/proc/self/status').read_text()
    return int(status.partition('RssAnon:')[2].split()[0])


class GiveBackTest(testtools.TestCase):

    def test_what_lies_below_something_in_use_is_given_back(self):
        if platform.libc_ver()[0] != 'glibc':
            self.skipTest('the C library keeps what is freed, or does not')
        # Each is too small to be given back by itself.
        blocks = [b'x' * (100 * KIB) for _ in range(1000)]
        last = blocks.pop()
        blocks.clear()
        before = in_use()
        memory.give_back()
        self.assertLess(in_use(), before - 50 * KIB)
        self.assertEqual(100 * KIB, len(last))


class ShareTest(testtools.TestCase):

    def test_threads_keep_nothing_for_themselves(self):
        if platform.libc_ver()[0] != 'glibc':
            self.skipTest('the C library has no arenas')
        environment = {name: value for name, value in os.environ.items()
                       if name not in ('MALLOC_ARENA_MAX', 'GLIBC_TUNABLES')}
        done = subprocess.run(
            [sys.executable, '-c', _PROGRAM], env=environment, check=True,
            cwd=pathlib.Path(__file__).parents[3], capture_output=True,
            text=True, timeout=60)
        self.assertLess(int(done.stdout), 1000)
