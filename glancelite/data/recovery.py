# SPDX-License-Identifier: Apache-2.0
"""What a crash left behind is finished or undone, by whoever finds it.

Every process looks for leases that have run out. A lease is claimed before
anything is done, so two processes never recover the same image; and what is
done can be done again, if this process dies in the middle of it.
"""
import random
import time

from oslo_log import log

from glancelite import context as context_module
from glancelite import exception
from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)

#: Leases looked at in one sweep.
_BATCH = 100


class Recovery:
    """Finishes or undoes what owners of expired leases had begun.

    :param leases: the repository of leases.
    :param uploads: the repository of resumable uploads.
    :param images: the repository of images.
    :param tasks: the repository of tasks.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param publisher: a :class:`~glancelite.data.publish.Publisher`.
    :param remains: a :class:`~glancelite.data.remains.Remains`.
    :param lost_hosts: a :class:`~glancelite.data.lost_hosts.LostHosts`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param conf: the ``ConfigOpts`` of the service.
    :param notifier: a :class:`~glancelite.notifier.Notifier`.
    """

    def __init__(self, leases, uploads, images, tasks, holder, publisher,
                 remains, lost_hosts, threads, conf, notifier):
        self._leases = leases
        self._uploads = uploads
        self._images = images
        self._tasks = tasks
        self._holder = holder
        self._publisher = publisher
        self._remains = remains
        self._lost_hosts = lost_hosts
        self._threads = threads
        self._interval = conf.lease.sweep_interval
        self._finish_timeout = conf.lease.finish_timeout
        self._notifier = notifier
        self._stopped = False
        self._actions = {lease_object.UPLOAD: self._recover_upload,
                         lease_object.RESUMABLE: self._recover_resumable,
                         lease_object.DELETE: self._finish_delete,
                         lease_object.REMOVE: self._finish_removal,
                         lease_object.CHECK: self._leases.release}

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
        purposes = [*self._actions, lease_object.REMAINS]
        for expired in (*self._leases.expired(purposes, _BATCH),
                        *self._lost_hosts.leases(lease_object.UPLOAD)):
            lease = self._leases.claim(expired)
            if lease is not None:
                self._recover(lease)
        self._uploads.purge()
        self._tasks.expire()

    def _recover(self, lease):
        try:
            if lease.purpose == lease_object.REMAINS:
                return self._remains.try_again(lease)
            LOG.warning('Image %s: its %s was cut off; recovering',
                        lease.image_id, lease.purpose)
            with self._holder.holding(lease):
                self._actions[lease.purpose](lease)
        except exception.LeaseLost:
            LOG.info('Image %s: recovered by another process',
                     lease.image_id)
        except Exception:
            LOG.exception('Image %s: recovery failed; it will be tried '
                          'again', lease.image_id)

    def _recover_upload(self, lease):
        try:
            finished = self._finish_upload(lease)
        except (exception.LeaseLost, exception.DatabaseUnavailable):
            raise
        except (exception.HostUnavailable, exception.UnknownStore) as error:
            LOG.error('Image %s: its upload is undone: %s', lease.image_id,
                      error)
            self._undo_sealed(lease)
        except Exception as error:
            age = time.time() - lease.detail.get('sealed', time.time())
            if age <= self._finish_timeout:
                raise
            LOG.error('Image %s: its upload was not to be finished for %d s, '
                      'and is undone: %s', lease.image_id, age, error)
            self._undo_sealed(lease)
        else:
            if not finished:
                self.undo_upload(lease)

    def _undo_sealed(self, lease):
        self._remains.withdraw(lease)
        self._queue(lease)

    def _recover_resumable(self, lease):
        """An upload whose request was cut off waits for the next one."""
        if 'facts' in lease.detail:
            self._recover_upload(lease)
        elif not self._uploads.leave(lease):
            self.undo_upload(lease)

    def _finish_upload(self, lease):
        """:returns: whether the record names the data now.

        :raises HostUnavailable: only another host could do it.
        """
        if 'facts' not in lease.detail:
            return False
        self._lost_hosts.require_ours(lease)
        context = context_module.of_service()
        try:
            image = self._images.get(context, lease.image_id,
                                     check_visibility=False)
            self._publisher.publish(context, image, lease)
        except (exception.ImageNotFound, exception.ImageChanged,
                exception.DataMissing) as error:
            LOG.warning('Image %s: its upload cannot be finished: %s',
                        lease.image_id, error)
            return False
        return True

    def undo_upload(self, lease):
        """Remove the bytes of an unfinished upload, and queue the image.

        The bytes go first: while the lease stands nobody writes new ones.
        """
        self._remains.discard(lease)
        self._queue(lease)

    def _queue(self, lease):
        context = context_module.of_service()
        try:
            image = self._images.get(context, lease.image_id,
                                     check_visibility=False)
            self._images.move(context, image, 'queued',
                              from_status=lease.detail['status'],
                              release=lease)
            self._notifier.image('update', image)
        except exception.ImageNotFound:
            self._finish_delete(lease)
        except exception.ImageChanged:
            self._leases.release(lease)

    def _finish_delete(self, lease):
        self._remains.remove_all(lease)
        self._leases.release(lease)

    def _finish_removal(self, lease):
        self._remains.remove_copies(lease)
        self._leases.release(lease)
