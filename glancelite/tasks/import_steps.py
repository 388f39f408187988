# SPDX-License-Identifier: Apache-2.0
"""The steps of an import: begin, each plugin, and the stores.

What goes from step to step is the work: a source to be opened, or a file or
stream that a plugin has made of it.
"""
import contextlib
import shutil

from glancelite import exception
from glancelite.data import leases
from glancelite.i18n import _
from glancelite.tasks import flow
from glancelite.tasks import import_sources
from glancelite.tasks import import_writers

#: Part of the work directory's file system that is left to others.
_SPARED = 0.02


class Begin(flow.Step):
    """The task is processing, and the image is importing."""

    def __init__(self, importer):
        self._importer = importer
        self._service = importer.service

    def run(self, work):
        self._service.notifier.task('run', work.task)
        work.task.begin()
        self._service.tasks.save(work.context, work.task)
        self._service.notifier.task('processing', work.task)

        def change(image):
            if image.status != 'importing':
                image.move_to('importing')
        if not work.is_copy:
            self._importer.save(work, change, holding=work.lease)
        self._service.notifier.image('update', work.image)


class Describe(flow.Step):
    """What is known where the data comes from becomes known here."""

    def __init__(self, source):
        self._source = source

    def run(self, work):
        self._source.describe(work)


class Apply(flow.Step):
    """One plugin.

    :param number: its place among the plugins.
    """

    def __init__(self, service, source, plugin, number):
        self._service = service
        self._source = source
        self._plugin = plugin
        self._number = number

    def run(self, work):
        job = work.job
        self._plugin.change(job)
        if not self._plugin.reads_data:
            return
        job.input = self._file(work)
        job.output = self._service.work_directory.file(
            work.lease, f'{self._number}')
        job.subprocess = self._service.threads.subprocess
        job.guard = lambda: _require_room(job.output)
        made = self._service.threads.wait(self._plugin.transform, job)
        job.require_running()
        if made is not None:
            work.changed = True
            work.take(made)

    def undo(self, work):
        work.take(None)
        self._service.work_directory.discard(work.lease)

    def _file(self, work):
        """:returns: path of the data in a file of this host."""
        if work.file is not None:
            return work.file
        if work.stream is None:
            path = self._source.path(work)
            if path is not None:
                work.take(work.path(path))
                return work.file
        target = self._service.work_directory.file(
            work.lease, f'{self._number}-input')
        size, source = work.open(self._service, self._source)
        with contextlib.closing(source):
            claim = work.hold(self._service.quota.reserve_work(
                work.context, work.image, size))
            with WorkFile(target) as writer:
                self._service.receiver.keep(
                    leases.LeasedSource(import_sources.Reporter(
                        self._service.tasks, work, source, size),
                        work.lease), writer, claim, size)
        work.take(target)
        return target


class WorkFile:
    """A writer of a file that needs not outlive a crash."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        try:
            self._file = open(self._path, 'wb', buffering=0)
        except OSError:
            raise exception.StoreUnavailable() from None
        return self

    def __exit__(self, *exc_info):
        self._file.close()

    def write(self, block):
        """:raises StorageFull: there is no room left, or hardly any."""
        _require_room(self._path)
        view = memoryview(block)
        try:
            while view:
                view = view[self._file.write(view):]
        except OSError:
            raise exception.StorageFull() from None


def _require_room(path):
    """:raises StorageFull: the file system is as good as full."""
    usage = shutil.disk_usage(path.parent)
    if usage.free < usage.total * _SPARED:
        raise exception.StorageFull()


class Store(flow.Step):
    """The data is read once, written to every store, and published."""

    def __init__(self, importer, source):
        self._importer = importer
        self._service = importer.service
        self._source = source

    def run(self, work):
        size, file = work.open(self._service, self._source)
        with contextlib.closing(file), import_writers.claims(
                self._service.quota, work, size) as claim:
            import_writers.open_all(self._service, work, size)
            for store in work.request.stores:
                self._service.notifier.prepare(work.image, store)
            source = leases.LeasedSource(
                import_sources.Reporter(self._service.tasks, work, file,
                                        size), work.lease)
            facts = self._receive(work, source, claim, size)
            self._source.require(work, facts)
            import_writers.seal(self._service, work, facts,
                                self._importer.note_stored)
            self._importer.publish(work, claim.reservations)

    def _receive(self, work, source, claim, size):
        """:returns: what the bytes, now in the writers, have told."""
        try:
            return self._service.receiver.receive(
                work.context, work.described(), source, work.writers, claim,
                size)
        except exception.SignatureMismatch:
            if not work.changed:
                raise
            raise exception.ImportRefused(_(
                'The image is signed, but its signature is not that of the '
                'data as this service stores it, which it has unpacked or '
                'converted. Sign the data as it will be stored.')) from None

    def undo(self, work):
        if not work.sealed:
            for writer in work.writers:
                self._service.threads.wait(writer.cancel)
