# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage config diff: what becomes of what files say.

It exits with 0 when everything they set has its effect, and with 1 when
something has none, or cannot be read.
"""
import functools
import sys

from oslo_config import cfg

from glancelite import conf as configuration
from glancelite.conf import of_glance

_SECTIONS = (
    ('other_values', 'Set, and in force here (default):', '{} = {} ({})'),
    ('invalid', 'Set, and not a value that it can have:', '{}: {}'),
    ('ignored', 'Set, and without effect here; Glance reads it:', '{}'),
    ('unknown', 'Set, and known neither to Glance nor here:', '{}'),
    ('other_defaults', 'Not set, and another default than Glance\'s:',
     '{}: Glance {!r}, here {!r}'))

#: What keeps a file from being the same to both services.
_FAULTS = ('invalid', 'ignored', 'unknown')


def add_commands(parsers, conf):
    """Add the command to those of glancelite-manage."""
    actions = parsers.add_parser(
        'config', help='configuration files').add_subparsers(
            dest='action', required=True)
    parser = actions.add_parser(
        'diff', help='what an operator\'s files mean here',
        description='Compare configuration files, such as a glance-api.conf, '
                    'with the options of Glance and of this service.')
    parser.add_argument('files', nargs='*', metavar='FILE',
                        help='by default those of --config-file')
    parser.set_defaults(run=functools.partial(_diff, conf))


def _diff(conf, _database):
    if conf.command.files:
        files, conf = conf.command.files, configuration.new()
        try:
            conf([], default_config_files=files, default_config_dirs=[])
        except cfg.Error as error:
            print(error, file=sys.stderr)
            return 1
    found = of_glance.compare(conf)
    for name, title, line in _SECTIONS:
        entries = getattr(found, name)
        if entries:
            print(title)
        for entry in entries:
            values = (entry,) if isinstance(entry, str) else entry
            print('  ' + line.format(*values))
    return int(any(getattr(found, name) for name in _FAULTS))
