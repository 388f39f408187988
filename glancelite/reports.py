# SPDX-License-Identifier: Apache-2.0
"""Guru Meditation: what a process is doing, told while it goes on.

On SIGUSR2, or where no signal can be had, as under Apache, when a file is
touched: ``[oslo_reports] file_event_handler``.
"""
import codecs
import os
import signal
import types
import warnings

from pbr import version

SIGNAL = signal.SIGUSR2


def write(conf, name, frame=None):
    """Write a report to ``[oslo_reports] log_dir``, or standard error.

    :param name: of the program.
    :param frame: where the process was.
    """
    report = _class(conf)
    report.handle_signal(_version(), f'{name}_{os.getpid()}',
                         conf.oslo_reports.log_dir, frame)


def on_signal(conf, name):
    """Report whenever the signal comes; for programs that are ours."""
    # The templates of reports need it. When the signal comes in the midst
    # of anything, Python may not find it, and then never finds it again.
    codecs.lookup('unicode-escape')
    signal.signal(SIGNAL, lambda number, frame: write(conf, name, frame))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {SIGNAL})


def on_touch(conf, name):
    """Report whenever the file is touched, if one is named."""
    if conf.oslo_reports.file_event_handler:
        _class(conf).setup_autorun(
            _version(), f'{name}_{os.getpid()}', conf=conf,
            setup_signal=False)


def _class(conf):
    with warnings.catch_warnings():
        # It asks for green threads too, whether there are any or not.
        warnings.simplefilter('ignore')
        # Imported where it is wanted: it takes long to load.
        from oslo_reports import guru_meditation_report
        from oslo_reports.generators import conf as generator

    class Report(guru_meditation_report.TextGuruMeditation):
        """The library's, with our configuration beside the global one."""

    Report.register_section('Service',
                            generator.ConfigReportGenerator(conf))
    return Report


def _version():
    number = version.VersionInfo('glancelite').version_string
    return types.SimpleNamespace(
        vendor_string=lambda: 'OpenStack',
        product_string=lambda: 'glancelite',
        version_string_with_package=number)
