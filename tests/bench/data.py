# SPDX-License-Identifier: Apache-2.0
"""What uploads and downloads take, beside what the machine can do at best.

Every server that etc/ configures is measured, and the peer and the limits,
by turns, in rounds; each figure is the median of the rounds.
"""
import compileall
import contextlib
import os
import pathlib
import statistics
import tempfile

from glancelite.db import api as db_api
from glancelite.db import migration
from tests.bench import limits
from tests.bench import processes
from tests.bench import progress
from tests.bench import services
from tests.bench import table
from tests.bench import transfers
from tests.servers import kinds
from tests.servers import servers

MEASURES = (table.UPLOAD, table.CHUNKED, table.IN_TURN, table.UPLOADS,
            table.DOWNLOAD, table.DOWNLOADS)

#: Of those that etc/ configures: waitress is not for production.
SERVERS = ('eventlet', 'gunicorn', 'uwsgi', 'mod_wsgi_embedded', 'mod_wsgi')

#: Downloads are short: so many follow on each other in a round.
_DOWNLOADS = 5

_BLOCK = 1 << 22

#: That of connections for which nobody chooses another.
_CONGESTION_CONTROL = pathlib.Path(
    '/proc/sys/net/ipv4/tcp_congestion_control')
_PACKAGE = pathlib.Path(__file__).parents[2] / 'glancelite'


class Sizes:
    """How much is moved: the same by one transfer, or by several at once.

    :param whole: bytes.
    :param count: transfers at once.
    """

    def __init__(self, whole, count):
        self.whole = whole
        self.count = count
        self.part = whole // count


class Measured:
    """A service whose transfers are measured.

    :param group: its processes.
    """

    def __init__(self, name, port, group, source, sizes):
        self.name = name
        self._group = group
        self._images = transfers.Images(port, source)
        self._images.list()
        self._sizes = sizes
        self._whole = self._filled(sizes.whole)
        self._part = self._filled(sizes.part)

    def close(self):
        """Let go of the connection."""
        self._images.close()

    def _filled(self, size):
        path = self._images.make()
        self._images.upload(path, size, chunked=False)
        # A service that writes past the page cache would else read the disk
        # the first time, and only then.
        self._images.download(path, size)
        return path

    def measure(self, what):
        """:returns: figures of one of ``MEASURES``."""
        sizes = self._sizes
        if what == table.DOWNLOAD:
            return _downloaded(self._group, 1, self._images.download,
                               [self._whole], [sizes.whole])
        if what == table.DOWNLOADS:
            return _downloaded(self._group, sizes.count,
                               self._images.download,
                               [self._part] * sizes.count,
                               [sizes.part] * sizes.count)
        is_one = what in (table.UPLOAD, table.CHUNKED)
        count = 1 if is_one else sizes.count
        paths = [self._images.make() for _each in range(count)]
        try:
            if what == table.IN_TURN:
                return _watched(self._group, 1, self._upload_in_turn, [paths])
            return _watched(
                self._group, count, self._images.upload, paths,
                [sizes.whole // count] * count,
                [what == table.CHUNKED] * count)
        finally:
            for path in paths:
                self._images.remove(path)

    def _upload_in_turn(self, paths):
        for path in paths:
            self._images.upload(path, self._sizes.part, chunked=False)


class Limits:
    """What the machine can do at best."""

    def __init__(self, source, folder, sizes):
        self._source = source
        self._folder = folder
        self._sizes = sizes
        self._nginx = limits.Nginx(source, folder)
        self._has_nginx = self._nginx.start()

    def measure(self, what):
        """:returns: (name, figures) of one of ``MEASURES``, or None."""
        sizes = self._sizes
        if what == table.UPLOAD:
            seconds = limits.tee(self._source, sizes.whole, self._folder)
            return table.TEE, {'seconds': seconds}
        downloads = what in (table.DOWNLOAD, table.DOWNLOADS)
        if not (downloads and self._has_nginx):
            return None
        count = sizes.count if what == table.DOWNLOADS else 1
        return table.NGINX, _downloaded(
            self._nginx.group, count, self._nginx.download,
            [sizes.whole // count] * count)

    def stop(self):
        """Stop nginx."""
        self._nginx.stop()


def _downloaded(group, count, function, *arguments):
    """:returns: the medians of several times :func:`_watched`."""
    return _median([_watched(group, count, function, *arguments)
                    for _each in range(_DOWNLOADS)])


def _watched(group, count, function, *arguments):
    # What was written before is not to be written meanwhile.
    os.sync()
    group.forget_peak()
    began = group.cpu()
    with group.watched() as memory:
        seconds = transfers.at_once(count, function, *arguments)
    return {'seconds': seconds, 'cpu': group.cpu() - began,
            'peak': group.peak(), 'memory': memory.most}


def write_source(path, size):
    """Make a file of ``size`` random bytes."""
    with open(path, 'wb') as file:
        for written in range(0, size, _BLOCK):
            file.write(os.urandom(min(_BLOCK, size - written)))
    path.chmod(0o644)


def run(options):
    """:returns: the results, as JSON may have them.

    :param options: those of the command.
    """
    sizes = Sizes(options.size, options.at_once)
    with tempfile.TemporaryDirectory(
            prefix='glancelite-bench', dir=options.folder) as name:
        folder = pathlib.Path(name)
        # nginx and httpd run as other users.
        folder.chmod(0o755)
        source = folder / 'source'
        write_source(source, sizes.whole)
        with contextlib.ExitStack() as stack:
            started, missing = _start(options, folder, stack)
            at_best = Limits(source, folder, sizes)
            stack.callback(at_best.stop)
            measured = [Measured(*each, source, sizes) for each in started]
            for each in measured:
                stack.callback(each.close)
            figures = _measure(measured, at_best, options.rounds)
    return {'size': sizes.whole, 'at_once': sizes.count, 'missing': missing,
            'congestion_control': _CONGESTION_CONTROL.read_text().strip(),
            'measures': figures}


def _start(options, folder, stack):
    """:returns: (name, port, processes) of each service, and what is
    missing: a reason by name.
    """
    started, missing = [], {}
    # Where the services' own folders are made.
    tempfile.tempdir = str(folder)
    stack.callback(setattr, tempfile, 'tempdir', None)
    # An installed service has its bytecode, and its memory is not that of a
    # compiler.
    compileall.compile_dir(_PACKAGE, quiet=1)
    for name in options.servers or SERVERS:
        reason = kinds.SERVERS[name].missing()
        if reason:
            missing[name] = reason
            continue
        served = servers.Served(name, started=False)
        served.setUp()
        stack.callback(served.cleanUp)
        _migrate(served.load_conf())
        served.start()
        port = int(served.address.rpartition(':')[2])
        started.append((name, port, processes.Group([served.process.pid])))
    if options.peer:
        peer = services.peer(options.peer, options.peer_command, folder)
        peer.start()
        stack.callback(peer.stop)
        started.append((peer.name, peer.port, peer.group))
    return started, missing


def _migrate(conf):
    """Make the schema: a service that did it by itself would have loaded
    what makes it.
    """
    database = db_api.Database(conf)
    migration.sync(database)
    database.dispose()


def _measure(measured, at_best, rounds):
    """:returns: {measure: {service or limit: figures}}."""
    found = {what: {} for what in MEASURES}
    with progress.Bar('rounds', rounds * len(MEASURES)) as bar:
        for number in range(rounds * len(MEASURES)):
            bar.show(number)
            turn, position = divmod(number, len(MEASURES))
            what = MEASURES[position]
            # What one leaves to the disk, another finds there each time.
            turn %= len(measured)
            limit = at_best.measure(what)
            if limit:
                found[what].setdefault(limit[0], []).append(limit[1])
            for each in (*measured[turn:], *measured[:turn]):
                found[what].setdefault(each.name, []).append(
                    each.measure(what))
    return {what: {name: _median(each) for name, each in sides.items()}
            for what, sides in found.items()}


def _median(figures):
    return {name: statistics.median(each[name] for each in figures)
            for name in figures[0]}
