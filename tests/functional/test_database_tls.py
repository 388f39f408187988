# SPDX-License-Identifier: Apache-2.0
"""TLS between the service and MariaDB."""
import datetime
import ipaddress
import ssl
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid
import fixtures
import sqlalchemy

from glancelite import conf as conf_package
from glancelite import exception
from glancelite.db import api
from tests.functional import database_servers

_CIPHER = sqlalchemy.text("SHOW SESSION STATUS LIKE 'Ssl_cipher'")


class TlsServer(database_servers.MysqlServer):
    """A MariaDB with a certificate that it has signed itself."""

    @property
    def certificate(self):
        """:returns: the path of the certificate."""
        return self._folder / 'certificate.pem'

    def _install(self):
        super()._install()
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name(
            [x509.NameAttribute(oid.NameOID.COMMON_NAME, '127.0.0.1')])
        now = datetime.datetime.now(datetime.timezone.utc)
        day = datetime.timedelta(days=1)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - day).not_valid_after(now + day)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.SubjectAlternativeName(
                [x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)
            .sign(key, hashes.SHA256()))
        self.certificate.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM,
                                serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption()))

    def _options(self):
        return [f'--ssl-cert={self.certificate}',
                f'--ssl-key={self.certificate}']


class DatabaseTlsTest(fixtures.TestWithFixtures):
    def setUp(self):
        super().setUp()
        if reason := TlsServer.missing():
            self.skipTest(reason)
        self.server = self.useFixture(TlsServer())

    def database(self, parameters='', url=None):
        conf = conf_package.new()
        conf([], default_config_files=[])
        for name, value in (('connection', url or self.server.url),
                            ('connection_parameters', parameters),
                            ('max_retries', 1), ('retry_interval', 0)):
            conf.set_override(name, value, 'database')
        database = api.Database(conf)
        self.addCleanup(database.dispose)
        return database

    @staticmethod
    def ciphers(database):
        """:returns: what a connection of each kind is encrypted by."""
        with database.reader() as reader, database.writer() as writer:
            return [connection.execute(_CIPHER).one()[1]
                    for connection in (reader, writer)]

    def test_connections_are_encrypted_where_the_server_can(self):
        with mock.patch.object(
                ssl.SSLContext, 'load_default_certs',
                side_effect=AssertionError('What for?')):
            ciphers = self.ciphers(self.database())
        self.assertTrue(all(ciphers), ciphers)

    def test_the_server_is_the_one_that_a_certificate_names(self):
        path = self.server.certificate
        self.assertTrue(all(self.ciphers(self.database(f'ssl_ca={path}'))))
        with self.assertRaises(exception.ConfigurationError):
            self.ciphers(self.database(
                f'ssl_ca={path}',
                self.server.url.replace('127.0.0.1', '127.0.0.2')))
