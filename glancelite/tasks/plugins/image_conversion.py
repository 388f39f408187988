# SPDX-License-Identifier: Apache-2.0
"""Converts imported images to the disk format that the operator prefers.

qemu-img is told the format of its source, and only after that was inspected:
a file that pretends to be something else, or refers to others, never gets so
far. It runs as a process of its own with bounded memory, time and output.
"""
import os
import pathlib
import sys
import time

from oslo_log import log

from glancelite.conf import image_conversion
from glancelite.data import inspection
from glancelite.i18n import _
from glancelite.tasks import plugin

LOG = log.getLogger(__name__)

_GIB = 1024 ** 3

#: What qemu-img calls disk formats that have another name with it.
_NAMES = {'vhd': 'vpc'}

#: Disk formats that it can read.
_READABLE = ('raw', 'qcow2', 'vhd', 'vhdx', 'vmdk', 'vdi')

#: Seconds between two looks whether the import still is to go on.
_LOOK = 0.5

_REFUSAL = _('The image cannot be converted: it is damaged, or takes more '
             'time or room than allowed.')


class ImageConversion(plugin.Plugin):
    """Makes another file of what is not in the right format yet."""

    GROUP = image_conversion.GROUP
    OPTIONS = image_conversion.OPTIONS
    reads_data = True

    def __init__(self, conf):
        super().__init__(conf)
        self._rules = inspection.Rules(conf, match=True)

    def transform(self, job):
        source, wanted = job.fields['disk_format'], self.options.output_format
        # A disc is booted as one, whatever servers like their disks to be.
        if source in (wanted, 'iso'):
            return None
        if source not in _READABLE:
            job.refuse(_('Images of disk_format %(format)s cannot be '
                         'converted to %(wanted)s.'),
                       format=source, wanted=wanted)
        self._inspect(job, source)
        self._run(job, ['qemu-img', 'convert', '-f', _name(source),
                        '-O', _name(wanted), str(job.input),
                        str(job.output)])
        job.fields['disk_format'] = wanted
        return job.output

    def _inspect(self, job, source):
        """Whatever an upload is allowed: qemu-img opens what a disk names.

        :raises FormatMismatch, UnsafeImage: it is not what it is called, or
            unsafe.
        :raises ImportRefused: it is too large.
        """
        size = inspection.inspect_file(job.input, _Disk(source), self._rules)
        if size is not None and size > self.options.max_size * _GIB:
            job.refuse(_('The disk in the image is larger than the %(limit)d '
                         'GiB that can be converted.'),
                       limit=self.options.max_size)

    def _run(self, job, command):
        """:raises ImportRefused: it fails, or takes more than it may."""
        limits = ['--as', str(self.options.address_space * 1024 ** 2),
                  '--cpu', str(self.options.cpu_time),
                  '--fsize', str(self.options.max_size * _GIB),
                  '--core', '0']
        subprocess = job.subprocess
        process = subprocess.Popen(
            [_python(), '-m', 'oslo_concurrency.prlimit', *limits, '--',
             *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, cwd=job.output.parent,
            # What was added to the path after the start counts, too.
            env={**os.environ, 'PYTHONPATH': os.pathsep.join(
                filter(None, sys.path))})
        try:
            error = self._wait(job, process)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
        if process.returncode:
            # What it says may name paths; it is for the operator.
            LOG.warning('Image %s: qemu-img ended with %d: %s', job.image_id,
                        process.returncode,
                        error.decode(errors='replace')[-500:])
            job.refuse(_REFUSAL)

    def _wait(self, job, process):
        """:returns: what it had to complain of.

        :raises ImportRefused: it takes too long.
        """
        subprocess = job.subprocess
        deadline = time.monotonic() + self.options.total_timeout
        while True:
            try:
                return process.communicate(timeout=_LOOK)[1]
            except subprocess.TimeoutExpired:
                job.require_running()
            if time.monotonic() > deadline:
                LOG.warning('Image %s: qemu-img is ended: it has taken %d s',
                            job.image_id, self.options.total_timeout)
                job.refuse(_REFUSAL)


def _python():
    """:returns: the interpreter of this process, as a program.

    sys.executable is the server's own program in uWSGI, and whatever python3
    was found first in Apache.
    """
    name = 'python{}.{}'.format(*sys.version_info)
    beside = pathlib.Path(sys.prefix, 'bin', name)
    return str(beside) if beside.exists() else sys.executable


class _Disk:
    def __init__(self, disk_format):
        self.disk_format = disk_format
        self.container_format = 'bare'


def _name(disk_format):
    return _NAMES.get(disk_format, disk_format)
