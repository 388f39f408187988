# SPDX-License-Identifier: Apache-2.0
"""A log tells what an operator can do something about."""
import logging
import warnings

import testtools

from glancelite import conf as configuration
from glancelite import logs


class LogsTest(testtools.TestCase):

    def test_advice_for_authors_of_libraries_is_not_in_it(self):
        self.addCleanup(setattr, logging.root, 'handlers',
                        list(logging.root.handlers))
        self.addCleanup(logging.root.setLevel, logging.root.level)
        conf = configuration.new()
        conf([], default_config_files=[])
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter('always')
            logs.begin(conf, 'test')
            warnings.warn('\nEventlet is deprecated. It is', stacklevel=1)
            warnings.warn('Something else', stacklevel=1)
        self.assertEqual(['Something else'],
                         [str(each.message) for each in seen])
