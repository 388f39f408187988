# SPDX-License-Identifier: Apache-2.0
"""Logging, as the configuration wants it."""
import warnings

from oslo_log import log

from glancelite import exception
from glancelite import masking


def begin(conf, name):
    """Log from now on.

    :param name: of the program. Under another one's, as of a WSGI server,
        its file in ``log_dir`` is not called by that.
    :raises ConfigurationError: the file cannot be written.
    """
    if conf.log_dir and not conf.log_file:
        conf.set_default('log_file', f'{name}.log')
    try:
        log.setup(conf, 'glancelite')
    except OSError as error:
        raise exception.ConfigurationError(
            f'The log cannot be written: {error}') from None
    masking.install()
    # oslo.cache looks for it, where tokens are kept in memcached. Nothing an
    # operator can do about, and httpd calls it an error.
    warnings.filterwarnings('ignore', message=r'\s*Eventlet is deprecated')
