# SPDX-License-Identifier: Apache-2.0
"""Nothing but the fetcher opens connections to where users point."""
import ast

import testtools

from tests.unit import test_floors

#: Modules that open connections by a URL, a host, or an address; or run
#: programs that may.
OUTBOUND = (
    'aiohttp', 'asyncio', 'boto3', 'botocore', 'castellan', 'cinderclient',
    'ftplib', 'glance_store', 'http.client', 'httplib2', 'httpx',
    'keystoneauth1', 'openstack', 'os.system', 'os_brick', 'oslo_vmware',
    'pycurl', 'requests', 'smtplib', 'socket', 'ssl', 'subprocess',
    'swiftclient', 'telnetlib', 'urllib.request', 'urllib3', 'xmlrpc')

_IMPORTERS = ('import_module', '__import__')

#: module: places that may use it, and what for.
ALLOWED = {
    'http.client': ('fetch/',),
    'socket': ('fetch/',
               # The listening socket.
               'cmd/api.py',
               # An option of connections that are there.
               'api/same_machine.py',
               # The name of this host, for traces.
               'api/middleware/library.py'),
    'ssl': ('fetch/',
            # Connections to the database, which the operator names.
            'db/pymysql_connection.py'),
    # Keystone and the key manager, which the operator names; cmd is the
    # client that uploads, on the user's own host.
    'keystoneauth1': ('api/middleware/tokens.py', 'quota/keystone.py',
                      'conf/of_glance.py',
                      'data/signature.py', 'stores/kinds/cinder.py', 'cmd/'),
    'openstack': ('quota/keystone.py', 'cmd/transfer/'),
    'castellan': ('data/signature.py',),
    # Stores that the operator names.
    'glance_store': ('stores/',),
    'swiftclient': ('stores/kinds/swift.py',),
    'botocore': ('stores/kinds/s3.py',),
    'cinderclient': ('stores/kinds/cinder.py',),
    'oslo_vmware': ('stores/kinds/vmware.py',),
    # What plugins run: qemu-img and unpackers, given paths alone. threads
    # gives them the module as it was before eventlet.
    'subprocess': ('tasks/plugin.py', 'data/threads.py'),
}


def imports(source):
    """Yield (line, dotted name) of imports, and of those by a function."""
    yield from test_floors.imports(source)
    for node in ast.walk(source.tree):
        if (isinstance(node, ast.Call) and node.args
                and isinstance(node.func, (ast.Attribute, ast.Name))
                and getattr(node.func, 'attr', getattr(
                    node.func, 'id', None)) in _IMPORTERS
                and isinstance(node.args[0], ast.Constant)):
            yield node.lineno, node.args[0].value


def outbound(sources):
    """Complain of ways out that do not lead through the fetcher."""
    for source in sources:
        for line, name in imports(source):
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
                     'def f():\n    import socket', 'import smtplib',
                     'import subprocess', 'from castellan import key_manager',
                     'from keystoneauth1 import session',
                     'import swiftclient',
                     'importlib.import_module("swiftclient.client")',
                     'x = __import__("socket")'):
            self.assertEqual(1, len(self.complaints('data/x.py', text)), text)

    def test_it_lets_pass_what_opens_nothing(self):
        for text in ('import urllib.parse', 'from urllib import parse',
                     'import socketserver_x', 'import http'):
            self.assertEqual([], self.complaints('data/x.py', text))
        self.assertEqual([], self.complaints('fetch/x.py', 'import socket'))
        self.assertEqual([], self.complaints('cmd/api.py', 'import socket'))
        self.assertEqual(1, len(self.complaints('cmd/api.py', 'import ssl')))
