# SPDX-License-Identifier: Apache-2.0
"""The engines there are, started when first asked for, stopped at exit."""
import atexit
import functools
import pathlib
import uuid

from tests.functional import application
from tests.stores import ceph
from tests.stores import cinder
from tests.stores import swift
from tests.stores import vcenter


@functools.cache
def running(name):
    """:returns: the running engine ``name``, or why there is none (str)."""
    engine = _ENGINES[name]
    reason = engine.missing()
    if reason:
        return reason
    engine = engine()
    engine.setUp()
    atexit.register(engine.cleanUp)
    return engine


def place(test, name):
    """:returns: a new :class:`~tests.stores.place.Place`, for ``test``.

    Without its engine ``test`` is skipped.
    """
    engine = running(name)
    if isinstance(engine, str):
        test.skipTest(engine)
    made = engine.place(f'glance-{uuid.uuid4().hex[:8]}')
    if made.remove:
        test.addCleanup(made.remove)
    return made


def write_configuration(folder, place):
    """:returns: the path of a configuration with one store, ``tested``."""
    path = pathlib.Path(folder, 'stores.conf')
    path.write_text(application.as_text({
        'enabled_backends': f'tested:{place.kind}', 'store_timeout': 60,
        'glance_store': {'default_backend': 'tested'},
        'tested': place.options, **place.sections}))
    return path


_ENGINES = {'swift': swift.Engine, 'rbd': ceph.RbdEngine,
            's3': ceph.S3Engine, 'cinder': cinder.Engine,
            'vmware': vcenter.Engine}

#: What there is, for testscenarios.
NAMES = tuple(_ENGINES)
