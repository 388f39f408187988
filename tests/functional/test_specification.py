# SPDX-License-Identifier: Apache-2.0
"""Each promise of the specification has tests that name it; specification.yaml
is the table.
"""
import functools
import importlib
import os
import pathlib
import re

import testtools
import yaml

from tests.compare import recording
from tests.compare import scenario as scenario_file
from tests.functional import application

_HERE = pathlib.Path(__file__).parent
CHAPTERS = yaml.safe_load((_HERE / 'specification.yaml').read_text())

#: The specification itself, which is not part of this repository.
_SOURCE = pathlib.Path(os.environ.get(
    'GLANCELITE_SPECIFICATION',
    application.ROOT.parent / 'shared' / 'reference' / 'images.rst'))


def promises():
    """Yield (chapter, promise, names of tests)."""
    for chapter, content in CHAPTERS.items():
        for entry in content['promises']:
            yield chapter, entry['says'], entry['tests']


@functools.cache
def story(name):
    """:returns: the names of the tests in a file of gabbits."""
    document = yaml.safe_load((_HERE / 'gabbits' / f'{name}.yaml').read_text())
    return {test['name'] for test in document['tests']}


def exists(test):
    """:returns: whether there is a test that goes by that name."""
    if isinstance(test, dict):
        (kind, name), = test.items()
        if kind == 'compared':
            return (scenario_file.SCENARIOS / f'{name}.yaml').exists()
        return name in story(kind)
    for cut in (1, 2):
        module, *names = test.rsplit('.', cut)
        try:
            found = importlib.import_module(f'tests.{module}')
        except ImportError:
            continue
        return functools.reduce(
            lambda each, name: each and getattr(each, name, None), names,
            found) is not None
    return False


def calls():
    """Yield (call, status we answer) of every request that is compared.

    Of paths only what tells the calls apart is kept.
    """
    for scenario in scenario_file.load_all():
        answers = recording.read(scenario.name)
        for step, answer in zip(scenario.steps, answers):
            method, path = step.get('call').split(' ', 1)
            path = re.sub('^(/v2/images)/[^/]+', r'\1/{}',
                          path.partition('?')[0])
            ours = step.get('instead') or {} if step.differs else {}
            yield f'{method} {path}', ours.get('status', answer['status'])


class SpecificationTest(testtools.TestCase):

    def test_every_test_that_is_named_exists(self):
        self.assertEqual([], [
            (promise, test) for _chapter, promise, names in promises()
            for test in names if not exists(test)])

    def test_every_promise_names_a_test(self):
        self.assertEqual([], [promise for _chapter, promise, names
                              in promises() if not names])

    def test_every_code_of_every_call_is_compared_with_glance(self):
        compared = set(calls())
        self.assertEqual([], [
            (chapter, code) for chapter, content in CHAPTERS.items()
            for code in content.get('codes', ())
            if (content['call'], code) not in compared])

    def test_chapters_and_promises_are_those_of_the_specification(self):
        if not _SOURCE.exists():
            self.skipTest('The specification is not at hand.')
        text = _SOURCE.read_text()
        headings = re.findall(r'^(\S.*)\n~+$', text, re.M)
        self.assertEqual(headings, list(CHAPTERS))
        bounds = [text.index(f'\n{heading}\n~') for heading in headings]
        for heading, start, stop in zip(headings, bounds,
                                        [*bounds[1:], len(text)]):
            words = ' '.join(text[start:stop].split())
            self.assertEqual([], [
                promise for chapter, promise, _names in promises()
                if chapter == heading
                and ' '.join(promise.split()) not in words], heading)


class PatchTest(application.SharedTestCase):
    """Update image: 403 for one change is 403 for the entire request."""

    def test_a_forbidden_change_undoes_those_before_it(self):
        image = self.client.create(color='red')
        for name in ('status', 'id', 'os_glance_x', 'checksum'):
            answer = self.client.patch(f'/v2/images/{image["id"]}', [
                {'op': 'replace', 'path': '/name', 'value': 'new'},
                {'op': 'replace', 'path': '/color', 'value': 'blue'},
                {'op': 'add', 'path': f'/{name}', 'value': 'x'}])
            self.assertEqual(403, answer.status)
            shown = self.client.show(image['id'])
            self.assertEqual((None, 'red'), (shown['name'], shown['color']))
