# SPDX-License-Identifier: Apache-2.0
"""Many attacks on one arena, counted; after each few nothing may be wrong."""
import collections
import random
import time

from tests.crash import attacks

#: Attacks after which is looked whether everything is well.
_ROUND = 6

#: One kill in so many takes the parent process as well.
_EVERYTHING = 5

#: Errands that differ from others in what they do to a store or a database.
DIFFERENT = tuple(each for each in attacks.ERRANDS
                   if each is not attacks.UploadOfKnownLength)

#: What an answer may be when the store fails: no room, or not available; or
#: all is well in spite of it.
_STORE_ANSWERS = {204, 410, 413, 503}

#: The same for the database.
_DATABASE_ANSWERS = {204, 404, 409, 410, 503}


class Campaign:
    """Attacks on one arena.

    :param arena: an :class:`~tests.crash.arena.Arena`, set up.
    :param seed: of what is done at random.
    :param report: called with a line of text now and then.
    :ivar every: take one in so many of the attacks on named steps.
    :ivar counts: attacks that took place, by kind.
    """

    def __init__(self, arena, every=1, seed=None, report=lambda line: None):
        self._arena = arena
        self.every = every
        self._seed = seed if seed is not None else random.randrange(10 ** 9)
        self._report = report
        self._steps = {}
        self._unsettled = 0
        self._number = 0
        self.counts = collections.Counter()

    def kill_at_steps(self, errands=attacks.ERRANDS):
        """kill -9 at every step of every errand."""
        for errand in errands:
            for step, time_ in self._steps_of(errand):
                everything = self._number % _EVERYTHING == 0
                self._strike('kill', errand, step, time_,
                             'kill_all' if everything else 'kill')
            self._end(errand)

    def kill_at_random(self, times, turmoil=attacks.Turmoil):
        """kill -9 at random moments while several clients are busy."""
        chance = random.Random(self._seed)
        self._report(f'random kills, seed {self._seed}')
        while times > 0:
            number = min(times, 2 * _ROUND)
            with turmoil(self._arena, chance.random()):
                for _ in range(number):
                    time.sleep(chance.uniform(0.02, 0.6))
                    self._arena.kill(chance.random() < 1 / _EVERYTHING)
                    self.counts['random kill'] += 1
                    self._arena.revive()
                    self._arena.patiently('get', '/')
            times -= number
            self._arena.settle()

    def fail_the_store(self, errands=DIFFERENT):
        """Let every call on files fail: no room, and an error of the disk."""
        for errand in errands:
            for step, time_ in self._steps_of(errand, _is_call):
                for name in ('ENOSPC', 'EIO'):
                    answer = self._strike(name, errand, step, time_, 'fail',
                                          errno=name)
                    _require(answer, _STORE_ANSWERS, errand, step, name)
            self._end(errand)

    def outrun_by(self, quick, errands=DIFFERENT):
        """Stop the process, and let another service go on beside it."""
        for errand in errands:
            for step, time_ in self._steps_of(errand, _is_stoppable):
                kind = attacks.outrun(self._arena, quick, errand, step,
                                      time_)
                self._count(kind or 'stop', kind, errand, step, time_)
            self._end(errand)

    def cut_the_database(self, errands=DIFFERENT):
        """Cut the connection at every statement, and after every commit."""
        for errand in errands:
            for step, time_ in self._steps_of(errand, _is_statement):
                for action in (('cut', 'cut_after')
                               if step.endswith('/commit') else ('cut',)):
                    answer = self._strike('cut', errand, step, time_, action)
                    _require(answer, _DATABASE_ANSWERS, errand, step, action)
            self._end(errand)

    def _steps_of(self, errand, wanted=lambda step: True):
        if errand not in self._steps:
            self._steps[errand] = attacks.steps(self._arena, errand)
        for step, time_ in self._steps[errand]:
            if wanted(step):
                self._number += 1
                if self._number % self.every == 0:
                    yield step, time_

    def _strike(self, kind, errand, step, time_, action, **more):
        try:
            reached, answer = attacks.strike(
                self._arena, errand, step, time_, action, **more)
            self._unsettled += 1
            if self._unsettled >= _ROUND:
                self._settle()
        except Exception as error:
            error.add_note(f'{errand.__name__}: {action} at {step} '
                           f'#{time_} {more}')
            raise
        self._count(kind, reached, errand, step, time_)
        return answer

    def _count(self, kind, reached, errand, step, time_):
        if reached:
            self.counts[kind] += 1
        else:
            self.counts[f'{kind}, not reached'] += 1
            self._report(f'not reached: {errand.__name__} {step} #{time_}')

    def _end(self, errand):
        self._settle()
        total = sum(self.counts.values())
        self._report(f'{errand.__name__} done, {total} attacks so far')

    def _settle(self):
        self._arena.settle()
        self._unsettled = 0


def _is_call(step):
    return '/os.' in step and not step.endswith(':done')


def _is_statement(step):
    return '/sql:' in step or step.endswith('/commit')


def _is_stoppable(step):
    """:returns: whether a process that is stopped there holds up nobody in
        the database: it is in no transaction."""
    return '/os.' in step or step.endswith('/committed')


def _require(answer, statuses, errand, step, what):
    if answer is not None and answer.status not in statuses:
        raise AssertionError(f'{errand.__name__}, {what} at {step}: '
                             f'{answer.status} {answer.body}')
