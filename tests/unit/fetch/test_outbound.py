# SPDX-License-Identifier: Apache-2.0
"""Nothing but the fetcher opens connections to where users point."""
import testtools

from tests.unit import test_floors

#: Modules that open connections by a URL, a host, or an address.
OUTBOUND = (
    'aiohttp', 'asyncio', 'ftplib', 'http.client', 'httplib2', 'httpx',
    'pycurl', 'requests', 'smtplib', 'socket', 'ssl', 'telnetlib',
    'urllib.request', 'urllib3', 'xmlrpc')

#: module: places that may use it, and what for.
ALLOWED = {
    'http.client': ('fetch/',),
    'socket': ('fetch/',
               # The listening socket.
               'cmd/api.py',
               # The name of this host, for traces.
               'api/middleware/library.py'),
    'ssl': ('fetch/',),
}


def outbound(sources):
    """Complain of ways out that do not lead through the fetcher."""
    for source in sources:
        for line, name in test_floors.imports(source):
            for module in OUTBOUND:
                if not f'{name}.'.startswith(f'{module}.'):
                    continue
                if not source.path.startswith(ALLOWED.get(module, ('?',))):
                    yield f'{source.path}:{line}: {name}'


class OutboundTest(testtools.TestCase):

    def complaints(self, path, text):
        return list(outbound([test_floors.Source(path, text)]))

    def test_only_the_fetcher_opens_connections(self):
        self.assertEqual(
            [], list(outbound(test_floors.read(test_floors.PACKAGE))))

    def test_it_complains_of_every_way_out(self):
        for text in ('import requests', 'import urllib.request',
                     'from urllib import request', 'import urllib3.util',
                     'import http.client', 'from http import client',
                     'import socket', 'from socket import socket',
                     'def f():\n    import socket', 'import smtplib'):
            self.assertEqual(1, len(self.complaints('data/x.py', text)), text)

    def test_it_lets_pass_what_opens_nothing(self):
        for text in ('import urllib.parse', 'from urllib import parse',
                     'import socketserver_x', 'import http'):
            self.assertEqual([], self.complaints('data/x.py', text))
        self.assertEqual([], self.complaints('fetch/x.py', 'import socket'))
        self.assertEqual([], self.complaints('cmd/api.py', 'import socket'))
        self.assertEqual(1, len(self.complaints('cmd/api.py', 'import ssl')))
