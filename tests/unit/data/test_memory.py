# SPDX-License-Identifier: Apache-2.0
"""What was freed goes back to the system."""
import pathlib
import platform

import testtools

from glancelite.data import memory

KIB = 1024


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
