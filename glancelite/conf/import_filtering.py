# SPDX-License-Identifier: Apache-2.0
"""Options that say which URLs users may have this service read.

The names and defaults are Glance's, and so is the place where operators
keep them: ``glance-image-import.conf``. They hold for every URL that comes
from a user, whatever it is used for.
"""
from oslo_config import cfg
from oslo_config import types

GROUP = 'import_filtering_opts'


class Bounded(types.List):
    """A list that may stand in brackets, as Glance's files write it."""

    def __call__(self, value):
        if isinstance(value, str):
            text = value.strip()
            if text.startswith('[') and text.endswith(']'):
                value = text[1:-1]
        return super().__call__(value)


def _list(name, default, help_text, item_type=None):
    return cfg.Opt(name, type=Bounded(item_type or types.String()),
                   default=default, help=help_text)


_PORT = types.Integer(min=1, max=65535)

OPTIONS = [
    _list('allowed_schemes', ['http', 'https'],
          'Schemes a URL may have. Only http and https are ever fetched; '
          'take http out to insist on TLS. While this list is not empty, '
          'disallowed_schemes is ignored.'),
    _list('disallowed_schemes', [],
          'Schemes a URL may not have, read when allowed_schemes is empty.'),
    _list('allowed_hosts', [],
          'The only hosts a URL may name, each exactly as URLs spell it. A '
          'host listed here is trusted wherever its name leads: this is also '
          'the way, and the only one, to let this service read from loopback '
          'and link-local addresses. Empty, any host may be named whose '
          'addresses are none of those. While this list is not empty, '
          'disallowed_hosts is ignored.'),
    _list('disallowed_hosts', [],
          'Hosts a URL may not name, read when allowed_hosts is empty. IP '
          'addresses and networks (such as 10.0.0.0/8) also hold for names '
          'that resolve to them. List the networks of the control plane '
          'here: private addresses are reachable otherwise.'),
    _list('allowed_ports', [80, 443],
          'Ports a URL may name; a URL that names none uses that of its '
          'scheme and is not asked. While this list is not empty, '
          'disallowed_ports is ignored.', _PORT),
    _list('disallowed_ports', [],
          'Ports a URL may not name, read when allowed_ports is empty.',
          _PORT),
]
