# SPDX-License-Identifier: Apache-2.0
"""What imports of staged data take: to each of three file stores, and to all.

An upload to the first store stands beside them, and so does what the disks
can do: dd, which copies the same bytes and syncs them, to one store and to all
at once. Everything is done by turns, in rounds; each figure is the median of
the rounds.
"""
import contextlib
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

from tests.bench import data
from tests.bench import processes
from tests.bench import progress
from tests.bench import table
from tests.bench import transfers
from tests.bench import wire
from tests.functional import application
from tests.servers import kinds

STORES = ('first', 'second', 'third')

UPLOAD, STAGE, ALL = 'upload', 'stage', 'import to all three'
DD, DD_ALL = 'dd to the first', 'dd to all three'
MEASURES = (UPLOAD, STAGE, *(f'import to the {name}' for name in STORES), ALL,
            DD, DD_ALL)

#: Seconds between two looks whether an import has ended: each takes some
#: milliseconds of the very processors that the import needs.
_LOOK = 0.02

_CALLER = ('project-data', 'member,reader')


class Service:
    """A glancelite with three stores, in ``folder``.

    :param folders: directories of the stores.
    """

    def __init__(self, folders, source, size):
        self._size = size
        self._source = source
        self._folders = folders
        options = {
            'enabled_backends': ','.join(f'{name}:file' for name in STORES),
            'workers': 1, 'glance_store': {'default_backend': STORES[0]},
            'os_glance_staging_store': {
                'filesystem_store_datadir': '{folder}/staging'}}
        for name, folder in zip(STORES, folders):
            options[name] = {'filesystem_store_datadir': folder}
        self.application = application.Application(
            'eventlet', server=kinds.SERVERS['eventlet'], **options)
        self.application.setUp()
        self._group = processes.Group([self.application.process.pid])
        port = self.application.client.address[1]
        self._images = transfers.Images(port, source)
        self._client = wire.Client(port)

    def close(self):
        """End it."""
        self._images.close()
        self._client.close()
        self.application.cleanUp()

    def measure(self, what):
        """:returns: figures of one of ``MEASURES``."""
        if what in (DD, DD_ALL):
            return self._copied(
                self._folders if what == DD_ALL else self._folders[:1])
        path = self._images.make()
        staged = path.removesuffix('/file') + '/stage'
        try:
            if what == UPLOAD:
                return self._watched(self._images.upload, path, self._size,
                                     False)
            if what == STAGE:
                return self._watched(self._images.upload, staged, self._size,
                                     False)
            self._images.upload(staged, self._size, False)
            stores = STORES if what == ALL else [what.rpartition(' ')[2]]
            return self._watched(self._import, path.removesuffix('/file'),
                                 stores)
        finally:
            self._images.remove(path)

    def _copied(self, folders):
        targets = [pathlib.Path(folder, f'dd-{number}')
                   for number, folder in enumerate(folders)]
        os.sync()
        began = time.perf_counter()
        running = [subprocess.Popen(
            ['dd', f'if={self._source}', f'of={target}', 'bs=1M',
             'oflag=direct', 'conv=fsync', 'status=none'])
            for target in targets]
        for each in running:
            each.wait()
        seconds = time.perf_counter() - began
        for target, each in zip(targets, running):
            target.unlink()
            if each.returncode:
                raise wire.Unexpected('dd failed')
        return {'seconds': seconds}

    def _import(self, path, stores):
        self._client.ask('POST', f'{path}/import', _CALLER, {
            'method': {'name': 'glance-direct'}, 'stores': list(stores)})
        while True:
            document = self._client.ask('GET', path, _CALLER).document
            if document['status'] == 'active':
                return
            if 'os_glance_import_task' not in document:
                raise wire.Unexpected(f'import: {document}')
            time.sleep(_LOOK)

    def _watched(self, function, *arguments):
        os.sync()
        self._group.forget_peak()
        cpu, began = self._group.cpu(), time.perf_counter()
        function(*arguments)
        return {'seconds': time.perf_counter() - began,
                'cpu': self._group.cpu() - cpu, 'peak': self._group.peak()}


def run(options):
    """:returns: the results, as JSON may have them.

    :param options: those of the command.
    """
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(
            tempfile.TemporaryDirectory(prefix='glancelite-bench',
                                        dir=options.folder)))
        tempfile.tempdir = str(folder)
        stack.callback(setattr, tempfile, 'tempdir', None)
        source = folder / 'source'
        data.write_source(source, options.size)
        folders = [
            stack.enter_context(tempfile.TemporaryDirectory(dir=each))
            for each in options.stores or [folder] * len(STORES)]
        service = Service(folders, source, options.size)
        stack.callback(service.close)
        found = {what: [] for what in MEASURES}
        count = options.rounds * len(MEASURES)
        with progress.Bar('rounds', count) as bar:
            for number in range(count):
                bar.show(number)
                what = MEASURES[number % len(MEASURES)]
                found[what].append(service.measure(what))
    return {'import_size': options.size, 'imports': {
        what: {name: statistics.median(each[name] for each in figures)
               for name in figures[0]} for what, figures in found.items()}}


def of_imports(results):
    """:returns: header and rows."""
    figures, size = results['imports'], results['import_size']
    slowest = max(figures[what]['seconds'] for what in MEASURES
                  if what.startswith('import') and what != ALL)
    rows = []
    for what, each in figures.items():
        rows.append([
            what, table.number(each['seconds']),
            table.number(size / each['seconds'] / 2 ** 20),
            table.number(each.get('cpu')), table.number(each.get('peak')),
            table.times(each['seconds'] / figures[UPLOAD]['seconds']),
            table.times(each['seconds'] / slowest)])
    return ['', 'seconds', 'MiB/s', 'CPU s', 'peak MiB', 'upload',
            'slowest import to one'], rows
