# SPDX-License-Identifier: Apache-2.0
"""Runs tasks: claims them from the database, a bounded number at a time.

A task that waits is a lease that nobody holds. So is a task whose process
died; which is how another process comes to resume it, and why no two ever
run one task.
"""
import os
import threading

from oslo_log import log

from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)


class Executor:
    """Claims tasks and runs them in the background.

    :param conf: for the options of the group ``task``.
    :param leases: the repository of leases.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param runner: has ``run(lease)``, which releases the lease.
    :param work_directory: tidied now and then.
    :param lost_hosts: a :class:`~glancelite.data.lost_hosts.LostHosts`.
    """

    def __init__(self, conf, leases, holder, threads, runner,
                 work_directory, lost_hosts):
        self._concurrency = conf.task.concurrency
        self._per_project = conf.task.concurrency_per_project
        self._interval = conf.task.poll_interval
        self._drain_file = conf.task.drain_file
        self._leases = leases
        self._holder = holder
        self._threads = threads
        self._runner = runner
        self._work_directory = work_directory
        self._lost_hosts = lost_hosts
        self._running = 0
        self._idle = threading.Condition()
        self._wanted = threading.Event()
        self._stopped = False

    def start(self):
        """Look for tasks in the background from now on."""
        if self._concurrency:
            self._threads.background(self._run)

    def stop(self):
        """Take no further task; running ones go on."""
        self._stopped = True
        self._wanted.set()

    def drain(self):
        """Take no further task, and return when the running ones are done.
        """
        self.stop()
        with self._idle:
            self._idle.wait_for(lambda: not self._running)

    def wake(self):
        """Look now: a task was added or has ended."""
        self._wanted.set()

    def _run(self):
        while not self._stopped:
            self._wanted.clear()
            try:
                self._work_directory.tidy()
                while self._claim_one():
                    pass
            except Exception:
                LOG.exception('Looking for tasks failed')
            self._wanted.wait(self._interval)

    def _claim_one(self):
        """:returns: whether a task was begun, so that more may wait."""
        if (self._stopped or self._running >= self._concurrency
                or self._is_drained()):
            return False
        for waiting in (
                *self._leases.waiting(lease_object.IMPORT,
                                      self._per_project),
                *self._lost_hosts.leases(lease_object.IMPORT)):
            lease = self._leases.claim(waiting, self._per_project,
                                       runner=os.uname().nodename)
            if lease is not None:
                # Whoever drains the host sees either what we have claimed,
                # or us leave it.
                if self._is_drained():
                    self._leases.leave(lease)
                    return False
                with self._idle:
                    self._running += 1
                self._threads.background(self._work, lease)
                return True
        return False

    def _is_drained(self):
        return os.path.exists(self._drain_file)

    def _work(self, lease):
        try:
            with self._holder.holding(lease):
                self._runner.run(lease)
        except Exception:
            LOG.exception('Image %s: its task ended unexpectedly and will '
                          'be tried again', lease.image_id)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()
            self.wake()
