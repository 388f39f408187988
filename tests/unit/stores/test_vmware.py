# SPDX-License-Identifier: Apache-2.0
"""Servers that give the whole of a file where a part was asked for."""
import testtools

from glancelite.stores.kinds import vmware


class BeyondTest(testtools.TestCase):
    """The part is taken from the whole."""

    def test_any_offset_in_any_blocks(self):
        data = bytes(range(10))
        for size in (1, 3, 10, 20):
            blocks = [data[start:start + size]
                      for start in range(0, len(data), size)]
            for offset in range(12):
                self.assertEqual(
                    data[offset:], b''.join(vmware._beyond(blocks, offset)))
