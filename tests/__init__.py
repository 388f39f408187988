# SPDX-License-Identifier: Apache-2.0
"""Everything that proves the service: unit, functional and larger runs."""

import warnings

# A warning that our own lines cause is a failure; what others do among
# themselves is theirs.
warnings.filterwarnings('error', module=r'(glancelite|tests)(\.|$)')
