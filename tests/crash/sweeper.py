# SPDX-License-Identifier: Apache-2.0
"""Recovers what it finds, and counts: ``python -m tests.crash.sweeper``.

It begins when another file appears, so that several begin together, and
appends the id of each image whose bytes it removes to a file.
"""
import os
import sys
import time

from glancelite import deploy
from glancelite import service
from glancelite.stores import filesystem
from glancelite.stores import registry


class CountingDriver(filesystem.FilesystemDriver):
    """Writes down what it is told to remove.

    :cvar path: of the file to append to.
    """

    path = None

    def discard(self, image_id, token):
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        os.write(descriptor, f'{image_id}\n'.encode())
        os.close(descriptor)
        # Whoever else had it would have it at the same time.
        time.sleep(0.01)
        return super().discard(image_id, token)


def main(configuration, counted, signal):
    """Sweep until nothing is left."""
    CountingDriver.path = counted
    registry.DRIVERS['file'] = CountingDriver
    recovering = service.Service(deploy.load_conf(files=[configuration]))
    print('ready', flush=True)
    while not os.path.exists(signal):
        time.sleep(0.001)
    while recovering.leases.expired(['upload'], 1):
        recovering.recovery.sweep()
    recovering.stop()


if __name__ == '__main__':
    main(*sys.argv[1:])
