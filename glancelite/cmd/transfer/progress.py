# SPDX-License-Identifier: Apache-2.0
"""A progress bar on a terminal; elsewhere, only what happens."""
import shutil
import time

_UNITS = ('B', 'KiB', 'MiB', 'GiB', 'TiB')

#: Seconds between two drawings.
_INTERVAL = 0.1


class Progress:
    """Tells a user how far the upload of ``size`` bytes is.

    :param stream: where to.
    :param quiet: tell nothing.
    """

    def __init__(self, stream, size, quiet=False):
        self._stream = stream
        self._size = size
        self._quiet = quiet
        self._bar = not quiet and stream.isatty()
        self._drawn_at = 0
        self._began = time.monotonic(), 0
        self._shown = ''

    def begin(self, offset):
        """Sending begins at ``offset``; speed is counted from there."""
        self._began = time.monotonic(), offset
        self.reach(offset)

    def reach(self, offset):
        """All before ``offset`` is sent."""
        now = time.monotonic()
        if self._bar and (now - self._drawn_at >= _INTERVAL
                          or offset == self._size):
            self._drawn_at = now
            self._draw(self._line(offset, now))

    def say(self, text):
        """Write a line of its own."""
        if self._quiet:
            return
        shown = self._shown
        self._draw('')
        self._stream.write(f'{text}\n')
        self._draw(shown)

    def end(self):
        """Leave the bar as it is, and begin a new line."""
        if self._shown:
            self._stream.write('\n')
            self._shown = ''
        self._stream.flush()

    def _line(self, offset, now):
        share = offset / self._size if self._size else 1
        began, first = self._began
        speed = (offset - first) / max(now - began, 1e-6)
        text = (f'{share:4.0%} {amount(offset)} of {amount(self._size)}, '
                f'{amount(speed)}/s')
        if speed and offset < self._size:
            text += f', {_duration((self._size - offset) / speed)} left'
        width = shutil.get_terminal_size().columns - len(text) - 4
        if width < 10:
            return text
        filled = int(share * width)
        return f'[{"#" * filled}{"." * (width - filled)}] {text}'

    def _draw(self, line):
        if not self._bar:
            return
        self._stream.write(f'\r{line}'
                           f'{" " * (len(self._shown) - len(line))}')
        if not line:
            self._stream.write('\r')
        self._stream.flush()
        self._shown = line


def amount(count):
    """:returns: bytes as people read them."""
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            break
        count /= 1024
    return f'{count:.0f} {unit}' if unit == 'B' else f'{count:.1f} {unit}'


def _duration(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours}:{minutes:02}:{seconds:02}'
    return f'{minutes}:{seconds:02}'
