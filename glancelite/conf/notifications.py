# SPDX-License-Identifier: Apache-2.0
"""Options of notifications; how they travel is oslo.messaging's to say."""
from oslo_config import cfg

GROUP = 'DEFAULT'

OPTIONS = [
    cfg.StrOpt(
        'default_publisher_id', default='image.localhost',
        help='Who notifications say they come from. Give each host a name '
             'of its own, such as image.host1, where their readers ask '
             'which one it was.'),
    cfg.ListOpt(
        'disabled_notifications', default=[],
        help='Notifications that are not sent: types such as image.send, or '
             'groups such as image.member, of which none is then sent. '
             'Disable what nobody reads and much is sent of.'),
    cfg.IntOpt(
        'notification_queue_size', default=10000, min=1,
        help='Notifications of one process that wait for the message '
             'broker. Requests never wait for it; when it is away for so '
             'long that more come, these are lost, and the log says so. One '
             'takes about 3 KiB.'),
]


def drivers(conf):
    """:returns: the drivers that a loaded ``conf`` names for notifications.

    The option is oslo.messaging's, and that library takes long to load; so
    who wants no notifications is spared it.
    """
    peek = cfg.ConfigOpts()
    peek.register_opt(cfg.MultiStrOpt('driver', default=[]),
                      group='oslo_messaging_notifications')
    peek(args=[], default_config_files=conf.config_file,
         default_config_dirs=conf.config_dir)
    return [name for name in peek.oslo_messaging_notifications.driver
            if name and name != 'noop']
