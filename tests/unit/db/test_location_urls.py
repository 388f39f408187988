# SPDX-License-Identifier: Apache-2.0
"""URLs of image data are encrypted in the database as Glance encrypts them."""
import base64
import pathlib

import fixtures
import testtools

from glancelite import conf as configuration
from glancelite import exception
from glancelite import service
from glancelite.db import api
from glancelite.db import location_urls
from glancelite.db import migration
from glancelite.db import models
from glancelite.objects import image as image_object

KEY = '0123456789abcdef'

#: Rows of a Glance 33.0.0 with KEY.
_BY_GLANCE = {
    'http://127.0.0.1:18099/xxxxxxxxxxxxxx':
    'oGVjTrmPW2WslC8wij2_tMptsqWvPVMchtMCWKZZZ0bWaQxqWNLfvvlNWesB_iJktXHw05'
    'BKdvKqvSw0n4DuIA==',
    'http://127.0.0.1:18099/xxxxxxxxxxxxxxxxxxxxxxxx':
    'qYDckMaQ4yFXuIdN9g5lwN6kfaQWcgDeEIvLLMD8NtyZVwucPDjLKnVHx6dqBe1WQa7ibA'
    '0CtMRxeccAsQy-eA==',
    'http://127.0.0.1:18099/xxxxxxxxxxxxxxxxxxxxxxxxx':
    'oD9OMGxHh0YaPcHxb7w41Ze-LMWa4Nkbe28DR6YnPlRub_21Nariv5t1eJ8MZZNSf3TshL'
    '4Ea2NfiCylTsVrQZnDRJi1u_TRtvXUsfdEXdQ=',
}


class LocationUrlsTest(testtools.TestCase):

    def test_what_glance_has_written_is_read(self):
        urls = location_urls.of(KEY)
        for url, stored in _BY_GLANCE.items():
            self.assertEqual(url, urls.open(stored))

    def test_urls_of_any_length_come_back(self):
        for size in (16, 24, 32):
            urls = location_urls.of('k' * size)
            for length in range(40):
                url = 'http://example/' + 'ü' * length
                stored = urls.seal(url)
                self.assertNotIn(':', stored)
                self.assertEqual(url, urls.open(stored))

    def test_the_end_is_the_only_zero(self):
        urls = location_urls.of(KEY)
        for _each in range(500):
            sealed = base64.urlsafe_b64decode(urls.seal('file:///x'))
            decryptor = urls._cipher(sealed[:16]).decryptor()
            self.assertEqual(1, decryptor.update(sealed[16:]).count(0))

    def test_the_same_url_is_never_the_same_text(self):
        urls = location_urls.of(KEY)
        self.assertNotEqual(urls.seal('file:///x'), urls.seal('file:///x'))

    def test_urls_of_before_the_key_are_read_as_they_are(self):
        self.assertEqual('file:///x', location_urls.of(KEY).open('file:///x'))

    def test_without_a_key_nothing_is_encrypted(self):
        urls = location_urls.of(None)
        self.assertEqual('file:///x', urls.seal('file:///x'))
        self.assertEqual('file:///x', urls.open('file:///x'))

    def test_what_cannot_be_decrypted_is_not_taken_for_a_url(self):
        for stored in (*_BY_GLANCE.values(), 'none', '', 'LaYN', 'ü', 'A' * 63,
                       'A' * 64):
            for key in (None, 'another key 1234', 'k' * 32):
                opened = location_urls.of(key).open(stored)
                self.assertEqual(stored, opened)
                self.assertFalse(image_object.is_url(opened))

    def test_a_key_of_another_length_is_refused(self):
        for key in ('', 'short', 'k' * 17, 'ü' * 16 + 'k'):
            error = self.assertRaises(exception.ConfigurationError,
                                      location_urls.of, key)
            self.assertIn('metadata_encryption_key', str(error))


class StartTest(testtools.TestCase):
    """A database whose newest location is encrypted."""

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        database = api.Database(self.conf(None))
        migration.sync(database)
        moment = database.now()
        with database.writer() as connection:
            connection.execute(models.images.insert().values(
                id='a', status='active', visibility='shared', deleted=False,
                created_at=moment, min_disk=0, min_ram=0, protected=False,
                os_hidden=False))
            for value in ('file:///old', *_BY_GLANCE.values()):
                connection.execute(models.image_locations.insert().values(
                    image_id='a', value=value, meta_data='{}',
                    status='active', created_at=moment, deleted=False))
        database.dispose()

    def conf(self, key):
        conf = configuration.new()
        conf([], default_config_files=[])
        conf.set_override('connection', f'sqlite:///{self.folder}/db',
                          'database')
        conf.set_override('filesystem_store_datadir',
                          str(self.folder / 'images'), 'glance_store')
        conf.set_override('metadata_encryption_key', key)
        return conf

    def test_a_service_with_the_key_starts(self):
        service.start(self.conf(KEY), background=False).stop()

    def test_a_service_without_the_key_does_not(self):
        for key in (None, 'another key 1234'):
            error = self.assertRaises(
                exception.ConfigurationError, service.start, self.conf(key))
            self.assertIn('metadata_encryption_key', str(error))

    def test_nor_is_the_database_adopted(self):
        database = api.Database(self.conf(None))
        self.addCleanup(database.dispose)
        self.assertRaises(exception.ConfigurationError, migration.adopt,
                          database)
