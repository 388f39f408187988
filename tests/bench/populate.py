# SPDX-License-Identifier: Apache-2.0
"""Fills a database with images, up to a number of them.

    tools/populate URL [COUNT]

URL is SQLAlchemy's, of SQLite, MariaDB or PostgreSQL; COUNT is 1000 unless
given. An empty database gets the schema first; one of Glance's is left to
glancelite-manage db adopt. What is there already is kept and counted, so
that a run may be repeated, or a catalogue made to grow.
"""
import argparse
import itertools
import sys
import time

import sqlalchemy

from glancelite.db import migration
from glancelite.db import models
from tests.bench import catalogue_rows
from tests.bench import progress

#: Images a transaction.
_BATCH = 500

#: What makes a server write faster what may be lost if it crashes.
_SESSION = {
    'mysql': ('SET SESSION unique_checks = 0',
              'SET SESSION foreign_key_checks = 0'),
    'postgresql': ('SET SESSION synchronous_commit = off',),
    'sqlite': ('PRAGMA synchronous = off',),
}
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
    if not sqlalchemy.inspect(target.engine).has_table('images'):
        migration.sync(target)
    with target.engine.connect() as connection:
        for statement in _SESSION[target.engine.dialect.name]:
            connection.exec_driver_sql(statement)
        connection.commit()
        first = _present(connection)
        for start in range(first, count, _BATCH):
            end = min(start + _BATCH, count)
            _insert(connection, range(start, end))
            connection.commit()
            report(end)
    if first < count:
        _analyze(target.engine)
    target.engine.dispose()
    return max(0, count - first)


def _present(connection):
    last = connection.execute(
        sqlalchemy.select(sqlalchemy.func.max(models.images.c.name))
        .where(models.images.c.name.like('image-%'))).scalar()
    return int(last.rpartition('-')[2]) + 1 if last else 0


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
                _ANALYZE[engine.dialect.name].format(table.name)).close()


def main(arguments=None):
    """The command. :returns: the exit status."""
    parser = argparse.ArgumentParser(
        prog='tools/populate', description=__doc__.partition('\n')[0])
    parser.add_argument('url', help='of the database, as SQLAlchemy has it')
    parser.add_argument('count', type=int, nargs='?', default=1000,
                        help='images to have in the end (1000)')
    options = parser.parse_args(arguments)
    began = time.monotonic()
    with progress.Bar('images', options.count) as bar:
        added = populate(options.url, options.count, bar.show)
    print(f'{added} images added in {time.monotonic() - began:.0f} s')
    return 0


if __name__ == '__main__':
    sys.exit(main())
