# SPDX-License-Identifier: Apache-2.0
"""Signatures of image data, verified while it passes.

An image that names all four properties must have data that the key of its
certificate has signed; one that lacks any of them is not signed at all,
which is Glance's rule. cursive and castellan are loaded for the first signed
image.
"""
import functools

from oslo_log import log

from glancelite import exception
from glancelite.stores import availability

LOG = log.getLogger(__name__)

#: The signature in base64, the digest, the kind of key, the certificate.
PROPERTIES = ('img_signature', 'img_signature_hash_method',
              'img_signature_key_type', 'img_signature_certificate_uuid')


def properties(image):
    """:returns: the values of :data:`PROPERTIES`, None if one is missing."""
    values = tuple(image.properties.get(name) for name in PROPERTIES)
    return None if None in values else values


class Signatures:
    """Makes what verifies the data of images.

    :param conf: for the key manager of castellan, and
        ``trusted_certificates``.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, conf, threads):
        self._conf = conf
        self._trusted = conf.image_signature.trusted_certificates
        self._threads = threads
        self._availability = availability.Availability(
            'The key manager', threads,
            conf.image_signature.key_manager_timeout)

    def verification(self, context, image):
        """:returns: a :class:`Verification`, None for an unsigned image.

        :param context: whose token the key manager is asked with.
        :raises SignatureUnusable: the properties make no sense, or the
            certificate is not one to believe.
        :raises KeyManagerUnavailable: it cannot be asked for it.
        """
        values = properties(image)
        if values is None:
            return None
        return self._threads.wait(self._verification, context, image, values)

    def _verification(self, context, image, values):
        from cursive import exception as cursive_exception
        from cursive import signature_utils
        signature, method, kind, certificate_id = values
        try:
            key_type = signature_utils.SignatureKeyType.lookup(kind)
            certificate = self._certificate(self._credentials(context),
                                            certificate_id)
            self._require_trusted(context, certificate)
            public_key = certificate.public_key()
            if not isinstance(public_key, key_type.public_key_type):
                raise exception.SignatureUnusable(
                    image_id=image.id,
                    reason=f'Invalid public key type for {kind}')
            verifier = key_type.create_verifier(
                signature_utils.get_signature(signature),
                signature_utils.get_hash_method(method), public_key)
        except cursive_exception.SignatureVerificationError as error:
            raise exception.SignatureUnusable(image_id=image.id,
                                              reason=error) from None
        except ValueError:
            # What is no base64 at all, or no certificate.
            verifier = None
        if verifier is None:
            raise exception.SignatureUnusable(
                image_id=image.id, reason='it is not well-formed')
        return Verification(image.id, verifier)

    def _require_trusted(self, context, certificate):
        """:raises SignatureVerificationError: no trusted one has issued it.

        Trusted ones are the operator's, whom his users need not be able to
        ask for them.
        """
        if not self._trusted:
            return
        from cursive import certificate_utils
        from cursive import exception as cursive_exception
        credentials = self._own_credentials() or context
        trusted = []
        for each in self._trusted:
            try:
                trusted.append((each, self._certificate(credentials, each)))
            except cursive_exception.SignatureVerificationError as error:
                LOG.warning('A trusted certificate is left out: %s', error)
        chain = certificate_utils.CertificateVerificationContext(trusted)
        chain.update(certificate)
        chain.verify()

    def _certificate(self, credentials, certificate_id):
        """:returns: an X.509 certificate that the key manager keeps.

        The key manager's own words may name its address: they go to the log.
        """
        from castellan.common import exception as castellan_exception
        from cryptography import x509
        from cursive import exception as cursive_exception
        from keystoneauth1 import exceptions as keystone_exception

        def refusal(reason):
            return cursive_exception.SignatureVerificationError(
                reason=f'Certificate {reason}: {certificate_id}')
        if not certificate_id:
            raise refusal('not found with ID')
        try:
            found = self._availability.ask(
                self._keys.get, credentials, certificate_id)
            if found.format != 'X.509':
                raise refusal('is no X.509 certificate')
            return x509.load_der_x509_certificate(found.get_encoded())
        except exception.StoreUnavailable:
            # It has not answered, and the log has that.
            raise exception.KeyManagerUnavailable() from None
        except castellan_exception.ManagedObjectNotFoundError:
            raise refusal('not found with ID') from None
        except castellan_exception.Forbidden:
            raise refusal('not readable') from None
        except (castellan_exception.CastellanException, OSError,
                keystone_exception.ClientException) as error:
            # Barbican's refusal, which castellan takes for a failure.
            if getattr(error.__context__, 'status_code', None) == 403:
                raise refusal('not readable') from None
            LOG.error('The key manager does not give a certificate: %s',
                      error)
            raise exception.KeyManagerUnavailable() from None

    @functools.cached_property
    def _keys(self):
        from castellan import key_manager
        return key_manager.API(self._conf)

    def _credentials(self, context):
        """:returns: the caller's token, or what ``[key_manager]`` names.

        An import outlives the request, and the token that came with it.
        """
        if context.auth_token:
            return context
        return self._own_credentials() or context

    def _own_credentials(self):
        """:returns: those that ``[key_manager]`` names; None without."""
        from castellan.common import utils as castellan_utils
        group = castellan_utils.OPT_GROUP
        self._conf.register_opts(castellan_utils.credential_opts, group)
        if not self._conf[group].auth_type:
            return None
        return castellan_utils.credential_factory(self._conf)


class Verification:
    """A consumer of image data that knows whether it was signed."""

    def __init__(self, image_id, verifier):
        self._image_id = image_id
        self._verifier = verifier
        self.write = verifier.update

    def finish(self):
        """:raises SignatureMismatch: other data was signed, or by others."""
        # Loaded already, by cursive.
        from cryptography import exceptions
        try:
            self._verifier.verify()
        except exceptions.InvalidSignature:
            raise exception.SignatureMismatch(
                image_id=self._image_id) from None
