# SPDX-License-Identifier: Apache-2.0
"""Memory that a transfer had goes back to the system when it is over.

glibc keeps what is freed for the thread that had it, and a transfer has
several threads: after some at once a process would stay at their peak.
"""
import ctypes
import functools
import os

#: What ``mallopt`` of glibc calls the number of arenas.
_M_ARENA_MAX = -8

#: By either the operator tells glibc himself.
_TOLD = ('MALLOC_ARENA_MAX', 'GLIBC_TUNABLES')


def share(environment=os.environ):
    """Let all threads take memory from one place, where the C library can.

    glibc gives each thread an arena of its own and keeps some of it free
    for ever. They would not wait for each other; here they wait for Python
    in any case.
    """
    option = _function('mallopt')
    if option is not None and not any(name in environment for name in _TOLD):
        option(_M_ARENA_MAX, 1)


def give_back():
    """Give the system what was freed, where the C library can."""
    trim = _function('malloc_trim')
    if trim is not None:
        trim(0)


@functools.cache
def _function(name):
    """:returns: a function of glibc; other libraries do not have it."""
    return getattr(ctypes.CDLL(None), name, None)
