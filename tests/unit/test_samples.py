# SPDX-License-Identifier: Apache-2.0
"""The samples in etc are what the generators make of the code."""
import importlib.metadata
import pathlib
import re
import subprocess
import sys

import fixtures
import testtools

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = ROOT / 'etc' / 'glancelite'

_ADVICE = 'made anew by "tox -e genconfig,genpolicy"'


class SamplesTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.made = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path) / 'sample'

    def test_the_sample_of_the_configuration_is_up_to_date(self):
        _require_pinned(self)
        self.generate(
            'oslo_config.generator', 'main', '--config-file',
            'etc/oslo-config-generator/glancelite-api.conf')
        self.compare('glancelite-api.conf.sample')

    def test_the_sample_of_the_policy_is_up_to_date(self):
        self.generate('oslo_policy.generator', 'generate_sample',
                      '--namespace', 'glancelite')
        self.compare('policy.yaml.sample')

    def generate(self, module, function, *arguments):
        """Run it by itself: other tests change defaults of libraries."""
        subprocess.run(
            [sys.executable, '-c',
             f'from {module} import {function}; {function}()',
             *arguments, '--output-file', str(self.made)],
            check=True, cwd=ROOT, timeout=120)

    def compare(self, name):
        self.assertEqual((SAMPLES / name).read_text().splitlines(),
                         self.made.read_text().splitlines(), _ADVICE)


def _require_pinned(test):
    """The sample has the options of libraries too, of pinned versions."""
    pins = dict(re.findall(
        r'^(oslo\.[\w.]+|keystonemiddleware|keystoneauth1)==([\w.]+)$',
        _text('constraints.txt'), re.MULTILINE))
    for name in re.findall(r'^[\w.]+', _text('requirements.txt'),
                           re.MULTILINE):
        version = pins.get(name)
        if version and importlib.metadata.version(name) != version:
            test.skipTest(f'{name} is not the pinned {version}')


def _text(name):
    return (ROOT / name).read_text()
