"""An import plugin: a scanner of the operator's looks at every image."""
from oslo_config import cfg

from glancelite.tasks import plugin


class ScanImage(plugin.Plugin):
    """Refuses what the scanner refuses, and notes that it has looked."""

    GROUP = 'scan_image'
    OPTIONS = [
        cfg.ListOpt('command', default=['/usr/local/bin/scan'],
                    help='Command and arguments; the file comes last.'),
        cfg.IntOpt('timeout', default=600, help='Seconds it may take.'),
    ]
    reads_data = True

    def transform(self, job):
        try:
            done = job.subprocess.run(
                [*self.options.command, str(job.input)],
                stdin=job.subprocess.DEVNULL,
                stdout=job.subprocess.DEVNULL,
                stderr=job.subprocess.DEVNULL, timeout=self.options.timeout)
        except job.subprocess.TimeoutExpired:
            job.refuse('The image takes too long to scan.')
        if done.returncode:
            job.refuse('The scanner refuses the image.')
        job.properties['scanned'] = 'yes'
        return None  # The data stays as it is.
