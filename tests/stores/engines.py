# SPDX-License-Identifier: Apache-2.0
"""The engines there are, started when first asked for, stopped at exit."""
import atexit
import functools
import pathlib
import uuid

from tests.stores import ceph
from tests.stores import swift


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
    """:returns: a new :class:`~tests.stores.place.Place`.

    Without its engine ``test`` is skipped.
    """
    engine = running(name)
    if isinstance(engine, str):
        test.skipTest(engine)
    return engine.place(f'glance-{uuid.uuid4().hex[:8]}')


def write_configuration(folder, kind, options):
    """:returns: the path of a configuration with one store, ``tested``."""
    path = pathlib.Path(folder, 'stores.conf')
    lines = [f'{name} = {value}' for name, value in options.items()]
    path.write_text('\n'.join([
        '[DEFAULT]', f'enabled_backends = tested:{kind}', '[glance_store]',
        'default_backend = tested', '[tested]', *lines, '']))
    return path


_ENGINES = {'swift': swift.Engine, 'rbd': ceph.RbdEngine,
            's3': ceph.S3Engine}

#: What there is, for testscenarios.
NAMES = tuple(_ENGINES)
