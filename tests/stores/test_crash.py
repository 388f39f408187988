# SPDX-License-Identifier: Apache-2.0
"""Processes that die while they work on stores of the glance_store library.

It is the campaign of ``tests/crash``; the steps are those in the database,
since what happens in a store happens in its own processes.
"""
import re

import testscenarios
import testtools

from tests.crash import arena
from tests.crash import attacks
from tests.crash import campaign
from tests.stores import engines

load_tests = testscenarios.load_tests_apply_scenarios

_NAME = re.compile(
    '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}[.]'
    '([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})')

_ERRANDS = (attacks.UploadOfKnownLength, attacks.ChunkedUpload,
            attacks.Deletion, attacks.DeletionDuringUpload)


class StoreArena(arena.Arena):
    """A service whose images lie in ``place``."""

    #: Ceph lets nobody remove what a dead process had open for 30 seconds.
    bound = arena.BOUND + 60

    def __init__(self, place):
        self._place = place
        super().__init__(
            place.server, **place.sections,
            enabled_backends=f'far:{place.kind}', far=place.options,
            glance_store={'default_backend': 'far',
                          'filesystem_store_datadir': None})

    def configure(self, **options):
        super().configure(os_glance_staging_store={
            'filesystem_store_datadir': self.staging}, **options)

    def _name(self, url):
        return _NAME.search(self._place.name_of(url))[0]

    def _stored(self):
        # A segment, or a part, is as good as the whole.
        return super()._stored() | {
            _NAME.search(name)[0] for name in self._place.contents()}


class CrashTest(testtools.TestCase):
    """No stuck image, no byte that nobody knows of, nothing lost."""

    scenarios = [(name, {'engine': name}) for name in engines.NAMES]
    engine = None

    def setUp(self):
        super().setUp()
        self.arena = self.useFixture(StoreArena(
            engines.place(self, self.engine)))

    def test_kills_at_every_third_step(self):
        attack = campaign.Campaign(self.arena, every=3)
        attack.kill_at_steps(_ERRANDS)
        self.arena.audit()
        self.assertGreater(sum(attack.counts.values()), 8)

    def test_kills_while_bytes_are_on_their_way(self):
        campaign.Campaign(self.arena).kill_at_random(12)
        self.arena.audit()
