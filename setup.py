# SPDX-License-Identifier: Apache-2.0
"""Hands the build to pbr, which reads setup.cfg.

pbr asks git for the version. An unpacked archive has no git to ask; there
the version written in setup.cfg stands in, unless PBR_VERSION or the
PKG-INFO of a source distribution names one.
"""

import configparser
import os
import pathlib
import subprocess

import setuptools


def _git_answers(root):
    """Tell whether git can describe the tree in this directory."""
    if not (root / '.git').exists():
        return False
    try:
        subprocess.run(['git', 'rev-parse', '--verify', '--quiet', 'HEAD'],
                       cwd=root, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


root = pathlib.Path(__file__).resolve().parent
if not (root / 'PKG-INFO').exists() and not _git_answers(root):
    settings = configparser.ConfigParser()
    settings.read(root / 'setup.cfg')
    os.environ.setdefault('PBR_VERSION', settings['metadata']['version'])

setuptools.setup(setup_requires=['pbr>=6.1.1'], pbr=True)
