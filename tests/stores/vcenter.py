# SPDX-License-Identifier: Apache-2.0
"""A vCenter on loopback: the simulator of govmomi, from Debian's source.

Its datastores are folders, whose files it serves and deletes; it is no ESX
that could tell how one behaves that is full or busy. No vCenter can be had.

The library speaks to port 443 alone, so there is an address for each, and
these tests have to run as root.
"""
import importlib.util
import os
import pathlib
import random
import shutil
import socket
import subprocess

import fixtures

from tests.functional import application
from tests.stores import place

#: Where Debian has the source of Go packages.
_SOURCE = pathlib.Path('/usr/share/gocode')

_PROGRAM = pathlib.Path(__file__).with_name('vcenter.go')

DATASTORES = ('LocalDS_0', 'LocalDS_1')

_REFERENCE = 'vim25:ManagedObjectReference'

#: What of the interface the library uses: by name of the operation its
#: arguments, * for several and ? for none or one, and what it returns.
_OPERATIONS = {
    'RetrieveServiceContent': ({}, 'vim25:ServiceContent'),
    'Login': ({'userName': 'xsd:string', 'password': 'xsd:string',
               'locale?': 'xsd:string'}, 'vim25:UserSession'),
    'Logout': ({}, None),
    'SessionIsActive': ({'sessionID': 'xsd:string',
                         'userName': 'xsd:string'}, 'xsd:boolean'),
    'FindByInventoryPath': ({'inventoryPath': 'xsd:string'}, _REFERENCE),
    'RetrievePropertiesEx': ({'specSet*': 'vim25:PropertyFilterSpec',
                              'options': 'vim25:RetrieveOptions'},
                             'vim25:RetrieveResult'),
    'ContinueRetrievePropertiesEx': ({'token': 'xsd:string'},
                                     'vim25:RetrieveResult'),
    'CancelRetrievePropertiesEx': ({'token': 'xsd:string'}, None),
    'DeleteDatastoreFile_Task': ({'name': 'xsd:string',
                                  'datacenter?': _REFERENCE}, _REFERENCE),
    'SearchDatastore_Task': (
        {'datastorePath': 'xsd:string',
         'searchSpec?': 'vim25:HostDatastoreBrowserSearchSpec'}, _REFERENCE),
}

_DESCRIPTION = '''<?xml version="1.0" encoding="UTF-8"?>
<definitions targetNamespace="urn:vim25" xmlns:vim25="urn:vim25"
    xmlns="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<types>
<schema targetNamespace="urn:vim25" xmlns="http://www.w3.org/2001/XMLSchema"
    elementFormDefault="qualified">
<include schemaLocation="vim-types.xsd"/>
{elements}
</schema>
</types>
{messages}
<portType name="VimPortType">
{operations}
</portType>
<binding name="VimBinding" type="vim25:VimPortType">
<soap:binding style="document"
    transport="http://schemas.xmlsoap.org/soap/http"/>
{bindings}
</binding>
<service name="VimService">
<port binding="vim25:VimBinding" name="VimPort">
<soap:address location="https://localhost/sdk/vimService"/>
</port>
</service>
</definitions>
'''

_ELEMENT = '''<element name="{name}"><complexType><sequence>
{arguments}</sequence></complexType></element>
<element name="{name}Response"><complexType><sequence>
{returned}</sequence></complexType></element>
'''

_PART = '<element name="{}" type="{}" minOccurs="{}" maxOccurs="{}"/>\n'

_MESSAGE = '''<message name="{name}RequestMsg">
<part name="parameters" element="vim25:{name}"/></message>
<message name="{name}ResponseMsg">
<part name="parameters" element="vim25:{name}Response"/></message>
'''

_OPERATION = '''<operation name="{name}">
<input message="vim25:{name}RequestMsg"/>
<output message="vim25:{name}ResponseMsg"/></operation>
'''

_BINDING = '''<operation name="{name}">
<soap:operation soapAction="urn:vim25/6.5" style="document"/>
<input><soap:body use="literal"/></input>
<output><soap:body use="literal"/></output></operation>
'''


def description():
    """:returns: what a vCenter says of its interface, as text."""
    return _DESCRIPTION.format(
        elements=''.join(
            _element(name, {'_this': _REFERENCE, **arguments}, returned)
            for name, (arguments, returned) in _OPERATIONS.items()),
        **{part: ''.join(text.format(name=name) for name in _OPERATIONS)
           for part, text in (('messages', _MESSAGE),
                              ('operations', _OPERATION),
                              ('bindings', _BINDING))})


def _element(name, arguments, returned):
    parts = ''.join(_PART.format(
        each.rstrip('*?'), kind, 0 if each.endswith('?') else 1,
        'unbounded' if each.endswith('*') else 1)
        for each, kind in arguments.items())
    return _ELEMENT.format(
        name=name, arguments=parts,
        returned=_PART.format('returnval', returned, 0, 1) if returned
        else '')


class Engine(fixtures.Fixture):
    """A simulated vCenter; a store is a folder in its datastores."""

    @staticmethod
    def missing():
        """:returns: why there is none, or None."""
        if importlib.util.find_spec('oslo_vmware') is None:
            return 'the Python module oslo_vmware is not installed'
        if shutil.which('go') is None:
            return 'the program go is not installed'
        if not (_SOURCE / 'src/github.com/vmware/govmomi').exists():
            return 'the source of govmomi is not installed'
        return 'only root may listen at port 443' if os.geteuid() else None

    def _setUp(self):
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self._describe()
        subprocess.run(
            ['go', 'build', '-o', self.folder / 'vcenter', _PROGRAM],
            check=True, env={**os.environ, 'GO111MODULE': 'off',
                             'GOPATH': str(_SOURCE), 'GOFLAGS': '-p=1'})
        # With them the library looks at certificates all the same.
        for name in ('REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'):
            self.useFixture(fixtures.EnvironmentVariable(name))
        self.address = '127.{}.{}.{}'.format(
            *(random.randrange(2, 250) for _ in range(3)))
        self._process = None
        self.addCleanup(self.stop)
        self.start()

    def _describe(self):
        import oslo_vmware
        types = pathlib.Path(oslo_vmware.__file__).parent / 'wsdl' / '7.0'
        shutil.copytree(types, self.folder / 'sdk')
        (self.folder / 'sdk' / 'vimService.wsdl').write_text(description())

    def start(self):
        """Start it where it does not run, and wait until it answers."""
        if self._process is None or self._process.poll() is not None:
            with open(self.folder / 'log', 'ab') as log:
                self._process = subprocess.Popen(
                    [self.folder / 'vcenter', f'{self.address}:443',
                     self.folder / 'sdk'], stdin=subprocess.DEVNULL,
                    stdout=log, stderr=log,
                    env={**os.environ, 'TMPDIR': str(self.folder)})
        application.eventually(self._answers, 'The vCenter answers')

    def _answers(self):
        if self._process.poll() is not None:
            raise AssertionError((self.folder / 'log').read_text())
        try:
            socket.create_connection((self.address, 443), 5).close()
        except OSError:
            return False
        return True

    def stop(self):
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def place(self, name):
        """:returns: a store in folders of this name."""
        return place.Place('vmware', {
            'vmware_server_host': self.address,
            'vmware_server_username': 'tester',
            'vmware_server_password': 'secretword',
            'vmware_insecure': True, 'vmware_task_poll_interval': 1,
            'vmware_store_image_dir': f'/{name}',
            'vmware_datastores': [f'DC0:{each}' for each in DATASTORES]},
            lambda: self._names(name),
            name_of=lambda url: url.partition('?')[0])

    def _names(self, folder):
        return [path.name for path in self.folder.glob(f'*/{folder}/*')]
