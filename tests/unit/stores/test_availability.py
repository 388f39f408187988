# SPDX-License-Identifier: Apache-2.0
"""Whether a store answers, and who may ask it."""
import itertools
import threading

import fixtures
import testtools

from glancelite import exception
from glancelite.data import threads
from glancelite.stores import availability


class AvailabilityTest(testtools.TestCase):
    """A store that does not answer is left alone for a while."""

    def setUp(self):
        super().setUp()
        self.now = 1000
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.availability.time.monotonic',
            lambda: self.now))
        self.logged = self.useFixture(fixtures.FakeLogger())
        self.store = availability.Availability(
            'Store far', threads.NativeThreads, 0.01)
        self.hanging = threading.Event()
        self.addCleanup(self.hanging.set)

    def hang(self):
        self.assertRaises(exception.StoreUnavailable, self.store.ask,
                          self.hanging.wait)

    def test_answers_and_errors_are_passed_on(self):
        store = availability.Availability('Far', threads.NativeThreads, 60)
        self.assertEqual(3, store.ask(len, 'abc'))
        self.assertRaises(TypeError, store.ask, len, 3)
        self.assertIsNone(store.reason)

    def test_a_store_that_hangs_is_not_asked_for_a_while(self):
        self.hang()
        self.assertIsNotNone(self.store.reason)
        self.now += 9
        self.assertRaises(exception.StoreUnavailable, self.store.ask,
                          self.fail)
        self.now += 2
        self.store.require()

    def test_one_caller_finds_out_while_the_others_are_told_at_once(self):
        self.store.mark_down('refused')
        self.now += 6
        self.store.require()
        self.assertRaises(exception.StoreUnavailable, self.store.require)

    def test_the_pause_grows_with_each_who_waits_in_vain(self):
        asked = []

        def hang():
            asked.append(self.now)
            self.hanging.wait()
        while len(asked) < 7:
            self.assertRaises(exception.StoreUnavailable, self.store.ask,
                              hang)
            self.now += 1
        self.assertEqual([10, 20, 40, 80, 80, 80], [
            after - before for before, after in itertools.pairwise(asked)])

    def test_a_store_that_is_back_is_asked_again_by_everybody(self):
        self.store.mark_down('refused')
        self.store.mark_up()
        self.store.require()
        self.store.require()
        self.assertIn('Store far is down: refused', self.logged.output)
        self.assertIn('Store far is back', self.logged.output)
