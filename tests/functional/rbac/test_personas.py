# SPDX-License-Identifier: Apache-2.0
"""Every persona gets from the application what Glance would answer."""
import testscenarios
import testtools

from tests.compare import comparison
from tests.compare import own
from tests.functional.rbac import matrix
from tests.functional.rbac import pinned

load_tests = testscenarios.load_tests_apply_scenarios


def transport(case):
    """Return a transport to an application of the test's own."""
    return case.useFixture(own.InProcess('personas')).transport


class PersonasTest(testtools.TestCase):

    scenarios = [(kind, {'kind': kind}) for kind in matrix.KINDS]

    def test_answers_are_those_pinned(self):
        ours = matrix.play(transport(self), [self.kind])
        found = pinned.complaints(pinned.read(), ours, pinned.Differences())
        self.assertEqual([], found, '\n'.join(found))


class CreatorsTest(testtools.TestCase):

    def test_answers_are_those_pinned(self):
        ours = matrix.play_create(transport(self))
        found = pinned.complaints(pinned.read(), ours, pinned.Differences())
        self.assertEqual([], found, '\n'.join(found))


class HeadTest(testtools.TestCase):
    """Glance has no HEAD: who may GET may HEAD, with the same status."""

    calls = (matrix.Call('show', 'HEAD'),
             matrix.Call('download', 'HEAD', '/file'))

    def test_head_answers_as_get(self):
        ours = matrix.play(transport(self), calls=self.calls)
        gets = pinned.read()
        found = pinned.complaints(gets, {call.name: ours[call.name]
                                         for call in self.calls},
                                  pinned.Differences())
        self.assertEqual([], found, '\n'.join(found))


class DifferencesTest(testtools.TestCase):

    def test_every_difference_is_listed(self):
        anchors = pinned.Differences().anchors()
        self.assertEqual(set(), anchors - comparison.known_anchors())
