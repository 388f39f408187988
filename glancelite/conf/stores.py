# SPDX-License-Identifier: Apache-2.0
"""Options of the stores: one legacy store, or enabled_backends.

The names are those of glance_store, so that an operator's file is read as
it stands.
"""
from oslo_config import cfg

GROUP = 'DEFAULT'

FILESYSTEM_OPTIONS = [
    cfg.StrOpt(
        'filesystem_store_datadir', default='/var/lib/glance/images',
        help='Directory that holds image data. Temporary files of running '
             'uploads stand in it too, so that an upload ends in a rename.'),
    cfg.MultiStrOpt(
        'filesystem_store_datadirs', default=[],
        help='Several directories of one store instead, each with a '
             'priority: "/srv/one:200". New data goes to the one of greatest '
             'priority that has room for it. May be repeated.'),
    cfg.StrOpt(
        'filesystem_store_metadata_file',
        help='File with a JSON object, or a list of such, with the strings '
             'id and mountpoint: locations below that mount point show them '
             'in their metadata.'),
    cfg.BoolOpt(
        'filesystem_thin_provisioning', default=False,
        help='Leave holes in files instead of writing 64 KiB of zeros, so '
             'that sparse images take no more room than they need.'),
    cfg.BoolOpt(
        'filesystem_direct_io', default=True,
        help='Write past the page cache of the kernel, where the file system '
             'can: it takes less time and processor, several stores at once '
             'most of all, and leaves the memory to data that is read. The '
             'first to read new data waits for the disk then; turn it off '
             'where that disk is slow and data is read as soon as written. '
             'Not used with filesystem_thin_provisioning.'),
    cfg.IntOpt(
        'filesystem_store_file_perm', default=0, min=0,
        help='Permission bits of image files, as a decimal number of an '
             'octal mode; 0 leaves them to the umask.'),
]

#: Options that every section of enabled_backends may have.
BACKEND_OPTIONS = FILESYSTEM_OPTIONS + [
    cfg.StrOpt('store_description',
               help='Sentence shown by GET /v2/info/stores.'),
    cfg.IntOpt('weight', default=0,
               help='Locations in stores of greater weight come first.'),
]

#: Kinds of which we register the options, and those of which the library
#: glance_store does.
OWN_KINDS = ('file', 'http')
LIBRARY_KINDS = ('cinder', 'rbd', 's3', 'swift', 'vmware')

#: Sections of stores that hold what is on its way, with enabled_backends.
RESERVED = {'os_glance_staging_store': '/var/lib/glance/staging',
            'os_glance_tasks_store': '/var/lib/glance/tasks_work_dir'}

#: Options of the section [glance_store].
LEGACY_OPTIONS = FILESYSTEM_OPTIONS + [
    cfg.ListOpt('stores', default=['file', 'http'],
                help='Kinds of store when enabled_backends is unset: file, '
                     'http for images that lie on web servers, and those of '
                     'the glance_store library: cinder, rbd, s3, swift, '
                     'vmware. Any other one stops the start.'),
    cfg.StrOpt('default_store', default='file',
               help='The kind that takes uploads when enabled_backends is '
                    'unset, or a scheme of its locations; not http.'),
    cfg.StrOpt('default_backend',
               help='The section of enabled_backends that takes uploads when '
                    'the request names no store.'),
]

OPTIONS = [
    cfg.DictOpt(
        'enabled_backends',
        help='Stores by identifier and kind, such as fast:rbd,cheap:swift; '
             'each has a section of its name. Unset, [glance_store] '
             'describes the only store.'),
    cfg.IntOpt(
        'store_timeout', default=20, min=1,
        help='Seconds that a store of the kinds of the glance_store library '
             'may take for an answer, and a tenth of those for which it may '
             'take or give no data. A store that needs longer is left alone '
             'for some seconds, and whoever wants it is told so at once. '
             'Raise it where stores are slow but well.'),
]


def register_backends(conf):
    """Register the options of the sections that a loaded ``conf`` names."""
    for identifier, directory in RESERVED.items():
        conf.register_opts(
            [cfg.StrOpt('filesystem_store_datadir', default=directory,
                        help='Directory of this store.'),
             *BACKEND_OPTIONS[1:]], group=identifier)
        # What is staged is read soon.
        conf.set_default('filesystem_direct_io', False, identifier)
    for identifier, kind in (conf.enabled_backends or {}).items():
        if kind in OWN_KINDS:
            conf.register_opts(BACKEND_OPTIONS, group=identifier)
