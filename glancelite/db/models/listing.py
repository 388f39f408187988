# SPDX-License-Identifier: Apache-2.0
"""Our indexes beside Glance's: each list of images is a few index ranges.

A list of images always asks for ``deleted = 0`` and for one value of
``os_hidden``, so both stand before the sort key; retired images that are
hidden by the thousand are never walked over. What a caller sees is a union
of ranges, each read in the order of its index and cut at the limit:

====================================  ====================================
range                                 index
====================================  ====================================
public, community; for an             ``glancelite_images_visibility_KEY``
administrator one range for each
visibility, all four for everything
own images; ``owner=``                ``glancelite_images_own_KEY``
everything in the default order       ``glancelite_images_all_created_at``
shared with me                        ``glancelite_image_members_member``
by property, by tag                   ``glancelite_image_properties_name``,
                                      ``glancelite_image_tags_value``
====================================  ====================================

KEY is each key that the API sorts by. The API breaks ties by ``created_at``
and ``id`` in the direction of the first key, hence the ends of the indexes.
The same indexes answer ``status=``, ``name=`` and the like in the default
order, because what follows the filtered column is just that order. The
index of own images ends in the visibility: one that is asked for is picked
without a look at the rows.
"""
import sqlalchemy

from glancelite.db.models import columns
from glancelite.db.models import image

#: What the API sorts by.
SORT_KEYS = ('id', 'name', 'status', 'container_format', 'disk_format',
             'size', 'created_at', 'updated_at')

#: Characters of a property's value that the index holds. On PostgreSQL the
#: index is on ``left(value, 255)``: a query says so besides comparing value.
VALUE_PREFIX = 255


def _ends(key):
    """The sort key and what breaks its ties, each column once."""
    if key == 'id':
        return ('id',)
    if key == 'created_at':
        return ('created_at', 'id')
    return (key, 'created_at', 'id')


def _of_images(name, *names):
    sqlalchemy.Index(f'glancelite_images_{name}',
                     *(image.images.c[each] for each in names))


for _key in SORT_KEYS:
    _of_images(f'visibility_{_key}',
               'visibility', 'deleted', 'os_hidden', *_ends(_key))
    _of_images(f'own_{_key}',
               'owner', 'deleted', 'os_hidden', *_ends(_key), 'visibility')

_of_images('all_created_at',
           'deleted', 'os_hidden', *_ends('created_at'))

sqlalchemy.Index(
    'glancelite_image_members_member',
    image.image_members.c.member, image.image_members.c.deleted,
    image.image_members.c.status, image.image_members.c.image_id)

sqlalchemy.Index(
    'glancelite_image_tags_value',
    image.image_tags.c.value, image.image_tags.c.deleted,
    image.image_tags.c.image_id)


def _by_property(value, **options):
    properties = image.image_properties.c
    return sqlalchemy.Index(
        'glancelite_image_properties_name',
        properties.name, properties.deleted, value, properties.image_id,
        **options)


# MySQL indexes a text by a prefix, PostgreSQL refuses long entries and has
# no prefix but an expression, SQLite takes the whole.
_by_property(
    image.image_properties.c.value,
    mysql_length={'value': VALUE_PREFIX},
    mariadb_length={'value': VALUE_PREFIX},
).ddl_if(dialect=('sqlite', *columns.MYSQL))

_by_property(
    sqlalchemy.func.left(image.image_properties.c.value, VALUE_PREFIX),
).ddl_if(dialect='postgresql')
