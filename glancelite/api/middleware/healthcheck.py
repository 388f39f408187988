# SPDX-License-Identifier: Apache-2.0
"""Checks for /healthcheck: whether the database and the stores answer.

oslo.middleware finds them by their entry points. Whatever hangs, the answer
comes in time, and no second check begins where the first one hangs still.
"""
import queue
import time

from oslo_middleware.healthcheck import pluginbase

from glancelite import service as service_module


class _Probe:
    """One check, done by whoever is asked first and told to all.

    :param name: what is checked, as the answer calls it.
    :param check: raises, returns or hangs.
    :param start: runs a function beside the requests.
    :param answers: makes a queue.
    :param wait: makes a call that blocks.
    """

    def __init__(self, name, check, start, answers, wait):
        self.name = name
        self._check = check
        self._start = start
        self._answers = answers
        self._wait = wait
        self._answer = None

    def begin(self):
        """Ask, unless an earlier question is open still."""
        if self._answer is None:
            self._answer = self._answers(1)
            self._start(self._ask, self._answer)

    def _ask(self, answer):
        try:
            self._check()
            answer.put(True)
        except Exception:
            # Which it was may be a secret; the log of who failed has it.
            answer.put(False)

    def passes(self, seconds):
        """:returns: whether the answer is good, and comes in time."""
        answer = self._answer
        if answer is None:
            return True
        try:
            good = self._wait(answer.get, True, max(seconds, 0.001))
        except queue.Empty:
            return False
        self._answer = None
        # For whoever asked the same meanwhile.
        answer.put(good)
        return good


class _Check(pluginbase.HealthcheckBaseExtension):
    """Asks its probes side by side; one that is late is unavailable."""

    def __init__(self, oslo_conf, conf):
        super().__init__(oslo_conf, conf)
        service = service_module.current()
        self._patience = service.conf.healthcheck_timeout
        self._probes = self.probes(service)

    def healthcheck(self, server_port):
        """:returns: the result for oslo.middleware."""
        deadline = time.monotonic() + self._patience
        for probe in self._probes:
            probe.begin()
        failing = [probe.name for probe in self._probes
                   if not probe.passes(deadline - time.monotonic())]
        return pluginbase.HealthcheckResult(
            available=not failing,
            reason=f'{", ".join(failing)} not available' if failing
            else 'OK')


class Database(_Check):
    """Whether the database answers a query."""

    def probes(self, service):
        """:returns: the probe of it, which waits as requests do."""
        return [_Probe('database', service.database.ping,
                       service.threads.background, queue.Queue,
                       _directly)]


class Stores(_Check):
    """Whether every store can be used."""

    def probes(self, service):
        """:returns: one for each."""
        return [_of_store(driver, service.threads)
                for driver in service.stores]


def _of_store(driver, threads):
    name = f'store {driver.identifier}'
    if driver.waits_by_itself:
        return _Probe(name, driver.answer, threads.background, queue.Queue,
                      _directly)
    # A file system that hangs takes a thread with it.
    return _Probe(name, driver.answer, threads.start, threads.Queue,
                  threads.wait)


def _directly(call, *args):
    return call(*args)
