# SPDX-License-Identifier: Apache-2.0
"""How the time of requests grows with the catalogue.

A service runs on each catalogue, and all are asked by turns: what else the
machine does, from one minute to the next, disturbs all sizes alike.
"""
import contextlib
import pathlib
import tempfile

from tests.bench import catalogue
from tests.bench import populate
from tests.bench import progress
from tests.bench import requests
from tests.bench import services
from tests.bench import table
from tests.bench import wire


def run(options):
    """:returns: the results, as JSON may have them.

    :param options: those of the command.
    """
    with contextlib.ExitStack() as stack:
        running = {size: _service(stack, options, size)
                   for size in options.sizes}
        server = services.database_server(
            options.database.replace(catalogue.SIZE, str(options.sizes[0])))
        asked = {size: requests.Catalogue(wire.Client(service.port), size)
                 for size, service in running.items()}
        found = {str(size): {} for size in running}
        titles = [title for title in requests.REQUESTS
                  if not options.only or any(
                      word in title for word in options.only)]
        with progress.Bar('kinds of requests', len(titles)) as bar:
            for done, title in enumerate(titles):
                bar.show(done)
                for size, figures in _measure(
                        title, running, asked, server, options).items():
                    found[str(size)][title] = {table.OURS: figures}
            bar.show(len(titles))
        for each in asked.values():
            each.delete_all()
    return {'sizes': found}


def _service(stack, options, size):
    database = options.database.replace(catalogue.SIZE, str(size))
    with progress.Bar('images', size) as bar:
        populate.populate(database, size, bar.show)
    folder = stack.enter_context(
        tempfile.TemporaryDirectory(prefix='glancelite-bench'))
    service = services.own(pathlib.Path(folder), database)
    service.start()
    stack.callback(service.stop)
    return service


def _measure(title, running, asked, server, options):
    """:returns: {size: figures}."""
    rounds = {size: catalogue.Rounds(
        service, server, catalogue.asker(title, asked[size]))
        for size, service in running.items()}
    images = {size: each.warm(options.seconds)
              for size, each in rounds.items()}
    for _round in range(options.rounds):
        for each in rounds.values():
            each.run()
    return {size: {**each.result(), 'images': images[size]}
            for size, each in rounds.items()}
