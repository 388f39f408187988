# SPDX-License-Identifier: Apache-2.0
"""Memory that a transfer had goes back to the system when it is over.

glibc keeps what is freed for the thread that had it, and a transfer has
several threads: after some at once a process would stay at their peak.
"""
import ctypes
import functools


def give_back():
    """Give the system what was freed, where the C library can."""
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim():
    """:returns: ``malloc_trim`` of glibc; others have none."""
    return getattr(ctypes.CDLL(None), 'malloc_trim', None)
