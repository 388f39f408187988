# SPDX-License-Identifier: Apache-2.0
"""Fills a database with images, up to a number of them.

    tools/populate URL [COUNT]

URL is SQLAlchemy's, of SQLite, MariaDB or PostgreSQL; COUNT is 1000 unless
given. An empty database gets the schema first; one of Glance's is left to
glancelite-manage db adopt. What is there already is kept and counted, so
that a run may be repeated, or a catalogue made to grow. While many images
are added the tables have no indexes, so nobody else should need them.
"""
import argparse
from concurrent import futures
import functools
import itertools
import sys
import time

import sqlalchemy
from sqlalchemy import exc

from glancelite.db import migration
from glancelite.db import migrations
from glancelite.db import models
from tests.bench import catalogue_rows
from tests.bench import postponed
from tests.bench import progress

#: Images a transaction.
_BATCH = 500

#: So many are added before there are indexes.
_MANY = 50_000

#: What makes a server write faster what may be lost if it crashes.
_SESSION = {
    'mysql': ('SET SESSION unique_checks = 0',
              'SET SESSION foreign_key_checks = 0'),
    'postgresql': ('SET SESSION synchronous_commit = off',),
    'sqlite': ('PRAGMA synchronous = off',),
}
_THREADS = {'sqlite': 1, 'mysql': 2, 'postgresql': 2}
_ANALYZE = {'mysql': 'ANALYZE TABLE {}', 'postgresql': 'VACUUM ANALYZE {}',
            'sqlite': 'ANALYZE {}'}


class Target:
    """A database as far as migrations look at it.

    :param url: SQLAlchemy's.
    """

    def __init__(self, url):
        self.url = url
        self.engine = sqlalchemy.create_engine(url)


def populate(url, count, report=progress.nothing):
    """Fill the database at ``url`` until it has ``count`` of our images.

    :param report: is called with the number of images there are.
    :returns: how many were added.
    """
    target = Target(url)
    found = sqlalchemy.inspect(target.engine)
    if (not found.has_table('images')
            or found.has_table(migrations.VERSION_TABLE)):
        migration.sync(target)
    indexes = postponed.Indexes(target.engine, [
        table.name for table in catalogue_rows.rows(0)])
    indexes.build()
    missing = _missing(target.engine, count)
    if len(missing) >= _MANY:
        indexes.postpone()
    _add_all(target.engine, missing, count - len(missing), report)
    indexes.build()
    if missing:
        _analyze(target.engine)
    target.engine.dispose()
    return len(missing)


def _add_all(engine, missing, done, report):
    batches = [missing[start:start + _BATCH]
               for start in range(0, len(missing), _BATCH)]
    # While one waits for the database, another one puts rows together.
    with futures.ThreadPoolExecutor(_THREADS[engine.name]) as pool:
        for added in pool.map(functools.partial(_add, engine), batches):
            done += added
            report(done)


def _missing(engine, count):
    """:returns: the numbers of images that are not there yet."""
    names = sqlalchemy.select(models.images.c.name).where(
        models.images.c.name.like('image-%'))
    with engine.connect() as connection:
        present = {int(name.rpartition('-')[2]) for name
                   in connection.execute(names).scalars()}
    return [number for number in range(count) if number not in present]


def _add(engine, numbers):
    """Add images in a transaction. :returns: how many."""
    with engine.connect() as connection:
        for statement in _SESSION[engine.name]:
            connection.exec_driver_sql(statement)
        connection.commit()
        _insert(connection, numbers)
        connection.commit()
    return len(numbers)


def _insert(connection, numbers):
    found = [catalogue_rows.rows(number) for number in numbers]
    for table in found[0]:
        rows = list(itertools.chain.from_iterable(
            each[table] for each in found))
        if rows:
            connection.execute(table.insert(), rows)


def _analyze(engine):
    """Let the optimizer know what there is now."""
    with engine.connect() as connection:
        connection = connection.execution_options(
            isolation_level='AUTOCOMMIT')
        for table in catalogue_rows.rows(0):
            connection.exec_driver_sql(
                _ANALYZE[engine.name].format(table.name)).close()


def main(arguments=None):
    """The command. :returns: the exit status."""
    parser = argparse.ArgumentParser(
        prog='tools/populate', description=__doc__.partition('\n')[0])
    parser.add_argument('url', help='of the database, as SQLAlchemy has it')
    parser.add_argument('count', type=int, nargs='?', default=1000,
                        help='images to have in the end (1000)')
    options = parser.parse_args(arguments)
    began = time.monotonic()
    try:
        with progress.Bar('images', options.count) as bar:
            added = populate(options.url, options.count, bar.show)
    except (exc.DBAPIError, exc.ArgumentError) as error:
        print(f'tools/populate: {error}'.splitlines()[0], file=sys.stderr)
        return 1
    print(f'{added} images added in {time.monotonic() - began:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
