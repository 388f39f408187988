# SPDX-License-Identifier: Apache-2.0
"""Keys, certificates and signatures, made for a test."""
import base64
import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
import fixtures

from tests import key_manager

_HASHES = {'SHA-224': hashes.SHA224, 'SHA-256': hashes.SHA256,
           'SHA-384': hashes.SHA384, 'SHA-512': hashes.SHA512}

_KEYS = {'RSA-PSS': lambda: rsa.generate_private_key(65537, 2048),
         'DSA': lambda: dsa.generate_private_key(2048),
         'ECC_SECP384R1': lambda: ec.generate_private_key(ec.SECP384R1()),
         'ECC_SECP521R1': lambda: ec.generate_private_key(ec.SECP521R1())}

_USAGES = ('digital_signature', 'content_commitment', 'key_encipherment',
           'data_encipherment', 'key_agreement', 'key_cert_sign', 'crl_sign',
           'encipher_only', 'decipher_only')


class Certificates(fixtures.Fixture):
    """The folder of the key manager, and who puts certificates into it."""

    def _setUp(self):
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.useFixture(fixtures.EnvironmentVariable(
            key_manager.FOLDER, str(self.folder)))

    def signer(self, name, kind='RSA-PSS', issuer=None, days=1, is_ca=False):
        """:returns: a :class:`Signer` whose certificate has that id.

        :param issuer: the signer that issues it; its own without.
        :param days: for which it is valid from now on; before now if less
            than 0.
        """
        signer = Signer(name, kind)
        signer.certify(issuer or signer, days, is_ca)
        (self.folder / f'{name}.der').write_bytes(
            signer.certificate.public_bytes(serialization.Encoding.DER))
        return signer


class Signer:
    """A key, and its certificate."""

    def __init__(self, name, kind):
        self.name = name
        self.kind = kind
        self.key = _KEYS[kind]()
        self.certificate = None

    def certify(self, issuer, days, is_ca):
        """Have ``issuer`` make the certificate."""
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder(
            issuer_name=_name(issuer.name), subject_name=_name(self.name),
            public_key=self.key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(days=9),
            not_valid_after=now + datetime.timedelta(days=days))
        builder = builder.add_extension(
            x509.BasicConstraints(is_ca, None), critical=True)
        builder = builder.add_extension(
            x509.KeyUsage(**{name: is_ca and name == 'key_cert_sign'
                             for name in _USAGES}), critical=True)
        self.certificate = builder.sign(issuer.key, hashes.SHA256())

    def properties(self, data, method='SHA-256'):
        """:returns: the properties of an image whose data this is."""
        return {
            'img_signature': base64.b64encode(
                self._sign(data, _HASHES[method]())).decode(),
            'img_signature_hash_method': method,
            'img_signature_key_type': self.kind,
            'img_signature_certificate_uuid': self.name}

    def _sign(self, data, method):
        if self.kind == 'RSA-PSS':
            return self.key.sign(data, padding.PSS(
                padding.MGF1(method), padding.PSS.MAX_LENGTH), method)
        if self.kind == 'DSA':
            return self.key.sign(data, method)
        return self.key.sign(data, ec.ECDSA(method))


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
