# SPDX-License-Identifier: Apache-2.0
"""Drivers of the glance_store library keep the contract, on real stores."""
import fixtures
import testtools

from glancelite import deploy
from glancelite.data import threads
from glancelite.stores import registry
from tests.contract import store_driver
from tests.functional import application
from tests.stores import engines


class ContractTest(store_driver.StoreDriverContract):
    """For each engine there is a class."""

    engine = None

    def make_driver(self):
        place = engines.place(self, self.engine)
        self.contents = place.contents
        configuration = engines.write_configuration(
            self.useFixture(fixtures.TempDir()).path, place)
        conf = deploy.load_conf(files=[str(configuration)])
        return registry.Stores(conf, threads=threads.NativeThreads()).default

    def test_an_upload_of_unknown_size_is_stored_in_parts(self):
        image_id, token, writer = self.begin(data=store_driver.DATA)
        writer.finish()
        url = self.driver.commit(image_id, token)
        self.assertEqual(len(store_driver.DATA), self.driver.size(url))
        self.assertTrue(store_driver.DATA[-9999:] == self.read(
            url, len(store_driver.DATA) - 9999))
        self.driver.delete(url)
        self.assert_empty()

    def test_what_a_finished_upload_left_is_discarded_by_its_token(self):
        for size in (None, len(store_driver.DATA)):
            image_id, token, writer = self.begin(
                data=store_driver.DATA, size=size)
            writer.finish()
            self.assertTrue(self.driver.discard(image_id, token))
            self.assert_empty()
            self.assertFalse(self.driver.discard(image_id, token))


class SwiftTest(ContractTest, testtools.TestCase):
    """OpenStack Swift."""

    engine = 'swift'


class RbdTest(ContractTest, testtools.TestCase):
    """Ceph's block devices."""

    engine = 'rbd'


class CinderTest(ContractTest, testtools.TestCase):
    """Volumes of Cinder, in Ceph."""

    engine = 'cinder'


class VmwareTest(ContractTest, testtools.TestCase):
    """Datastores of a vCenter, a simulated one."""

    engine = 'vmware'

    def begin(self, image_id=None, data=b'', size=None):
        """Wait for the file: one that is discarded too soon comes later."""
        begun = super().begin(image_id, data, size)
        if data:
            application.eventually(self.contents, 'A file')
        return begun


class S3Test(ContractTest, testtools.TestCase):
    """Ceph's object gateway."""

    engine = 's3'
