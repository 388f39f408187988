# SPDX-License-Identifier: Apache-2.0
"""What a database may do in its own way, on each server that is here.

All functional tests run on one of them with ``tox -e functional-mysql`` and
``tox -e functional-postgresql``.
"""
import testscenarios

from tests.functional import test_concurrent_patches
from tests.functional import test_statements

load_tests = testscenarios.load_tests_apply_scenarios

_SCENARIOS = [(backend, {'backend': backend})
              for backend in ('mysql', 'postgresql')]


class StatementTest(test_statements.StatementTest):
    scenarios = _SCENARIOS


class ConcurrentPatchTest(test_concurrent_patches.ConcurrentPatchTest):
    scenarios = _SCENARIOS
