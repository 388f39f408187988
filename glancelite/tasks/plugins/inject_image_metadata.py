# SPDX-License-Identifier: Apache-2.0
"""Gives imported images the properties that the operator wants them to have.
"""
from glancelite.conf import inject_metadata
from glancelite.tasks import plugin


class InjectImageMetadata(plugin.Plugin):
    """Sets properties, unless the user has a role that is spared."""

    GROUP = inject_metadata.GROUP
    OPTIONS = inject_metadata.OPTIONS

    def __init__(self, conf):
        super().__init__(conf)
        # Glance's files put both names and values in quotation marks.
        self._properties = {name.strip(' "\''): value for name, value
                            in self.options.inject.items()}

    def change(self, job):
        if not set(self.options.ignore_user_roles).intersection(job.roles):
            job.properties.update(self._properties)
