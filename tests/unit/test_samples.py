# SPDX-License-Identifier: Apache-2.0
"""The samples in etc are what the generators make of the code."""
import importlib.metadata
import pathlib
import re

import fixtures
from oslo_config import cfg
from oslo_config import generator as config_generator
from oslo_policy import generator as policy_generator
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
        conf = cfg.ConfigOpts()
        config_generator.register_cli_opts(conf)
        conf(['--config-file',
              str(ROOT / 'etc/oslo-config-generator/glancelite-api.conf')],
             default_config_dirs=[])
        conf.set_override('output_file', str(self.made))
        config_generator.generate(conf)
        self.compare('glancelite-api.conf.sample')

    def test_the_sample_of_the_policy_is_up_to_date(self):
        policy_generator.generate_sample(
            ['--namespace', 'glancelite', '--output-file', str(self.made)],
            conf=cfg.ConfigOpts())
        self.compare('policy.yaml.sample')

    def compare(self, name):
        self.assertEqual((SAMPLES / name).read_text().splitlines(),
                         self.made.read_text().splitlines(), _ADVICE)


def _require_pinned(test):
    """The sample has the options of libraries too, of pinned versions."""
    pins = re.findall(r'^(oslo\.[\w.]+|keystonemiddleware|keystoneauth1)=='
                      r'([\w.]+)$', (ROOT / 'constraints.txt').read_text(),
                      re.MULTILINE)
    for name, version in pins:
        if importlib.metadata.version(name) != version:
            test.skipTest(f'{name} is not the pinned {version}')
