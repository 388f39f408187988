# SPDX-License-Identifier: Apache-2.0
"""The stories in gabbits/, told to the application on MariaDB or MySQL."""
from gabbi import driver

from tests.functional import stories


def load_tests(loader, tests, pattern):
    """For unittest: the stories, named after this file."""
    return driver.build_tests(stories.FOLDER, loader,
                              **stories.arguments('wsgi', 'mysql'))
