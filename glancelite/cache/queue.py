# SPDX-License-Identifier: Apache-2.0
"""Images that are to be cached: an empty file for each, the oldest first."""
import contextlib
import os
import time

from glancelite.cache import content


class Queue:
    """The queue of one cache; any process adds, and any removes.

    :param path: of its directory.
    """

    def __init__(self, path):
        self._path = path

    def add(self, image_id):
        """Put an image at the end."""
        # The kernel's own clock for files stands still for milliseconds.
        moment = time.time_ns()
        with open(self._path / image_id, 'ab') as file:
            os.utime(file.fileno(), ns=(moment, moment))

    def remove(self, image_id):
        """Take an image out, if it is there."""
        (self._path / image_id).unlink(missing_ok=True)

    def clear(self):
        """Take all out."""
        for _moment, image_id in self._items():
            self.remove(image_id)

    def postpone(self, image_id, seconds):
        """Let an image, if it is there still, wait for so long."""
        moment = time.time_ns() + int(seconds * 10**9)
        with contextlib.suppress(FileNotFoundError):
            os.utime(self._path / image_id, ns=(moment, moment))

    def all(self):
        """:returns: the ids in the order in which their turn comes."""
        return [image_id for _moment, image_id in self._items()]

    def due(self):
        """:returns: ids, in order, of those that need not wait."""
        now = time.time_ns()
        return [image_id for moment, image_id in self._items()
                if moment <= now]

    def _items(self):
        found = []
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._path):
                if content.IMAGE_ID.fullmatch(name):
                    with contextlib.suppress(FileNotFoundError):
                        found.append((os.stat(self._path / name).st_mtime_ns,
                                      name))
        return sorted(found)
