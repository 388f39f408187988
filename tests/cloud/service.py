# SPDX-License-Identifier: Apache-2.0
"""The image service as a part of a cloud, and memcached beside it."""
import os
import pwd
import shutil
import socket
import subprocess
import unittest

import fixtures

from tests import databases
from tests.cloud import identity
from tests.functional import application
from tests.servers import kinds
from tests.servers import servers


def missing(server):
    """:returns: why a server cannot be started here, or None."""
    return kinds.SERVERS[server].missing()


class CloudService(servers.Served):
    """The service under a server, whose callers Keystone knows.

    :param keystone: an :class:`identity.Keystone`.
    :param beside: another one, whose database and stores this one shares.
    :param options: as those of :class:`servers.Served`.
    """

    def __init__(self, keystone, server='mod_wsgi', beside=None, **options):
        super().__init__(server, **options)
        self._keystone = keystone
        self._beside = beside

    @property
    def url(self):
        """:returns: where it serves."""
        return f'http://{self.address}'

    def _database(self):
        if self._beside:
            return self._beside.database
        return self.useFixture(
            databases.Database(identity.database_backend())).url

    def _defaults(self):
        if self._beside:
            self.store = self._beside.store
        return {
            **super()._defaults(),
            'worker_self_reference_url': self.url,
            'paste_deploy': {'flavor': 'keystone'},
            'keystone_authtoken': self._keystone.authtoken(),
        }


class Memcached(fixtures.Fixture):
    """A memcached of our own.

    :ivar address: host and port.
    """

    def _setUp(self):
        if not shutil.which('memcached'):
            raise unittest.SkipTest('memcached is not installed')
        self._port = self.useFixture(application.Port()).number
        self.address = f'127.0.0.1:{self._port}'
        account = pwd.getpwuid(os.getuid()).pw_name
        process = subprocess.Popen(
            ['memcached', '-u', account, '-l', '127.0.0.1', '-p',
             str(self._port), '-U', '0'], stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        application.eventually(self._answers, 'memcached answers')

    def statistics(self):
        """:returns: what memcached tells of itself, by name."""
        with socket.create_connection(('127.0.0.1', self._port)) as connection:
            connection.sendall(b'stats\r\nquit\r\n')
            lines = connection.makefile().read().splitlines()
        return dict(line.split()[1:] for line in lines
                    if line.startswith('STAT '))

    def _answers(self):
        try:
            return self.statistics()
        except ConnectionRefusedError:
            return None
