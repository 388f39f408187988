# SPDX-License-Identifier: Apache-2.0
"""One image of the corpus, and the tools that make some of them."""
import collections
import functools
import os
import pathlib
import subprocess
import tempfile

#: An image: what tells it from others, what its owner says it is, and a
#: function that returns its bytes.
Sample = collections.namedtuple('Sample', 'name disk_format make')

#: What qemu-img says when it measures how long keys take to be derived, and
#: the clock has not moved; the next time it mostly has.
_UNMEASURED = 'Unable to get accurate CPU usage'
_ATTEMPTS = 50


class ToolMissing(Exception):
    """A program that makes images is not installed, or cannot make these."""


def run(*command):
    """Run a program that makes an image.

    :raises ToolMissing: it is not here, or does not know this kind.
    """
    for _attempt in range(_ATTEMPTS):
        try:
            done = subprocess.run(command, capture_output=True, text=True,
                                  env={**os.environ, 'LC_ALL': 'C'})
        except FileNotFoundError:
            raise ToolMissing(f'there is no {command[0]}') from None
        if not done.returncode:
            return
        if _UNMEASURED not in done.stderr:
            break
    raise ToolMissing(done.stderr)


@functools.cache
def qemu(disk_format, *options, size='1M', source=None):
    """:returns: the bytes of an image that qemu-img makes.

    :param options: ``-o`` values.
    :param source: bytes that the disk holds; it is empty otherwise.
    :raises ToolMissing: see :func:`run`.
    """
    chosen = [word for option in options for word in ('-o', option)]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, 'image')
        if source is None:
            # What options name is beside the image.
            run('env', f'--chdir={folder}', 'qemu-img', 'create', '-q', '-f',
                disk_format, *chosen, 'image', size)
        else:
            content = pathlib.Path(folder, 'content')
            content.write_bytes(source)
            run('qemu-img', 'convert', '-f', 'raw', '-O', disk_format,
                *chosen, content, path)
        return path.read_bytes()
