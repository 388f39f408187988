# SPDX-License-Identifier: Apache-2.0
"""Options that choose what is done to images while they are imported.

The names and defaults are Glance's, and so is the file in which operators
keep them: ``glance-image-import.conf``.
"""
from oslo_config import cfg
from oslo_config import types

GROUP = 'image_import_opts'

OPTIONS = [
    cfg.ListOpt(
        'image_import_plugins', bounds=True,
        item_type=types.String(quotes=True), default=['no_op'],
        sample_default=['no_op'],
        help='Plugins that every import but copy-image goes through, in this '
             'order: inject_image_metadata, image_decompression, '
             'image_conversion, and whatever else is installed under the '
             'entry points glancelite.import_plugins. Decompression belongs '
             'before conversion. no_op does nothing.'),
]
