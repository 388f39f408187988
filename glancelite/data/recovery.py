# SPDX-License-Identifier: Apache-2.0
"""What a crash left behind is finished or undone, by whoever finds it.

Every process looks for leases that have run out. A lease is claimed before
anything is done, so two processes never recover the same image; and what is
done can be done again, if this process dies in the middle of it.
"""
import random
import time

from oslo_context import context as oslo_context
from oslo_log import log

from glancelite import context as context_module
from glancelite import exception
from glancelite.objects import image as image_object
from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)

#: Leases looked at in one sweep.
_BATCH = 100


class Recovery:
    """Finishes or undoes what owners of expired leases had begun.

    :param leases: the repository of leases.
    :param uploads: the repository of resumable uploads.
    :param images: the repository of images.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, leases, uploads, images, stores, holder, threads,
                 interval):
        self._leases = leases
        self._uploads = uploads
        self._images = images
        self._stores = stores
        self._holder = holder
        self._threads = threads
        self._interval = interval
        self._stopped = False
        self._actions = {lease_object.UPLOAD: self.undo_upload,
                         lease_object.RESUMABLE: self._leave_or_undo,
                         lease_object.DELETE: self.finish_delete,
                         lease_object.REMOVE: self.finish_delete}

    def start(self):
        """Sweep in the background from now on."""
        self._threads.background(self._run)

    def stop(self):
        """End sweeping after the present sweep."""
        self._stopped = True

    def _run(self):
        while not self._stopped:
            try:
                self.sweep()
            except Exception:
                LOG.exception('Looking for expired leases failed')
            # Processes started together must not sweep in step.
            time.sleep(self._interval * random.uniform(0.7, 1))

    def sweep(self):
        """Recover every image whose lease has run out."""
        for expired in self._leases.expired(list(self._actions), _BATCH):
            lease = self._leases.claim(expired)
            if lease is not None:
                self._recover(lease)
        self._uploads.purge()

    def _recover(self, lease):
        LOG.warning('Image %s: its %s was cut off; recovering',
                    lease.image_id, lease.purpose)
        try:
            with self._holder.holding(lease):
                self._actions[lease.purpose](lease)
        except exception.LeaseLost:
            LOG.info('Image %s: recovered by another process',
                     lease.image_id)
        except Exception:
            LOG.exception('Image %s: recovery failed; it will be tried '
                          'again', lease.image_id)

    def _leave_or_undo(self, lease):
        """An upload whose request was cut off waits for the next one."""
        if not self._uploads.leave(lease):
            self.undo_upload(lease)

    def undo_upload(self, lease):
        """Remove the bytes of an unfinished upload, and queue the image.

        The bytes go first: while the lease stands nobody writes new ones.
        """
        self._threads.wait(self.discard, lease)
        try:
            image = self._images.get(_context(), lease.image_id,
                                     check_visibility=False)
            self._images.move(_context(), image, 'queued',
                              from_status=lease.detail['status'],
                              release=lease)
        except (exception.ImageNotFound, exception.ImageChanged):
            self._leases.release(lease)

    def finish_delete(self, lease):
        """Remove what is left of data that has no record any more."""
        if 'token' in lease.detail:
            self._threads.wait(self.discard, lease)
        if lease.detail.get('staged'):
            staging = self._stores.staging
            self._threads.wait(staging.delete, staging.url(lease.image_id))
        for url, store in (*lease.detail.get('locations', ()),
                           *lease.detail.get('removed', ())):
            location = image_object.Location(url, {'store': store})
            try:
                driver = self._stores.holding(location)
                self._threads.wait(driver.delete, url)
            except exception.DataMissing:
                LOG.error('Image %s: no store in use holds its data',
                          lease.image_id)
        self._leases.release(lease)

    def discard(self, lease):
        """Remove what an unfinished upload wrote, committed or not."""
        for identifier in lease.detail['stores']:
            self._stores.internal(identifier).discard(
                lease.image_id, lease.detail['token'])


def _context():
    """:returns: the service's own context."""
    context = context_module.RequestContext(
        overwrite=False,
        request_id=oslo_context.generate_request_id())
    context.is_admin = True
    return context
