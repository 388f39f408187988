# SPDX-License-Identifier: Apache-2.0
"""Options that bound what one image and one project may hold."""
from oslo_config import cfg

GROUP = 'DEFAULT'


def _per_image(name, default, noun):
    return cfg.IntOpt(
        name, default=default,
        help=f'Most {noun} on one image; more are answered 413. A negative '
             'number means no limit. Lower it to keep records small.')


OPTIONS = [
    _per_image('image_member_quota', 128, 'members'),
    _per_image('image_property_quota', 128, 'additional properties'),
    _per_image('image_tag_quota', 128, 'tags'),
    _per_image('image_location_quota', 10, 'locations'),
    cfg.IntOpt(
        'image_size_cap', default=1024 ** 4, min=1, max=9223372036854775807,
        help='Largest image in bytes; a larger upload is answered 413 and '
             'leaves nothing behind. Default 1 TiB.'),
    cfg.StrOpt(
        'user_storage_quota', default='0',
        help='Most image data one project may hold over all its images and '
             'locations: a number with a unit of B, KB, MB, GB or TB, or 0 '
             'for no limit. There is no space before the unit, and KB is '
             '1024 bytes. Ignored when use_keystone_limits is set.'),
    cfg.BoolOpt(
        'use_keystone_limits', default=False,
        help='Ask Keystone for the limits of each project (registered limits '
             'image_size_total and image_stage_total in MiB, '
             'image_count_total, image_count_uploading), through the '
             '[oslo_limit] options.'),
    cfg.IntOpt(
        'keystone_limits_cache_seconds', default=10, min=0,
        help='Seconds for which the limits of a project are remembered when '
             'use_keystone_limits is set. Keystone is asked twice each time; '
             '0 asks it for every image created and every upload.'),
]
