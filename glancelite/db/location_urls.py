# SPDX-License-Identifier: Apache-2.0
"""How URLs of image data stand in the database: as they are, or encrypted.

With ``metadata_encryption_key`` Glance keeps them as AES in CBC mode, behind
the initialization vector, in the URL-safe alphabet of Base64; a zero byte
ends the URL, and random bytes fill the last block. Its database may have
both kinds: what was written before the key was set stays as it is. They are
told apart by the colon that every URL has, and the alphabet has not.
"""
import base64
import os
import types

from oslo_db import exception as db_exception
import sqlalchemy

from glancelite import exception
from glancelite.db import models
from glancelite.objects import image as image_object

_BLOCK = 16
_KEY_SIZES = (16, 24, 32)


def of(key):
    """:returns: what seals a URL for the database (``seal``), and opens what
        stands there (``open``).

    :param key: the value of ``metadata_encryption_key``, None for none.
    :raises ConfigurationError: it is too short or too long.
    """
    if key is None:
        return types.SimpleNamespace(seal=str, open=str)
    return Encrypted(key)


def require_key(database):
    """Find out at start whether data of images could be found.

    The newest location tells; older ones may be of times before the key.

    :raises ConfigurationError: its URL cannot be read.
    """
    locations = models.image_locations
    try:
        with database.engine.connect() as connection:
            newest = connection.execute(
                sqlalchemy.select(locations.c.image_id, locations.c.value)
                .order_by(locations.c.id.desc()).limit(1)).first()
    except db_exception.DBConnectionError:
        # It may come back: requests tell then.
        return
    if newest and not image_object.is_url(database.urls.open(newest.value)):
        raise exception.ConfigurationError(
            f'The location of image {newest.image_id} cannot be read: it is '
            'encrypted. Set metadata_encryption_key to what Glance has')


class Encrypted:
    """Encrypts URLs as Glance does.

    :param key: 16, 24 or 32 bytes in UTF-8.
    """

    def __init__(self, key):
        self._key = key.encode()
        if len(self._key) not in _KEY_SIZES:
            raise exception.ConfigurationError(
                'metadata_encryption_key: it has to be 16, 24 or 32 bytes '
                f'long, not {len(self._key)}')

    def seal(self, url):
        """:returns: the text that the database is to hold."""
        text = url.encode() + b'\0'
        # No other zero, so whichever a reader takes for the end is the end.
        text += bytes(byte or 1 for byte in os.urandom(-len(text) % _BLOCK))
        vector = os.urandom(_BLOCK)
        encryptor = self._cipher(vector).encryptor()
        return base64.urlsafe_b64encode(
            vector + encryptor.update(text) + encryptor.finalize()).decode()

    def open(self, stored):
        """:returns: the URL; what cannot be decrypted is returned as it is,
            and :func:`~glancelite.objects.image.is_url` tells.
        """
        if image_object.is_url(stored):
            return stored
        try:
            sealed = base64.urlsafe_b64decode(stored)
            decryptor = self._cipher(sealed[:_BLOCK]).decryptor()
            text = decryptor.update(sealed[_BLOCK:]) + decryptor.finalize()
            url = text.partition(b'\0')[0].decode()
        except ValueError:
            # Not in this alphabet, cut off, or of another key.
            return stored
        return url if image_object.is_url(url) else stored

    def _cipher(self, vector):
        # Imported where it is used: most services never need it.
        from cryptography.hazmat.primitives import ciphers
        from cryptography.hazmat.primitives.ciphers import algorithms
        from cryptography.hazmat.primitives.ciphers import modes
        return ciphers.Cipher(algorithms.AES(self._key), modes.CBC(vector))
