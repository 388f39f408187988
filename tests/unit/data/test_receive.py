# SPDX-License-Identifier: Apache-2.0
"""The digest that images get is one that can be computed, and stored."""
import testtools

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.data import receive
from glancelite.data import threads


class AlgorithmTest(testtools.TestCase):

    def receiver(self, algorithm):
        conf = conf_package.new()
        conf([], default_config_files=[], default_config_dirs=[])
        conf.set_override('hashing_algorithm', algorithm)
        return receive.Receiver(conf, None, threads.NativeThreads())

    def test_any_digest_that_fits_may_be_chosen(self):
        for algorithm in ('sha256', 'sha512', 'sha3_512', 'blake2b'):
            self.receiver(algorithm)

    def test_what_is_none_or_has_no_size_stops_the_start(self):
        for algorithm in ('sha999', 'shake_128', ''):
            error = self.assertRaises(exception.ConfigurationError,
                                      self.receiver, algorithm)
            self.assertIn(f'hashing_algorithm {algorithm}', str(error))
