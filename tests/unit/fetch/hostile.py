# SPDX-License-Identifier: Apache-2.0
"""URLs that must never lead to a connection, by the trick they use.

Under the default options, and with a resolver that sends every name it is
asked for to the loopback address.
"""
import ipaddress

#: Loopback, link-local, metadata, unspecified, multicast, reserved,
#: broadcast, protocol assignments.
ADDRESSES = (
    '127.0.0.1', '127.255.255.254', '169.254.169.254', '169.254.170.2',
    '0.0.0.0', '0.1.2.3', '100.100.100.200', '168.63.129.16',
    '192.0.0.192', '224.0.0.1', '239.255.255.250', '240.0.0.1',
    '255.255.255.255')

IPV6 = (
    '::', '::1', '0:0:0:0:0:0:0:1', '0000:0000::0001', 'fe80::1',
    'fe80::a9fe:a9fe', 'febf::1', 'ff02::1', 'ff0e::1', 'fd00:ec2::254',
    'fd00:ec2::23', 'fd20:ce::254', '100::1', '64:ff9b:1::7f00:1',
    '::ffff:0:127.0.0.1', '2001::ffff:7f00:1', '2001:0:7f00:1::',
    '2001:0:0:0:0:0:80ff:fffe', '3fff:ffff::5efe:127.0.0.1',
    'fc00::200:5efe:169.254.169.254', '4000::1', '8000::1', 'e000::1',
    'fec0::1', '5f00::1')


def _spelled(address):
    """Yield other spellings of an IPv4 address."""
    octets = [int(octet) for octet in address.split('.')]
    number = int(ipaddress.IPv4Address(address))
    words = f'{number >> 16:x}:{number & 0xffff:x}'
    yield address
    yield str(number)
    yield hex(number)
    yield f'0X{number:08X}'
    yield f'0{number:o}'
    yield '.'.join(hex(octet) for octet in octets)
    yield '.'.join(f'0{octet:o}' for octet in octets)
    yield '.'.join(f'{octet:04}' for octet in octets)
    yield f'{octets[0]}.{octets[1]}.{number & 0xffff}'
    yield f'{octets[0]}.{number & 0xffffff}'
    yield f'{octets[0]}.0x{octets[1]:x}.0{octets[2]:o}.{octets[3]}'
    yield f'{address}.'
    yield f'[::ffff:{address}]'
    yield f'[::ffff:{words}]'
    yield f'[::{address}]'
    yield f'[64:ff9b::{address}]'
    yield f'[2002:{words}::1]'


def _by_address():
    for address in ADDRESSES:
        for host in _spelled(address):
            yield f'http://{host}/image.raw'
    for address in IPV6:
        yield f'http://[{address}]/image.raw'


#: Names that lead to loopback, and what only looks like a good name.
_NAMES = (
    'http://localhost/', 'http://LOCALHOST/', 'http://LocalHost:80/',
    'https://localhost/', 'https://localhost:443/', 'http://localhost./',
    'http://localhost../', 'http://.localhost/', 'http://localhost6/',
    'http://localhost.localdomain/', 'http://ip6-localhost/',
    'http://metadata.google.internal/computeMetadata/v1/',
    'http://metadata/', 'http://instance-data/latest/meta-data/',
    'http://127.0.0.1.nip.example/', 'http://a9fea9fe.example/',
    'http://www.example.org.127.0.0.1/', 'http://1.1.1.1.1/',
    'http://example.org.0x7f/', 'http://0x/', 'http://0/', 'http://00/',
    'http://127.1/', 'http://127.0.1/', 'http://1/', 'http://256.0.0.1/',
    'http://127.0.0.256/', 'http://4294967296/', 'http://2130706433./',
    'http://-1/', 'http://_/', 'http://127.0.0.1..example/')

#: One host to a hasty reader, another to a library.
_TRICKS = (
    'http://user@127.0.0.1/', 'http://user:word@127.0.0.1/',
    'http://www.example.org@127.0.0.1/', 'http://www.example.org:80@[::1]/',
    'http://127.0.0.1@www.example.org/', 'http://@127.0.0.1/',
    'http://:@127.0.0.1/', 'http://a@b@127.0.0.1/', 'http://a%40b@[::1]/',
    'http://www.example.org\\@127.0.0.1/', 'http://127.0.0.1\\.example.org/',
    'http://127.0.0.1%2f.example.org/', 'http://127.0.0.1%00.example.org/',
    'http://127.0.0.1%23.example.org/', 'http://%31%32%37.0.0.1/',
    'http://%6c%6f%63%61%6c%68%6f%73%74/', 'http://127%2e0%2e0%2e1/',
    'http://[::1%25lo]/', 'http://[fe80::1%25eth0]/', 'http://[fe80::1%lo]/',
    'http://[::1]www.example.org/', 'http://www.example.org[::1]/',
    'http://[127.0.0.1]/', 'http://[::1/', 'http://::1/', 'http://::1]/',
    'http://[]/', 'http://[v1.127.0.0.1]/', 'http://[::ffff:0x7f.1]/',
    'http://127.0.0.1:80:80/', 'http://127.0.0.1:/', 'http://[::1]:/',
    'http://127.0.0.1;.example.org/', "http://127.0.0.1'.example.org/",
    'http://127.0.0.1,www.example.org/', 'http://127.0.0.1&.example.org/',
    'http://127.0.0.1!/', 'http://127.0.0.1+www.example.org/',
    'http:///127.0.0.1/', 'http:////127.0.0.1/', 'http://?@127.0.0.1/',
    'http://#@127.0.0.1/', 'http://www.example.org#@127.0.0.1/',
    'http://www.example.org?@127.0.0.1/', 'http:\\\\127.0.0.1/',
    'http:/\\127.0.0.1/', 'http:127.0.0.1/', 'http:/127.0.0.1/',
    '//127.0.0.1/', '127.0.0.1', 'localhost', '/etc/passwd', '')

#: Characters that some drop, fold, or take for others.
_CHARACTERS = (
    'http://127.0.0.1 /', ' http://127.0.0.1/', 'http://127.0.0.1/ x',
    'http://127.0.0.1\t/', 'http://127.0.0.1\n/', 'http://127.0.0.1\r\n/',
    'http://127.0.\n0.1/', 'ht\ntp://127.0.0.1/', 'http:\t//127.0.0.1/',
    'http://127.0.0.1\0/', 'http://127.0.0.1\0.example.org/',
    'http://127.0.0.1/\r\nHost: www.example.org', 'http://a\x7f.example/',
    'http://１２７.0.0.1/', 'http://127。0。0。1/', 'http://127．0．0．1/',
    'http://127｡0｡0｡1/', 'http://①②⑦.0.0.1/', 'http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/',
    'http://ｌｏｃａｌｈｏｓｔ/', 'http://loca\u200blhost/', 'http://١٢٧.0.0.1/',
    'http://local\u00adhost/', 'http://localhoſt/', 'http://lo\u2024calhost/',
    'http://127.0.0.1\u2100.example.org/', 'http://a\uff0f@127.0.0.1/',
    'http://example.org\uff03@127.0.0.1/', 'http://例え.example/',
    'http://127.0.0.1\ud800/', 'http://127.0.0.1/\U0001f600',
    'https://127.0.0.1/é')

#: Schemes and ports.
_SCHEMES = (
    'HTTP://127.0.0.1/', 'Https://127.0.0.1/', 'file:///etc/passwd',
    'file://localhost/etc/passwd', 'file://127.0.0.1/etc/passwd',
    'filesystem:///var/lib/glance/images/x', 'ftp://127.0.0.1/x',
    'gopher://127.0.0.1:25/_HELO', 'dict://127.0.0.1:11211/stats',
    'ldap://127.0.0.1/', 'tftp://127.0.0.1/x', 'data:,x', 'jar:http://x!/',
    'netdoc:///etc/passwd', 'unix:///run/docker.sock',
    'http+unix://%2Frun%2Fdocker.sock/', 'swift+config://ref/c/o',
    'rbd://fsid/pool/image/snap', 'cinder://volume', 's3://k:s@host/b/o',
    'javascript:alert(1)', 'url:http://127.0.0.1/', 'http2://127.0.0.1/',
    'httpx://127.0.0.1/', 'xhttp://127.0.0.1/', 'view-source:http://x/',
    'http://www.example.org:22/', 'http://www.example.org:8080/',
    'http://www.example.org:0/', 'http://www.example.org:65536/',
    'http://www.example.org:99999/', 'http://www.example.org:-80/',
    'http://www.example.org:+80/', 'http://www.example.org:80a/',
    'http://www.example.org:0x50/', 'http://www.example.org:８０/',
    'http://www.example.org:11211/', 'http://www.example.org:6379/',
    'https://www.example.org:5000/v3', f'http://{"a" * 64}.example/',
    f'http://www.example.org/{"a" * 9000}', 'http://', 'https://', 'http:')

URLS = (*_by_address(), *_NAMES, *_TRICKS, *_CHARACTERS, *_SCHEMES)

#: Those that fit into the header of a redirect; there UTF-8 is, to who reads
#: it, a sequence of Latin-1.
HEADERS = tuple(
    url.encode(errors='surrogatepass').decode('latin-1') for url in URLS
    if not set(url) & set('\r\n\0'))
