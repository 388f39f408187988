# SPDX-License-Identifier: Apache-2.0
"""A flow: a plain list of steps, each idempotent and with its undo."""
from oslo_log import log

LOG = log.getLogger(__name__)


class Step:
    """One step of a flow; a subclass does something in ``run``."""

    def run(self, work):
        """Do the step. May have been done, wholly or in part, before."""

    def undo(self, work):
        """Take back whatever :meth:`run` may have done, even in part."""


def run(steps, work):
    """Run ``steps`` in order; when one fails undo it and those before it.

    :param work: what the steps work on; handed to each.
    :raises: what the failing step raised, after every undo was tried.
    """
    begun = []
    try:
        for step in steps:
            begun.append(step)
            step.run(work)
    except BaseException:
        for step in reversed(begun):
            _undo(step, work)
        raise


def _undo(step, work):
    try:
        step.undo(work)
    except Exception:
        LOG.exception('Undoing %s failed', type(step).__name__)
        # What is left is looked for afterwards; the other undos go on.
        work.unfinished = True
