# SPDX-License-Identifier: Apache-2.0
"""The progress bar, and what is written where there is no terminal."""
import io
import unittest

from glancelite.cmd.transfer import progress as progress_module

MIB = 1024 * 1024


class Terminal(io.StringIO):

    def isatty(self):
        return True


class ProgressTest(unittest.TestCase):

    def test_a_terminal_sees_a_bar_that_fills(self):
        terminal = Terminal()
        progress = progress_module.Progress(terminal, 10 * MIB)
        progress.begin(5 * MIB)
        progress.reach(10 * MIB)
        progress.end()
        drawn = terminal.getvalue().split('\r')
        self.assertIn(' 50% 5.0 MiB of 10.0 MiB', drawn[1])
        self.assertIn('100% 10.0 MiB of 10.0 MiB', drawn[-1])
        self.assertNotIn('.', drawn[-1][:drawn[-1].index(']')])
        self.assertTrue(drawn[-1].endswith('\n'))

    def test_a_line_does_not_spoil_the_bar(self):
        terminal = Terminal()
        progress = progress_module.Progress(terminal, 10)
        progress.begin(5)
        progress.say('cut off')
        last = terminal.getvalue().split('\r')[-2:]
        self.assertEqual('cut off\n', last[0])
        self.assertIn('5 B of 10 B', last[1])

    def test_elsewhere_only_lines_are_written(self):
        stream = io.StringIO()
        progress = progress_module.Progress(stream, 10)
        progress.begin(0)
        progress.reach(10)
        progress.say('cut off')
        progress.end()
        self.assertEqual('cut off\n', stream.getvalue())

    def test_quiet_means_nothing(self):
        terminal = Terminal()
        progress = progress_module.Progress(terminal, 10, quiet=True)
        progress.begin(0)
        progress.say('cut off')
        progress.end()
        self.assertEqual('', terminal.getvalue())

    def test_a_file_of_nothing_is_done_at_once(self):
        terminal = Terminal()
        progress_module.Progress(terminal, 0).begin(0)
        self.assertIn('100% 0 B of 0 B', terminal.getvalue())

    def test_amounts_are_readable(self):
        for count, text in ((0, '0 B'), (999, '999 B'), (1000, '1.0 KiB'),
                            (1536 * 1024, '1.5 MiB'), (2 ** 50, '1024.0 TiB')):
            self.assertEqual(text, progress_module.amount(count))
