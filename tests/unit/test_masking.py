# SPDX-License-Identifier: Apache-2.0
"""What may not be logged is not, wherever it stands."""
import io
import logging

import testtools

from glancelite import masking

_SECRET = 'sesame42'
_TOKEN = 'gAAAAABn' + 'x' * 60

_LINES = (
    f'mysql+pymysql://glance:{_SECRET}@db.example.net/glance is away',
    f'rabbit://u:{_SECRET}/with/slashes@host:5672/',
    f'swift+https://user%40project:{_SECRET}@auth/v3',
    f"{{'password': '{_SECRET}', 'user': 'glance'}}",
    f'{{"adminPass": "{_SECRET}"}}',
    f'X-Auth-Token: {_SECRET}',
    f"'X-Service-Token': '{_SECRET}'",
    f'Authorization: Basic {_SECRET}',
    f's3_store_secret_key = {_SECRET}',
    f'the token {_TOKEN} has expired',
    f'"GET /v2/images?url=swift%2Bhttp%3A%2F%2Fu%3A{_SECRET}%40host%2Fa"',
    f'"GET /v2/images?a=b%20c&os_password%3D{_SECRET}&x=y"',
    f'"GET /v2/images?marker=%67AAAA{_TOKEN[5:]}"')


class MaskingTest(testtools.TestCase):

    def test_secrets_of_every_kind_are_masked(self):
        for line in _LINES:
            masked = masking.mask(line)
            self.assertNotIn(_SECRET, masked)
            self.assertNotIn(_TOKEN, masked)
            self.assertIn('***', masked)

    def test_what_is_no_secret_stays(self):
        for line in ('127.0.0.1 "GET /v2/images?name=key" 200 12 bytes',
                     'Image 3: https://example.net:8080/a.raw was refused',
                     'mysql://db.example.net/glance',
                     '"GET /v2/images?name=a%20key%3F" 200',
                     '"GET /v2/images?name=in:a%2Cb&token=***" 200',
                     '100% of the keys, 5%0a'):
            self.assertEqual(line, masking.mask(line))

    def test_messages_arguments_and_tracebacks_pass_it(self):
        output = io.StringIO()
        handler = logging.StreamHandler(output)
        logger = logging.getLogger('tests.masking')
        logger.propagate = False
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        masking.install()
        try:
            raise ValueError(f'amqp://guest:{_SECRET}@host')
        except ValueError:
            logger.exception('not sent to %s', f'http://u:{_SECRET}@h/')
        self.assertIn('http://u:***@h/', output.getvalue())
        self.assertIn('amqp://guest:***@host', output.getvalue())
        self.assertNotIn(_SECRET, output.getvalue())
