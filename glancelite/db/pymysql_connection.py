# SPDX-License-Identifier: Apache-2.0
"""Connections of PyMySQL that do not each load what TLS does not need.

Told nothing about TLS, PyMySQL uses it where the server offers it, and
believes any certificate. It reads all that the system trusts nevertheless,
for every connection: 50 ms or more, in which no other thread runs, and 0.7 MiB
that stay.
"""
import functools
import ssl

from pymysql import connections
import sqlalchemy
from sqlalchemy import engine


class Connection(connections.Connection):
    """A connection; without options for TLS it shares the context for it."""

    def _create_ssl_ctx(self, sslp):
        return super()._create_ssl_ctx(sslp) if sslp else _unverified()


class Plugin(engine.CreateEnginePlugin):
    """Has an engine connect by :class:`Connection`."""

    def update_url(self, url):
        """:returns: ``url``; SQLAlchemy has every plug-in say so."""
        return url

    def engine_created(self, engine):
        """Called by SQLAlchemy, before anybody connects."""
        sqlalchemy.event.listen(engine, 'do_connect', _connect)


def _connect(dialect, record, arguments, parameters):
    return Connection(*arguments, **parameters)


@functools.cache
def _unverified():
    """:returns: a context that believes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
