# SPDX-License-Identifier: Apache-2.0
"""Rules for the discovery calls."""
from glancelite.policies import roles

RULES = [
    roles.guards('stores_info_detail',
                 roles.ADMIN + ' or rule:service_api',
                 'See the properties of each store.',
                 'GET /v2/info/stores/detail'),
]
