# SPDX-License-Identifier: Apache-2.0
"""Which URLs and which addresses may be asked at all."""
import ipaddress
import re
import urllib.parse

from glancelite import exception

_DEFAULT_PORTS = {'http': 80, 'https': 443}

#: Characters; longer ones are refused by most servers.
_LONGEST_URL = 8192

#: Printable ASCII: what RFC 3986 makes URLs of, and what it does not define
#: but is harmless. Other forms of digits and dots are none of it.
_URL = re.compile('https?://[\x21-\x7e]+')

#: A host and perhaps a port, and nothing else: a backslash is a slash to
#: some, a percent sign hides letters or names an interface, an at sign sets
#: a name before the real one.
_AUTHORITY = re.compile(
    r'(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?')

#: A host name. Its last label is no number, else it is an address (WHATWG
#: URL, "ends in a number"), and so it must be spelled as one.
_NAME = re.compile(
    r'(?!.*(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$)'
    r'[a-z0-9_][a-z0-9_-]{0,62}(\.[a-z0-9_][a-z0-9_-]{0,62})*')


def _networks(*texts):
    return tuple(ipaddress.ip_network(text) for text in texts)


#: Unicast, private networks, and NAT64. Nothing else in IPv6 leads to where
#: an image may lie; IPv4 in disguise (::ffff:0:0/96, ::/96) least of all.
_USABLE_IPV6 = _networks('2000::/3', 'fc00::/7', '64:ff9b::/96')

#: This host and network, loopback, link-local, protocol assignments,
#: multicast, reserved, broadcast; and metadata services of clouds that
#: stand elsewhere.
_FORBIDDEN = _networks(
    '0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24',
    '224.0.0.0/4', '240.0.0.0/4', '100.100.100.200/32', '168.63.129.16/32',
    'fd00:ec2::/32', 'fd20:ce::254/128')

_NAT64, = _networks('64:ff9b::/96')
_ISATAP = (0x00005efe, 0x02005efe)


class Target:
    """A URL that has been taken apart.

    :raises InvalidLocation: it is not spelled as one should be.
    """

    def __init__(self, url):
        if len(url) > _LONGEST_URL or not _URL.fullmatch(url):
            raise exception.InvalidLocation()
        try:
            parts = urllib.parse.urlsplit(url)
            explicit = parts.port
        except ValueError:
            raise exception.InvalidLocation() from None
        if explicit == 0 or not _AUTHORITY.fullmatch(parts.netloc):
            raise exception.InvalidLocation()
        self.url = url
        self.scheme = parts.scheme
        self.authority = parts.netloc
        self.host = parts.hostname
        self.explicit_port = explicit
        self.port = explicit or _DEFAULT_PORTS[parts.scheme]
        self.path = parts.path or '/'
        if parts.query:
            self.path += f'?{parts.query}'


class Filter:
    """The operator's lists, and what holds whatever they say."""

    def __init__(self, options):
        self._schemes = (options.allowed_schemes, options.disallowed_schemes)
        self._ports = (options.allowed_ports, options.disallowed_ports)
        self._named = {_host(text) for text in options.allowed_hosts}
        self._disallowed = {_host(text) for text in options.disallowed_hosts}
        self._networks = _networks_among(options.disallowed_hosts)

    def target(self, url):
        """:returns: ``url`` as a :class:`Target`.

        :raises InvalidLocation: its text alone forbids it.
        """
        target = Target(url)
        if not (_passes(target.scheme, *self._schemes)
                and self._passes_host(target)
                and (target.explicit_port is None
                     or _passes(target.explicit_port, *self._ports))):
            raise exception.InvalidLocation()
        return target

    def permits(self, target, address):
        """:returns: whether ``target`` may be asked at ``address``."""
        if target.host in self._named:
            return True
        try:
            address = ipaddress.ip_address(address)
        except ValueError:
            # With a scope: link-local.
            return False
        return not (_is_forbidden(address)
                    or any(address in network for network in self._networks))

    def _passes_host(self, target):
        if self._named:
            return target.host in self._named
        return _is_well_spelled(target) and (
            target.host not in self._disallowed)


def _passes(value, allowed, disallowed):
    return value in allowed if allowed else value not in disallowed


def _host(text):
    return text.lower().removeprefix('[').removesuffix(']')


def _is_well_spelled(target):
    """:returns: whether the host is a name, or an address in usual form."""
    if target.authority.startswith('['):
        try:
            ipaddress.IPv6Address(target.host)
        except ValueError:
            return False
        return True
    try:
        # It refuses leading zeros, which some take for octal.
        ipaddress.IPv4Address(target.host)
    except ValueError:
        return _NAME.fullmatch(target.host) is not None
    return True


def _networks_among(hosts):
    networks = []
    for text in hosts:
        try:
            networks.append(ipaddress.ip_network(_host(text), strict=False))
        except ValueError:
            if '/' in text:
                raise exception.ConfigurationError(
                    f'[import_filtering_opts] disallowed_hosts: {text} is '
                    'no network') from None
    return tuple(networks)


def _is_forbidden(address):
    """:returns: whether no user may have us connect to ``address``."""
    if any(address in network for network in _FORBIDDEN):
        return True
    if address.version == 4:
        return False
    if not any(address in network for network in _USABLE_IPV6):
        return True
    return any(_is_forbidden(inner) for inner in _embedded(address))


def _embedded(address):
    """Yield IPv4 addresses that an IPv6 one may lead to."""
    last = ipaddress.IPv4Address(int(address) & 0xffffffff)
    if address in _NAT64 or (int(address) >> 32) & 0xffffffff in _ISATAP:
        yield last
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
