# SPDX-License-Identifier: Apache-2.0
"""glancelite-worker: runs tasks outside the API, on any number of hosts.

SIGTERM and SIGINT drain it: running tasks are finished and no more are
taken. A second one ends it at once; another process then resumes what it
was doing.
"""
import signal
import sys

from oslo_config import cfg
from oslo_log import log

from glancelite import deploy
from glancelite import exception
from glancelite import reports
from glancelite import service as service_module

LOG = log.getLogger(__name__)

_SIGNALS = {signal.SIGTERM, signal.SIGINT, reports.SIGNAL}
_NAME = 'glancelite-worker'


def run(arguments):
    """Work until told to stop.

    :raises ConfigurationError: the configuration cannot be served.
    """
    conf = deploy.load_conf(arguments, name=_NAME)
    if not conf.task.concurrency:
        raise exception.ConfigurationError(
            '[task] concurrency is 0: this worker would do nothing')
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    service = service_module.start(conf)
    LOG.info('Taking tasks, %d at a time', conf.task.concurrency)
    while signal.sigwait(_SIGNALS) == reports.SIGNAL:
        reports.write(conf, _NAME)
    LOG.info('Draining')
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    service.executor.drain()
    service.stop()


def main():
    """Console command. :returns: the exit code."""
    try:
        run(sys.argv[1:])
    except (exception.ConfigurationError, cfg.Error) as error:
        print(f'glancelite-worker: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
