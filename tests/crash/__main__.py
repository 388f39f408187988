# SPDX-License-Identifier: Apache-2.0
"""The long form: ``tox -e crash``, or ``python -m tests.crash --help``.

Some services are attacked side by side: most of the time each waits for a
lease to run out.
"""
import argparse
import collections
import contextlib
import random
import sys
import tempfile
import threading
import time
import traceback

from tests import databases
from tests.crash import arena
from tests.crash import attacks
from tests.crash import campaign
from tests.crash import imports

#: Servers and databases, and which part of the attacks on steps they get:
#: one in so many.
_ARENAS = (
    ('eventlet', 'sqlite', 1),
    ('gunicorn', 'sqlite', 4),
    ('eventlet', 'mysql', 4),
    ('gunicorn', 'postgresql', 4),
)

#: The same for imports to several stores.
_IMPORT_ARENAS = (
    ('eventlet', 'sqlite', 1),
    ('gunicorn', 'mysql', 4),
    ('eventlet', 'postgresql', 4),
)

#: Stopping a process takes several seconds each time: one in so many of
#: those.
_STOPS = 3

KINDS = ('kill', 'random', 'store', 'database', 'stop')

_COLUMNS = ('kill', 'random kill', 'ENOSPC', 'EIO', 'cut', 'stop')


#: alembic, which makes the tables, has its context in a global variable.
_one_by_one = threading.Lock()


class Run:
    """All attacks on one service, in a thread of their own.

    :ivar counts: attacks that took place, by kind.
    :ivar failure: what went wrong, as text, or None.
    :cvar arena: the kind of service.
    :cvar errands: what is killed at each of its steps.
    :cvar different: what else is done to these.
    :cvar turmoil: what is killed at random moments.
    """

    arena = arena.Arena
    errands = attacks.ERRANDS
    different = campaign.DIFFERENT
    turmoil = attacks.Turmoil

    def __init__(self, server, backend, every, options):
        self.name = f'{server}, {backend}'
        self.counts = collections.Counter()
        self.failure = None
        self._server = server
        self._backend = backend
        self._every = every * options.every
        self._options = options
        self._began = time.monotonic()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        with self._options.turn, contextlib.ExitStack() as stack:
            self._began = time.monotonic()
            attacked = None
            try:
                attacked = self._arena(stack)
                self._attack(attacked, stack)
            except Exception:
                self.failure = traceback.format_exc()
                if attacked:
                    self.failure += self._keep_log(attacked)
                self._report(f'FAILED\n{self.failure}')

    def _keep_log(self, attacked):
        """:returns: a line that tells where the log of the service is."""
        with tempfile.NamedTemporaryFile(
                'w', prefix='glancelite-crash-', suffix='.log',
                delete=False) as file:
            file.write(attacked.log_text())
        return f'The log of the service: {file.name}'

    def _arena(self, stack, **more):
        with _one_by_one:
            return stack.enter_context(
                self.arena(self._server, self._backend, **more))

    def _attack(self, attacked, stack):
        whole = campaign.Campaign(attacked, self._every,
                                  self._options.seed, self._report)
        self.counts = whole.counts
        kinds = self._options.kinds
        if 'kill' in kinds:
            whole.kill_at_steps(self.errands)
        if 'random' in kinds:
            whole.kill_at_random(self._options.random, self.turmoil)
        if 'store' in kinds:
            whole.fail_the_store(self.different)
        if 'database' in kinds:
            whole.cut_the_database(self.different)
        if 'stop' in kinds:
            whole.every *= _STOPS
            whole.outrun_by(self._arena(stack, beside=attacked),
                            self.different)
        attacked.audit()

    def _report(self, line):
        seconds = time.monotonic() - self._began
        print(f'{seconds:6.0f} s  {self.name}: {line}', flush=True)


class ImportRun(Run):
    """The same on imports of every method, to several stores."""

    arena = imports.ImportArena
    errands = different = imports.ERRANDS
    turmoil = imports.Turmoil

    def __init__(self, server, backend, every, options):
        super().__init__(server, backend, every, options)
        self.name = f'{self.name}, imports'


_RUNS = {'images': Run, 'imports': ImportRun}


def _options():
    parser = argparse.ArgumentParser(prog='tox -e crash --')
    parser.add_argument('--server', choices=arena.SERVERS)
    parser.add_argument('--backend', choices=databases.BACKENDS)
    parser.add_argument('--only', choices=_RUNS,
                        help='uploads, deletions and the like, or imports')
    parser.add_argument('--kinds', nargs='+', choices=KINDS, default=KINDS)
    parser.add_argument('--every', type=int, default=1,
                        help='one in so many of the attacks on steps')
    parser.add_argument('--random', type=int, default=40,
                        help='kills at random moments')
    parser.add_argument('--at-once', type=int, default=4,
                        help='services attacked side by side')
    parser.add_argument('--seed', type=int,
                        default=random.randrange(10 ** 9))
    options = parser.parse_args()
    options.turn = threading.Semaphore(options.at_once)
    return options


def _chosen(options):
    """Yield a :class:`Run` for each service that is to be had."""
    for server, backend, every, kind in (
            *((*each, 'images') for each in _ARENAS),
            *((*each, 'imports') for each in _IMPORT_ARENAS)):
        if (options.only in (None, kind)
                and options.server in (None, server)
                and options.backend in (None, backend)):
            reason = databases.unavailable(backend)
            if reason:
                print(f'{server}, {backend} is left out: {reason}')
            else:
                yield _RUNS[kind](server, backend, every, options)


def _summary(runs, seconds):
    yield '  '.join([f'{"service":29}', *(
        f'{name:>11}' for name in _COLUMNS)])
    for run in runs:
        yield '  '.join([f'{run.name:29}', *(
            f'{run.counts[name]:11}' for name in _COLUMNS)])
    total = sum((run.counts for run in runs), collections.Counter())
    kills = total['kill'] + total['random kill']
    failed = sum(run.failure is not None for run in runs)
    yield (f'{kills} kills, {total["ENOSPC"] + total["EIO"]} failures of the '
           f'store, {total["cut"]} cuts of the database, {total["stop"]} '
           f'stops in {seconds:.0f} s; {failed} services failed')


def main():
    """:returns: the exit code."""
    options = _options()
    began = time.monotonic()
    runs = list(_chosen(options))
    for run in runs:
        run.thread.start()
    for run in runs:
        run.thread.join()
    print(f'seed {options.seed}')
    print(*_summary(runs, time.monotonic() - began), sep='\n')
    return 1 if any(run.failure for run in runs) else 0


if __name__ == '__main__':
    sys.exit(main())
