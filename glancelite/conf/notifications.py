# SPDX-License-Identifier: Apache-2.0
"""Options of notifications; how they travel is oslo.messaging's to say."""
from oslo_config import cfg

from glancelite.conf import peek

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


_DRIVER = cfg.MultiStrOpt('driver', default=[])


def drivers(conf):
    """:returns: the drivers that a loaded ``conf`` names for notifications.
    """
    names = peek.value(conf, 'oslo_messaging_notifications', _DRIVER)
    return [name for name in names if name and name != 'noop']
