# SPDX-License-Identifier: Apache-2.0
"""What is VMware's alone: several datastores, and how they are named."""
import contextlib
import uuid

import fixtures
import testtools

from glancelite import deploy
from glancelite import exception
from glancelite.data import threads
from glancelite.stores import registry
from tests.stores import engines

_FIRST, _SECOND = 'DC0:LocalDS_0', 'DC0:LocalDS_1'


class DatastoresTest(testtools.TestCase):
    """A store in two datastores of a vCenter, a simulated one."""

    def setUp(self):
        super().setUp()
        self.place = engines.place(self, 'vmware')

    def driver(self, *datastores):
        """:returns: a driver that knows of these."""
        self.place.options['vmware_datastores'] = list(datastores)
        return registry.Stores(
            deploy.load_conf(files=[str(engines.write_configuration(
                self.useFixture(fixtures.TempDir()).path, self.place))]),
            threads=threads.NativeThreads()).default

    def write(self, driver, image_id, token):
        writer = driver.writer(image_id, token, 4)
        writer.write(b'data')
        writer.finish()

    def test_an_upload_is_found_in_whichever_datastore_it_is(self):
        image_id, token = str(uuid.uuid4()), uuid.uuid4().hex
        self.write(self.driver(f'{_FIRST}:100', _SECOND), image_id, token)
        driver = self.driver(_FIRST, f'{_SECOND}:100')
        url = driver.commit(image_id, token)
        self.assertIn('dsName=LocalDS_0', url)
        self.assertEqual([url], [name.url for name in driver.names()])
        with contextlib.closing(driver.open(url, 2)) as file:
            self.assertEqual(b'ta', file.read())

    def test_what_an_upload_left_goes_from_every_datastore(self):
        image_id, token = str(uuid.uuid4()), uuid.uuid4().hex
        for datastores in ((f'{_FIRST}:100', _SECOND),
                           (_FIRST, f'{_SECOND}:100')):
            driver = self.driver(*datastores)
            self.write(driver, image_id, token)
        self.assertEqual(2, len(self.place.contents()))
        self.assertTrue(driver.discard(image_id, token))
        self.assertEqual([], self.place.contents())
        self.assertRaises(exception.DataMissing, driver.commit, image_id,
                          token)

    def test_a_location_elsewhere_is_not_the_stores(self):
        driver = self.driver(_FIRST)
        image_id, token = str(uuid.uuid4()), uuid.uuid4().hex
        url = driver.url(image_id, token)
        self.assertTrue(driver.owns(url))
        folder = self.place.options['vmware_store_image_dir']
        for other in (url.replace('LocalDS_0', 'LocalDS_1'),
                      url.replace('DC0', 'DC1'),
                      url.replace(f'{folder}/', '/other/'),
                      url.replace(image_id, '../other'),
                      url.replace('://', '://other.'), url.split('?')[0]):
            self.assertFalse(driver.owns(other), other)

    def test_a_datastore_without_a_name_stops_the_start(self):
        error = self.assertRaises(exception.ConfigurationError, self.driver,
                                  'DC0')
        self.assertIn('Store tested: the library refuses', str(error))
