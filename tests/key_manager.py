# SPDX-License-Identifier: Apache-2.0
"""A key manager of castellan's kind whose certificates are files.

``[key_manager] backend = tests.key_manager.FileKeyManager`` chooses it, the
environment variable ``GLANCELITE_TEST_CERTIFICATES`` the folder; without it it
is the one of ``tools/compare``. It serves a real Glance as well.
"""
import os
import pathlib

from castellan.common import exception
from castellan.common.objects import x_509
from castellan.key_manager import not_implemented_key_manager

FOLDER = 'GLANCELITE_TEST_CERTIFICATES'

_COMPARED = pathlib.Path(__file__).parent / 'compare' / 'certificates'

#: What stands for a certificate while the key manager is away.
OUTAGE = 'outage'

#: And while it does not answer.
SILENCE = 'silence'


class FileKeyManager(not_implemented_key_manager.NotImplementedKeyManager):
    """Gives the certificates NAME.der; the name is their identifier."""

    def get(self, context, managed_object_id, metadata_only=False):
        """As of every key manager."""
        if managed_object_id == OUTAGE:
            raise exception.KeyManagerError(reason='http://keys.example/')
        if managed_object_id == SILENCE:
            os.read(os.pipe()[0], 1)
        path = pathlib.Path(os.environ.get(FOLDER, _COMPARED),
                            f'{managed_object_id}.der')
        try:
            return x_509.X509(path.read_bytes())
        except OSError:
            raise exception.ManagedObjectNotFoundError(
                uuid=managed_object_id) from None
