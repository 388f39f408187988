# SPDX-License-Identifier: Apache-2.0
"""The composition root: one service built from one ConfigOpts.

Paste factories receive strings only; while an application is being built
they find its service in :func:`current`.
"""
import contextlib
import contextvars
import os
import pathlib
import sys
import weakref

from glancelite import notifier as notifier_module
from glancelite import policy as policy_module
from glancelite import property_protections
from glancelite.cache import image_cache
from glancelite.cache import upkeep
from glancelite.data import background as background_module
from glancelite.data import delete
from glancelite.data import download
from glancelite.data import leases as data_leases
from glancelite.data import location_import
from glancelite.data import locations
from glancelite.data import lost_hosts
from glancelite.data import memory
from glancelite.data import publish
from glancelite.data import receive
from glancelite.data import recovery
from glancelite.data import remains
from glancelite.data import removal
from glancelite.data import resumable
from glancelite.data import signature
from glancelite.data import threads as threads_module
from glancelite.data import upload
from glancelite.db import api as db_api
from glancelite.db import images
from glancelite.db import inventory
from glancelite.db import leases
from glancelite.db import location_urls
from glancelite.db import members
from glancelite.db import metadefs
from glancelite.db import schema
from glancelite.db import tasks
from glancelite.db import uploads
from glancelite.db import usage
from glancelite.fetch import fetcher
from glancelite.fetch import peer
from glancelite.quota import enforcement
from glancelite.stores import registry
from glancelite.tasks import credential
from glancelite.tasks import executor
from glancelite.tasks import import_image
from glancelite.tasks import submission
from glancelite.tasks import work_directory

#: Seconds that a service which ends lets the message broker have.
_PATIENCE = 5

_current = contextvars.ContextVar('glancelite_service')


class Service:
    """Everything a request needs, wired together.

    :param conf: a loaded ``ConfigOpts``.
    :param threads: how blocking work is done; native threads by default.
    :raises ConfigurationError: the configuration cannot be served.
    """

    def __init__(self, conf, threads=None):
        self.conf = conf
        self.started = self.stopped = False
        self._serves = False
        self.threads = threads or threads_module.NativeThreads()
        self.database = db_api.Database(conf)
        self.notifier = notifier_module.Notifier(
            conf, background_module.Background(
                self.threads, 1, conf.notification_queue_size))
        self.policy = policy_module.Policy(conf)
        self.protections = protections_of(conf, self.policy)
        self.fetcher = fetcher.Fetcher(conf)
        self.stores = registry.Stores(conf, self.fetcher, self.threads)
        self.peers = peer.Peers(conf)
        self.leases = leases.Leases(self.database, conf.lease.ttl,
                                    self.peers.own)
        self.images = images.Images(self.database, self.leases)
        self.images.unlisted.work_in(
            background_module.Background(self.threads, 1))
        self.members = members.Members(self.database)
        self.tasks = tasks.Tasks(self.database)
        self.metadefs = metadefs.Metadefs(self.database)
        # Longer than a crash takes to be undone: until its bytes are gone,
        # nobody else is to have their room.
        reserved = 2 * conf.lease.ttl + conf.lease.sweep_interval
        self.usage = usage.Usage(self.database, reserved)
        self.quota = enforcement.Quota(
            conf, self.usage,
            data_leases.Holder(self.usage, self.threads, reserved),
            usage.Usage(self.database, conf.resumable_upload_ttl + reserved))
        self.uploads = uploads.Uploads(
            self.database, conf.resumable_upload_ttl, conf.lease.ttl,
            reserved)
        self._add_verbs(conf)

    def _add_verbs(self, conf):
        """Build what acts on bytes, and what runs tasks."""
        self.holder = data_leases.Holder(
            self.leases, self.threads, conf.lease.ttl)
        self.publisher = publish.Publisher(
            self.images, self.leases, self.stores, self.threads,
            self.notifier)
        self.remover = removal.Remover(
            self.stores, self.holder, self.threads)
        self.inventory = inventory.Inventory(self.database, self.leases)
        self.remains = remains.Remains(
            self.inventory, self.leases, self.stores, self.remover,
            self.holder, self.peers, conf.lease.sweep_interval)
        self.lost_hosts = lost_hosts.LostHosts(
            self.leases, self.peers, conf.lease.finish_timeout)
        self.recovery = recovery.Recovery(
            self.leases, self.uploads, self.images, self.tasks,
            self.holder, self.publisher, self.remains, self.lost_hosts,
            self.threads, conf, self.notifier)
        self.receiver = receive.Receiver(
            conf, signature.Signatures(conf, self.threads), self.threads)
        self.uploader = upload.Uploader(
            self.images, self.stores, self.quota, self.holder, self.receiver,
            self.publisher, self.threads, self.notifier, self.peers.own)
        self.resumable = resumable.ResumableUploads(
            self.images, self.uploads, self.stores, self.quota, self.holder,
            self.recovery, self.receiver, self.publisher, self.threads,
            self.notifier)
        self.downloader = download.Downloader(self.stores, self.threads)
        self.deleter = delete.Deleter(
            conf, self.images, self.leases, self.holder, self.remover,
            self.peers)
        self.locations = locations.Locations(
            conf, self.images, self.stores, self.quota, self.holder,
            self.leases, self.remover, self.threads)
        self.location_import = location_import.LocationImport(
            conf, self.images, self.tasks, self.stores, self.locations,
            self.quota, self.threads, background_module.Background(
                self.threads, conf.location_digest_workers), self.notifier)
        self._add_cache(conf)
        self._add_tasks(conf)

    def _add_cache(self, conf):
        self.cache = image_cache.ImageCache(conf, self.threads)
        self.cache_upkeep = upkeep.Upkeep(
            conf, self.cache, self.images, self.inventory, self.downloader,
            self.threads)

    def _add_tasks(self, conf):
        self.seal = credential.Seal(self.database.secret)
        self.work_directory = work_directory.WorkDirectory(
            conf, self.leases)
        self.executor = executor.Executor(
            conf, self.leases, self.holder, self.threads,
            import_image.Importer(conf, self), self.work_directory,
            self.lost_hosts)
        self.imports = submission.Imports(
            self.images, self.tasks, self.executor, self.notifier)

    def start(self):
        """Recover what others left, and run tasks, in the background.

        Where the API is served, the image cache is looked after as well.
        """
        self.started = True
        self.recovery.start()
        self.executor.start()
        if self._serves:
            self.cache_upkeep.start()

    def serve(self):
        """Hear that the API is served from here, or from processes that this
        one forks.

        :raises ConfigurationError: there cannot be the image cache that is
            configured.
        """
        self._serves = True
        self.cache.prepare()
        if self.started:
            self.cache_upkeep.start()

    def stop(self):
        """End what runs in the background, and let go of the database."""
        self.stopped = True
        self.cache_upkeep.stop()
        self.executor.stop()
        self.recovery.stop()
        self.notifier.stop(_PATIENCE)
        self.database.dispose()


def protections_of(conf, policy):
    """:returns: the property protections that the options name.

    :param policy: a :class:`~glancelite.policy.Policy`.
    :raises ConfigurationError: their file is at fault.
    """
    name = conf.property_protection_file
    return property_protections.Protections(
        name and (conf.find_file(name) or name),
        conf.property_protection_rule_format, policy)


def find_file(conf, name):
    """:returns: absolute path of ``name``, or None.

    It is looked for beside the configuration files, then where this package
    installed its own.
    """
    found = conf.find_file(name)
    if found:
        return os.path.abspath(found)
    checkout = pathlib.Path(__file__).resolve().parent.parent
    for root in (checkout, pathlib.Path(sys.prefix)):
        candidate = root / 'etc' / 'glancelite' / name
        if candidate.exists():
            return str(candidate)
    return None


def start(conf, threads=None, background=True, forks=False):
    """:returns: a running :class:`Service`.

    An embedded database is brought to the current schema; any other one is
    the operator's to migrate.

    :param background: whether this process recovers what others left.
    :param forks: whether that is left to the processes it forks: it then has
        no thread that a fork could catch with a lock.
    """
    memory.share()
    service = Service(conf, threads)
    if not schema.is_current(service.database):
        _migrate(service.database)
    location_urls.require_key(service.database)
    if forks:
        service.database.dispose()
    elif background:
        service.start()
    _renew_after_fork(service, background)
    return service


def _migrate(database):
    # Loaded only where it is wanted: see schema.
    from glancelite.db import migration
    if database.dialect == 'sqlite':
        migration.sync(database)
    else:
        migration.require_head(database)


def _renew_after_fork(service, background):
    """A server may load the application first and fork then; the threads of
    the parent do not come along, and its connections are not to be used.
    """
    reference = weakref.ref(service)

    def renew():
        service = reference()
        if service is None or service.stopped:
            return
        service.database.forget()
        if background:
            service.start()
    os.register_at_fork(after_in_child=renew)


@contextlib.contextmanager
def building(service):
    """While the block runs, Paste factories build for ``service``."""
    token = _current.set(service)
    try:
        yield
    finally:
        _current.reset(token)


def current():
    """:returns: the service whose application is being built."""
    return _current.get()
