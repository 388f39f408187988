# SPDX-License-Identifier: Apache-2.0
"""One look at an option of a library that takes long to load.

The library registers the option itself, once it is loaded; so it cannot be
registered here too.
"""
from oslo_config import cfg


def value(conf, group, option):
    """:returns: what the files of a loaded ``conf`` say of ``option``."""
    other = cfg.ConfigOpts()
    other.register_opt(option, group=group)
    other(args=[], default_config_files=conf.config_file,
          default_config_dirs=conf.config_dir)
    return other[group][option.dest]
