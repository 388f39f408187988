# SPDX-License-Identifier: Apache-2.0
"""A user's token, kept for the import that needs it, and for nobody else.

The task may be run by another process than the one that was asked, so the
token goes through the database; sealed, with a key that is not in it: whoever
reads the database, or a copy of it, cannot use the token.
"""
import base64
import hashlib

from glancelite import exception


class Seal:
    """Seals and opens.

    :param secret: returns bytes that all processes of the service share.
    """

    def __init__(self, secret):
        self._secret = secret

    def sealed(self, token):
        """:returns: ``token`` as text that says nothing without the key."""
        return self._cipher().encrypt(token.encode()).decode()

    def opened(self, text):
        """:returns: the token.

        :raises RegionRefused: it was sealed with another key.
        """
        # Imported where it is used: most services never need it.
        from cryptography import fernet
        try:
            return self._cipher().decrypt((text or '').encode()).decode()
        except fernet.InvalidToken:
            raise exception.RegionRefused() from None

    def _cipher(self):
        from cryptography import fernet
        key = hashlib.scrypt(self._secret(), salt=b'glancelite token', n=2,
                             r=8, p=1, dklen=32)
        return fernet.Fernet(base64.urlsafe_b64encode(key))
