# SPDX-License-Identifier: Apache-2.0
"""Installs what bindep.txt lists for these tests, where that can be done.

Where it cannot, the tests say what is missing, and are skipped.
"""
import os
import pathlib
import shutil
import subprocess

from tests.stores import ceph

_LIST = pathlib.Path(__file__).parents[2] / 'bindep.txt'


def main():
    """Ask apt for the packages of the profile ``stores``."""
    packages = [line.split()[0] for line in _LIST.read_text().splitlines()
                if line.endswith('stores]')]
    if os.geteuid() or shutil.which('apt-get') is None:
        print('Not root, or no apt-get: nothing is installed')
        return
    subprocess.run(
        ['apt-get', 'install', '--yes', '--no-install-recommends',
         *packages], check=False,
        env={**os.environ, 'DEBIAN_FRONTEND': 'noninteractive'})
    # os_brick looks for them once, when it is loaded.
    ceph.missing_modules()


if __name__ == '__main__':
    main()
