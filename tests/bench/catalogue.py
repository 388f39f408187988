# SPDX-License-Identifier: Apache-2.0
"""What requests on a catalogue take: processor time, and time.

Both services are asked by turns, in rounds; each figure is the median of the
rounds, so that what else the machine does disturbs both alike and little.
"""
import pathlib
import statistics
import tempfile

from tests.bench import floor
from tests.bench import populate
from tests.bench import progress
from tests.bench import requests
from tests.bench import services
from tests.bench import wire

_MILLI = 1000

#: Requests that a service is asked before it is measured, if it is quick.
_WARM = 3

#: Stands for the number of images, in URLs and commands.
SIZE = '{size}'


class Rounds:
    """One kind of request to one service, round after round.

    :param service: a :class:`~tests.bench.services.Service`.
    :param database: the :class:`~tests.bench.processes.Group` of the
        database server, or None.
    :param ask: makes one request.
    """

    def __init__(self, service, database, ask):
        self._service = service
        self._database = database
        self._ask = ask
        self._seconds = []
        self._rounds = []

    def warm(self, seconds):
        """Ask a few times; see how many requests a round may have.

        :returns: how many images the last answer had, None if it is no list.
        """
        taken = []
        while len(taken) < _WARM and sum(taken) < _WARM * seconds:
            answer = self._ask()
            taken.append(answer.seconds)
        self._count = max(1, int(seconds / min(taken)))
        return answer.images

    def run(self):
        """Ask for one round."""
        began = self._cpu()
        times = [self._ask().seconds for _each in range(self._count)]
        ended = self._cpu()
        self._seconds += times
        self._rounds.append((
            *((after - before) / self._count
              for before, after in zip(began, ended)),
            statistics.median(times), self._count / sum(times)))

    def _cpu(self):
        return (self._service.group.cpu(),
                self._database.cpu() if self._database else 0)

    def result(self):
        """:returns: the figures, times in milliseconds."""
        cpu, database, median, rate = (
            statistics.median(each) for each in zip(*self._rounds))
        ordered = sorted(self._seconds)
        return {
            'cpu': cpu * _MILLI, 'database_cpu': database * _MILLI,
            'p50': median * _MILLI,
            'p99': ordered[int(len(ordered) * .99)] * _MILLI,
            'rate': rate, 'requests': len(ordered)}


def _measure(running, options, database, size):
    """:returns: {title: {service: figures}}."""
    catalogues = {service.name: requests.Catalogue(
        wire.Client(service.port, options.token), size)
        for service in running}
    titles = [title for title in requests.REQUESTS
              if not options.only or any(
                  word in title for word in options.only)]
    results = {}
    with progress.Bar(f'kinds of requests, {size} images',
                      len(titles)) as bar:
        for done, title in enumerate(titles):
            bar.show(done)
            rounds = {
                service.name: Rounds(service, database, asker(
                    title, catalogues[service.name]))
                for service in running}
            images = {name: each.warm(options.seconds)
                      for name, each in rounds.items()}
            for _round in range(options.rounds):
                for each in rounds.values():
                    each.run()
            results[title + options.suffix] = {
                name: {**each.result(), 'images': images[name]}
                for name, each in rounds.items()}
        bar.show(len(titles))
    for catalogue in catalogues.values():
        catalogue.delete_all()
    return results


def asker(title, catalogue):
    """:returns: what makes a request of a kind."""
    method = requests.REQUESTS[title]
    return lambda: method(catalogue)


def _starts(running, count):
    """Start each service ``count`` times, by turns; it runs in the end.

    Once more, before they count: a service that is installed has its
    bytecode, and what is read from the disk is in memory.

    :returns: {service: median of the seconds to the first answer}.
    """
    seconds = {service.name: [] for service in running}
    for number in range(count + 1):
        for service in running:
            service.stop()
            service.start()
            if number and service.first_answer:
                seconds[service.name].append(service.first_answer)
    return {name: statistics.median(each)
            for name, each in seconds.items() if each}


def run(options):
    """:returns: the results, as JSON may have them.

    :param options: those of the command.
    """
    results = {name: {} for name in ('sizes', 'memory', 'floor',
                                     'first_answer')}
    for size in options.sizes:
        database = options.database.replace(SIZE, str(size))
        with progress.Bar('images', size) as bar:
            populate.populate(database, size, bar.show)
        with tempfile.TemporaryDirectory(prefix='glancelite-bench') as name:
            folder = pathlib.Path(name)
            running = [services.own(folder, database, options.configuration)]
            if options.peer:
                command = options.peer_command
                running.append(services.peer(
                    options.peer, command and command.replace(
                        SIZE, str(size)), folder))
            try:
                _run(options, running, database, size, results)
            finally:
                for service in running:
                    service.stop()
    return results


def _run(options, running, database, size, results):
    """Measure one size, and add to the results."""
    key = str(size)
    results['first_answer'][key] = _starts(running, options.starts)
    results['sizes'][key] = _measure(
        running, options, services.database_server(database), size)
    results['memory'][key] = {service.name: service.group.memory()
                              for service in running}
    client = wire.Client(running[0].port, options.token)
    results['floor'][key] = floor.Floor(database, client).measure()
    client.close()
