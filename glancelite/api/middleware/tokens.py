# SPDX-License-Identifier: Apache-2.0
"""Tokens, as keystonemiddleware verifies them; and when Keystone is away."""
from keystoneauth1 import exceptions as ksa_exceptions
from keystonemiddleware import auth_token
from oslo_log import log

from glancelite import exception
from glancelite.api import resource

LOG = log.getLogger(__name__)

#: What says nothing of the token.
_AWAY = (auth_token.ServiceError, ksa_exceptions.ConnectionError,
         ksa_exceptions.DiscoveryFailure, ksa_exceptions.EndpointNotFound,
         ksa_exceptions.RequestTimeout)


class Tokens(auth_token.AuthProtocol):
    """Answers 503 when nobody knows whether a token is good.

    Where the decision is left to the service, the library calls such a token
    invalid: clients would throw good ones away, and those that anonymous
    access is for would see public images alone.
    """

    def fetch_token(self, token, **options):
        """As of the library. :raises HTTPException: Keystone is away."""
        try:
            return super().fetch_token(token, **options)
        except auth_token.InvalidToken as error:
            # What it was made of.
            if not isinstance(error.__context__, _AWAY):
                raise
        except _AWAY as error:
            LOG.error('A token cannot be verified: %s', error)
        raise resource.error_response(exception.IdentityUnavailable())
