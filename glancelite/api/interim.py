# SPDX-License-Identifier: Apache-2.0
"""104 (Upload Resumption Supported), where the server can send it.

WSGI knows of no interim responses. A server that has a way leaves a function
in the environment; clients that speak another version of the draft get none.
"""
from glancelite.api import upload_fields

#: The environ key of a function that sends a status line and headers.
SEND = 'glancelite.interim'

_STATUS = '104 Upload Resumption Supported'
_VERSION = 'Upload-Draft-Interop-Version'


def possible(request):
    """:returns: whether the client of ``request`` can be told."""
    return (SEND in request.environ
            and upload_fields.number(request.headers, _VERSION)
            == int(upload_fields.INTEROP_VERSION))


def send(request, headers):
    """Send an interim response, which must be possible.

    :param headers: a dict.
    """
    request.environ[SEND](_STATUS, {
        _VERSION: upload_fields.INTEROP_VERSION, **headers})
