# SPDX-License-Identifier: Apache-2.0
"""What an import is asked to do, as its lease remembers it."""
import dataclasses

GLANCE_DIRECT = 'glance-direct'
WEB_DOWNLOAD = 'web-download'
COPY_IMAGE = 'copy-image'
GLANCE_DOWNLOAD = 'glance-download'

#: The status an image must have for a method, and why it is refused if not.
REQUIRED_STATUS = {
    GLANCE_DIRECT: ('uploading', "Image needs to be staged before "
                                 "'glance-direct' method can be used"),
    WEB_DOWNLOAD: ('queued', "Image needs to be in 'queued' state to use "
                             "'web-download' method"),
    GLANCE_DOWNLOAD: ('queued', "Image needs to be in 'queued' state to use "
                                "'glance-download' method"),
    COPY_IMAGE: ('active', 'Only images with status active can be targeted '
                           'for copying'),
}

#: Properties by which users follow an import, and by which Glance locks.
TASK_PROPERTY = 'os_glance_import_task'
IMPORTING_PROPERTY = 'os_glance_importing_to_stores'
FAILED_PROPERTY = 'os_glance_failed_import'

#: The host that has what was staged, where each has an area of its own. It
#: is shown to nobody.
STAGE_HOST_PROPERTY = 'os_glance_stage_host'


@dataclasses.dataclass
class ImportRequest:
    """An import of image data.

    :ivar method: one of the names above.
    :ivar stores: identifiers of the stores that shall have the data.
    :ivar all_must_succeed: whether one failing store fails the import.
    :ivar uri: where web-download finds the data; the endpoint that
        glance-download asks.
    :ivar remote_id: of the image that glance-download asks for.
    :ivar shown: what the request said, as the task shows it.
    :ivar single: whether there is one store alone, whose identifier means
        nothing to users.
    """

    method: str
    stores: list
    all_must_succeed: bool = True
    uri: str = None
    remote_id: str = None
    shown: dict = None
    single: bool = False

    @property
    def named(self):
        """:returns: those of the stores that users know by a name."""
        return [] if self.single else self.stores
