# SPDX-License-Identifier: Apache-2.0
"""The image service as a part of a cloud."""
from tests import databases
from tests.cloud import identity
from tests.servers import servers


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
            'paste_deploy': {'flavor': 'keystone'},
            'keystone_authtoken': self._keystone.authtoken(),
        }
