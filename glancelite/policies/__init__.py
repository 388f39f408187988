# SPDX-License-Identifier: Apache-2.0
"""Default rules, one module a noun."""
import itertools

from glancelite.policies import cache
from glancelite.policies import discovery
from glancelite.policies import images
from glancelite.policies import members
from glancelite.policies import metadefs
from glancelite.policies import roles
from glancelite.policies import tasks


def list_rules():
    """:returns: every default rule, roles first."""
    return itertools.chain(roles.RULES, images.RULES, members.RULES,
                           tasks.RULES, discovery.RULES, cache.RULES,
                           metadefs.RULES)
