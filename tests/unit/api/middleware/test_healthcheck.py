# SPDX-License-Identifier: Apache-2.0
"""A check that hangs is answered for in time, and begun once."""
import threading

import testtools

from glancelite.api.middleware import healthcheck
from glancelite.data import threads

_LONG = 60


class ProbeTest(testtools.TestCase):

    def probe(self, check):
        """:returns: a probe that runs ``check`` under native threads."""
        native = threads.NativeThreads
        return healthcheck._Probe('it', check, native.start, native.Queue,
                                  native.wait)

    def test_a_check_passes_or_raises(self):
        for check, passes in ((lambda: None, True), (lambda: 1 / 0, False)):
            probe = self.probe(check)
            for _time in range(2):
                probe.begin()
                self.assertIs(passes, probe.passes(_LONG))

    def test_a_hanging_check_is_begun_once_and_passes_when_it_returns(self):
        released, begun = threading.Event(), []

        def hang():
            begun.append(1)
            released.wait(_LONG)
        probe = self.probe(hang)
        for _time in range(3):
            probe.begin()
            self.assertFalse(probe.passes(0))
        self.assertEqual([1], begun)
        released.set()
        self.assertTrue(probe.passes(_LONG))
