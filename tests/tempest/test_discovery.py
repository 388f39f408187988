# SPDX-License-Identifier: Apache-2.0
"""Tempest's own tests, as stestr finds them."""
import importlib.util


def load_tests(loader, tests, pattern):
    """For unittest: all image API tests; none without Tempest."""
    if importlib.util.find_spec('tempest') is None:
        return tests
    from tempest.common import image
    # One test listens on the machine's outward address, which it may not
    # have; the service is told that this one may be fetched from.
    image.get_non_loopback_ipv4 = lambda: '127.0.0.1'
    return loader.loadTestsFromNames(_names())


def _names():
    import pkgutil

    from tempest.api import image
    return [module.name for module in pkgutil.walk_packages(
                image.__path__, f'{image.__name__}.')
            if '.test_' in module.name]
