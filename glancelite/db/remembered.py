# SPDX-License-Identifier: Apache-2.0
"""What has been learnt of the database, and is good enough for a while."""
import time

#: Seconds for which it is, and how much is kept.
_GOOD, _KEPT = 300, 4096


class Remembered:
    """Values by key, each for some minutes."""

    def __init__(self):
        self._values = {}

    def get(self, key):
        """:returns: what is remembered, or None."""
        value, until = self._values.get(key, (None, 0))
        return value if until > time.monotonic() else None

    def update(self, items):
        """Remember (key, value) of each."""
        if len(self._values) > _KEPT:
            self._values = {}
        until = time.monotonic() + _GOOD
        self._values |= {key: (value, until) for key, value in items}
