# SPDX-License-Identifier: Apache-2.0
"""Everything that proves the service: unit, functional and larger runs."""

import os
import warnings

try:
    import hypothesis
except ImportError:
    # The style checks have an environment of their own.
    hypothesis = None

# A warning that our own lines cause is a failure; what others do among
# themselves is theirs.
warnings.filterwarnings('error', module=r'(glancelite|tests)(\.|$)')

if hypothesis:
    # How long an example takes says something of the machine alone; and a
    # run for all to see is one that can be run again.
    hypothesis.settings.register_profile(
        'tests', deadline=None, derandomize='CI' in os.environ,
        suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile('tests')
