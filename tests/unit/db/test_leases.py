# SPDX-License-Identifier: Apache-2.0
"""Leases that only one host can do something about."""
import uuid

import testtools

from glancelite.db import inventory
from glancelite.db import leases
from glancelite.objects import lease as lease_object
from tests.unit.db import repositories

_OURS = 'http://ours.example.org:9292'
_OTHERS = 'http://other"s_%.example.org:9292'


class LeasesTests(repositories.Repositories):

    def leave(self, **detail):
        """:returns: the id of the image of a lease that ran out."""
        # The purpose keeps apart what other tests have left.
        lease = lease_object.Lease(str(uuid.uuid4()), self.id()[-32:], detail)
        late = leases.Leases(self.database, -60)
        inventory.Inventory(self.database, late).hold(lease)
        return lease.image_id

    def found(self, host, age=None, limit=100):
        repository = leases.Leases(self.database, 30, host)
        purpose = self.id()[-32:]
        if age is None:
            found = repository.expired([purpose], limit)
        else:
            found = repository.of_others([purpose], age, limit)
        return {lease.image_id for lease in found}

    def test_each_is_for_everybody_or_for_its_host(self):
        anybody = self.leave()
        # A property that an image is to have is no host.
        named = self.leave(properties={'host': _OTHERS})
        ours, others = self.leave(host=_OURS), self.leave(host=_OTHERS)
        self.assertEqual({anybody, named, ours}, self.found(_OURS))
        self.assertEqual({anybody, named, others}, self.found(_OTHERS))
        self.assertEqual({anybody, named}, self.found(None))
        self.assertEqual({others}, self.found(_OURS, age=10))
        self.assertEqual(set(), self.found(_OURS, age=3600))

    def test_those_for_others_hide_none_of_ours(self):
        for _number in range(5):
            self.leave(host=_OTHERS)
        ours = self.leave(host=_OURS)
        self.assertEqual({ours}, self.found(_OURS, limit=3))
        self.assertEqual(3, len(self.found(_OURS, age=10, limit=3)))


class SQLiteLeasesTest(LeasesTests, testtools.TestCase):
    backend = 'sqlite'


class MySQLLeasesTest(LeasesTests, testtools.TestCase):
    backend = 'mysql'


class PostgreSQLLeasesTest(LeasesTests, testtools.TestCase):
    backend = 'postgresql'
