# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage cache: what the service does by itself, at once.

Each exits with 0 when all is well, with 1 when something could not be cached,
and with 2 when there is no cache to work on.
"""
import functools
import sys

from glancelite import exception
from glancelite.cache import image_cache
from glancelite.cache import upkeep
from glancelite.data import download
from glancelite.data import threads
from glancelite.db import images
from glancelite.db import inventory
from glancelite.db import leases
from glancelite.fetch import fetcher
from glancelite.stores import registry

_FAILED = 2


def add_commands(parsers, conf):
    """Add the commands to those of glancelite-manage."""
    actions = parsers.add_parser(
        'cache', help="this host's image cache").add_subparsers(
            dest='action', required=True)
    for name, run in (('prune', _prune), ('clean', _clean),
                      ('prefetch', _prefetch)):
        actions.add_parser(
            name, help=run.__doc__, description=run.__doc__).set_defaults(
                run=functools.partial(_run, run, conf))


def _prune(keeper):
    """Remove the least recently used images, if there are too many bytes."""
    print('{} images with {} bytes are removed.'.format(*keeper.prune()))


def _clean(keeper):
    """Remove what crashes have left, what hangs, and deleted images."""
    keeper.clean()
    print('The cache is clean.')


def _prefetch(keeper):
    """Cache the images that are queued."""
    cached, failed = keeper.prefetch()
    print(f'{len(cached)} images are cached, {len(failed)} could not be.')
    return 1 if failed else 0


def _run(function, conf, database):
    try:
        return function(_upkeep(conf, database))
    except (exception.ConfigurationError, OSError) as error:
        print(error, file=sys.stderr)
        return _FAILED


def _upkeep(conf, database):
    """:raises ConfigurationError: there is no cache, or no store."""
    native = threads.NativeThreads()
    cache = image_cache.ImageCache(conf, native)
    if not cache.configured:
        raise exception.ConfigurationError('image_cache_dir is not set')
    cache.prepare()
    held = leases.Leases(database, conf.lease.ttl)
    stores = registry.Stores(conf, fetcher.Fetcher(conf), native)
    return upkeep.Upkeep(
        conf, cache, images.Images(database, held),
        inventory.Inventory(database, held),
        download.Downloader(stores, native), native)
