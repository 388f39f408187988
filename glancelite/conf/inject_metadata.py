# SPDX-License-Identifier: Apache-2.0
"""Options of the plugin that gives properties to imported images."""
from oslo_config import cfg
from oslo_config import types

GROUP = 'inject_metadata_properties'

OPTIONS = [
    cfg.ListOpt(
        'ignore_user_roles', default=['admin'],
        help='Whoever has one of these roles gets no properties injected.'),
    cfg.Opt(
        'inject', default={}, sample_default='name1:value1,name2:value2',
        type=types.Dict(types.String(quotes=True)),
        help='Properties that imported images are given, as name:value pairs '
             'separated by commas. They replace what the user has set; '
             'protect them in property_protection_file if he is not to '
             'change them afterwards.'),
]
