# SPDX-License-Identifier: Apache-2.0
"""A real Glance's answers, recorded, held against the application.

The requests are those of ``tests/compare/scenarios``; ``tools/compare
--record`` asks Glance anew.
"""
import fixtures
import testscenarios
import testtools

from glancelite import deploy
from tests.compare import comparison
from tests.compare import exchange
from tests.compare import own
from tests.compare import play
from tests.compare import process
from tests.compare import recording
from tests.compare import scenario as scenario_file

load_tests = testscenarios.load_tests_apply_scenarios


class InProcess:
    """The application, as ``play.Play`` wants a service."""

    def __init__(self, application, names):
        self.transport = exchange.Application(application)
        self.names = names


class RecordedAnswersTest(testtools.TestCase):

    scenarios = [(scenario.name, {'scenario': scenario})
                 for scenario in scenario_file.load_all()]

    def setUp(self):
        super().setUp()
        directory = self.useFixture(fixtures.TempDir()).path
        files = process.FileServer()
        self.addCleanup(files.stop)
        configuration = own.write(directory, self.scenario.settings)
        application = deploy.load_app(
            deploy.load_conf(files=[str(configuration)]))
        self.service = InProcess(
            application, {'files': files.url, 'data': f'{directory}/data'})

    def test_answers_are_those_of_glance(self):
        recorded = recording.read(self.scenario.name)
        self.assertEqual([step.key for step in self.scenario.steps],
                         [answer['step'] for answer in recorded],
                         'record the scenario again')
        judge = comparison.Judge(comparison.known_anchors())
        complaints = []
        played = play.Play(self.service).run(self.scenario)
        for (step, ours), theirs in zip(played, recorded):
            theirs.pop('step')
            found = judge.complaints(step, theirs, ours)
            if found:
                complaints.append('\n    '.join([step.key, *found]))
        self.assertEqual([], complaints, '\n'.join(complaints))
