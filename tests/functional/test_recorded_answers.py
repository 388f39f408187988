# SPDX-License-Identifier: Apache-2.0
"""A real Glance's answers, recorded, held against the application.

The requests are those of ``tests/compare/scenarios``; ``tools/compare
--record`` asks Glance anew.
"""
import shutil

import testscenarios
import testtools

from tests.compare import comparison
from tests.compare import own
from tests.compare import play
from tests.compare import process
from tests.compare import recording
from tests.compare import scenario as scenario_file
from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios


class RecordedAnswersTest(testtools.TestCase):

    scenarios = [(scenario.name, {'scenario': scenario})
                 for scenario in scenario_file.load_all()]

    def setUp(self):
        super().setUp()
        if self.scenario.settings == 'plugins' and not shutil.which(
                'qemu-img'):
            self.skipTest('qemu-img is not installed')
        files = process.FileServer()
        self.addCleanup(files.stop)
        self.service = self.useFixture(
            own.InProcess(self.scenario.settings, files.url))

    def test_answers_are_those_of_glance(self):
        recorded = recording.read(self.scenario.name)
        self.assertEqual([step.key for step in self.scenario.steps],
                         [answer['step'] for answer in recorded],
                         'record the scenario again')
        judge = comparison.Judge(comparison.known_anchors(),
                                 server=application.SERVER)
        complaints = []
        played = play.Play(self.service).run(self.scenario)
        for (step, ours), theirs in zip(played, recorded):
            theirs.pop('step')
            found = judge.complaints(step, theirs, ours)
            if found:
                complaints.append('\n    '.join([step.key, *found]))
        self.assertEqual([], complaints, '\n'.join(complaints))
