# SPDX-License-Identifier: Apache-2.0
"""Hands the build to pbr, which reads setup.cfg and asks git for the version.

Without a tag pbr counts commits. Where it cannot (an unpacked archive, a
clone of one commit, a repository git refuses to read) the version below
stands in, unless PBR_VERSION or a source distribution's PKG-INFO names one.
"""

import os
import pathlib
import subprocess

import setuptools

UNKNOWN_VERSION = '0.0.1.dev0'


def _git(*arguments):
    """Return what git says about this directory, or '' if it cannot."""
    if not pathlib.Path('.git').exists():
        return ''
    try:
        answer = subprocess.run(['git', *arguments], check=True, text=True,
                                capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return ''
    return answer.stdout.strip()


def _git_knows_the_version():
    if _git('describe', '--exact-match'):
        return True
    return int(_git('rev-list', '--count', 'HEAD') or 0) > 1


os.chdir(pathlib.Path(__file__).resolve().parent)
if not (pathlib.Path('PKG-INFO').exists() or _git_knows_the_version()):
    os.environ.setdefault('PBR_VERSION', UNKNOWN_VERSION)

setuptools.setup(setup_requires=['pbr>=6.1.1'], pbr=True)
