# SPDX-License-Identifier: Apache-2.0
"""Leases in the database of a service: read, and run out before their time.

A test that has seen who holds one die need not wait until it runs out.
"""
import contextlib
import datetime
import json
import types

import sqlalchemy

from glancelite.db import models

_LEASES = models.image_leases
_LONG_AGO = datetime.datetime(2020, 1, 1)


@contextlib.contextmanager
def _connected(database):
    engine = sqlalchemy.create_engine(database,
                                      poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        yield connection


def read(database, purpose):
    """:returns: the leases of a purpose by column; their detail is read."""
    with _connected(database) as connection:
        rows = connection.execute(sqlalchemy.select(_LEASES).where(
            _LEASES.c.purpose == purpose)).all()
    return [types.SimpleNamespace(**{
        **row._mapping, 'detail': json.loads(row.detail)}) for row in rows]


def run_out(database, *purposes, **only):
    """Let the leases of some purposes have run out, and so be anybody's.

    Where somebody is at work under one, that is as if it had been stopped
    for too long.

    :param only: what their columns are to be.
    """
    with _connected(database) as connection:
        connection.execute(
            _LEASES.update().values(expires_at=_LONG_AGO).where(
                _LEASES.c.purpose.in_(purposes),
                *(_LEASES.c[name] == value for name, value in only.items())))
