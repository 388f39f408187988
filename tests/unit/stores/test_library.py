# SPDX-License-Identifier: Apache-2.0
"""Stores of the glance_store library that this process cannot serve.

tests/stores has those that it can.
"""
import types

import fixtures
import testtools

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.data import threads
from glancelite.stores import kinds
from glancelite.stores import library


class LoadTest(testtools.TestCase):
    """What is refused, and how it is told."""

    def refusal(self, kind, server=threads.NativeThreads):
        """:returns: what is said about a store of this kind."""
        conf = conf_package.new()
        conf([], default_config_files=[], default_config_dirs=[])
        return str(self.assertRaises(
            exception.ConfigurationError, library.load, 'far', conf,
            'glance_store', kind, server))

    def test_a_kind_that_there_is_not(self):
        said = self.refusal('sheepdog')
        for word in ('Store far', "'sheepdog'", 'file, http', 'rbd', 's3'):
            self.assertIn(word, said)

    def test_a_kind_whose_module_is_not_installed(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.stores.kinds.KINDS',
            {'sheep': type('Sheep', (kinds.Kind,), {
                'modules': ('no_module_of_this_name',)})}))
        said = self.refusal('sheep')
        self.assertIn('Store far: a store of kind sheep needs the Python '
                      'module', said)
        self.assertIn('which is not installed', said)

    def test_a_kind_that_wants_native_threads_where_there_are_none(self):
        self.assertIn('Store far: a store of kind s3 is not served by '
                      'glancelite-api',
                      self.refusal('s3', types.SimpleNamespace(native=False)))
