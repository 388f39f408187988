# SPDX-License-Identifier: Apache-2.0
"""A progress bar on standard error."""
import sys
import time

_WIDTH = 30


def nothing(done):
    """Report to nobody."""


class Bar:
    """Shows how much is done and how long the rest will take.

    Where nobody looks on, it prints nothing.

    :param noun: what is counted.
    :param total: how many there will be.
    """

    def __init__(self, noun, total):
        self._noun = noun
        self._total = max(total, 1)
        self._file = sys.stderr if sys.stderr.isatty() else None
        self._first = None

    def __enter__(self):
        self._began = time.monotonic()
        return self

    def __exit__(self, *_error):
        if self._file and self._first is not None:
            print(file=self._file)

    def show(self, done):
        """Draw it anew for ``done`` of the total."""
        if self._first is None:
            self._first, self._began = done, time.monotonic()
        if not self._file:
            return
        full = _WIDTH * done // self._total
        bar = '#' * full + '.' * (_WIDTH - full)
        self._file.write(f'\r[{bar}] {done}/{self._total} {self._noun}'
                         f'{self._left(done)}\033[K')
        self._file.flush()

    def _left(self, done):
        quick = done - self._first
        if not quick:
            return ''
        rest = (time.monotonic() - self._began) / quick * (self._total - done)
        return f', {rest:.0f} s left'
