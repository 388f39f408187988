# SPDX-License-Identifier: Apache-2.0
"""Where limits come from, and what their options may be."""
import pathlib

import fixtures
import testscenarios
import testtools

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.objects import usage as usage_object
from glancelite.quota import keystone
from glancelite.quota import storage

load_tests = testscenarios.load_tests_apply_scenarios

_OSLO_LIMIT = {
    'auth_type': 'password', 'auth_url': 'http://127.0.0.1:9/v3',
    'username': 'glance', 'password': 'secret', 'endpoint_id': 'e'}


class UnusableQuotaTest(testtools.TestCase):
    """user_storage_quota that is no amount ends the start."""

    scenarios = [(text, {'text': text}) for text in (
        '1 KB', '1kb', '1.5KB', '-5', '5XB', 'many', '', '5KBB', '\u0665KB')]

    def test_it_is_named(self):
        refused = self.assertRaises(exception.ConfigurationError,
                                    storage.StorageLimits, _conf(self.text))
        self.assertIn('user_storage_quota', str(refused))


class UsableQuotaTest(testtools.TestCase):
    """A number and a unit of 1024."""

    scenarios = [(text, {'text': text, 'amount': amount})
                 for text, amount in (
                     ('1500', 1500), ('7B', 7), ('2KB', 2048),
                     ('3MB', 3 * 1024 ** 2), ('4GB', 4 * 1024 ** 3),
                     ('5TB', 5 * 1024 ** 4))]

    def test_it_limits_size(self):
        limits = storage.StorageLimits(_conf(self.text))
        (limit,) = limits.of('p', usage_object.RESOURCES)
        self.assertEqual(('p', 'image_size_total', self.amount),
                         (limit.project_id, limit.resource, limit.maximum))

    def test_it_limits_nothing_else(self):
        limits = storage.StorageLimits(_conf(self.text))
        self.assertEqual([], limits.of('p', ('image_count_total',)))


class NoQuotaTest(testtools.TestCase):
    """The default."""

    def test_nothing_is_limited(self):
        limits = storage.StorageLimits(_conf('0'))
        self.assertEqual([], limits.of('p', usage_object.RESOURCES))


class UnusableOsloLimitTest(testtools.TestCase):
    """What is missing of [oslo_limit] ends the start, and is named."""

    scenarios = [(f'{missing} {value}', {'missing': missing, 'value': value})
                 for missing, value in (
                     ('auth_type', None), ('auth_type', 'nonsense'),
                     ('endpoint_id', None))]

    def test_it_is_named(self):
        conf = self._conf({**_OSLO_LIMIT, self.missing: self.value})
        refused = self.assertRaises(exception.ConfigurationError,
                                    keystone.KeystoneLimits, conf)
        self.assertIn('oslo_limit', str(refused))

    def _conf(self, options):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        file = folder / 'glancelite-api.conf'
        file.write_text('\n'.join(
            ['[oslo_limit]', *(f'{name} = {value}' for name, value
                               in options.items() if value)]))
        conf = conf_package.new()
        conf([], default_config_files=[str(file)])
        return conf


def _conf(quota):
    conf = conf_package.new()
    conf([], default_config_files=[])
    conf.set_override('user_storage_quota', quota)
    return conf
