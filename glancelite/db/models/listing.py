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
shared with me                        ``glancelite_image_members_listed``
by property, by tag                   ``glancelite_image_properties_listed``,
                                      ``glancelite_image_tags_listed``
by a value that few images have of    ``glancelite_images_FIELD``
a field that no list is sorted by
the properties and tags of one        ``glancelite_image_properties_image_id``,
image, on MySQL and MariaDB           ``glancelite_image_tags_image_id``
====================================  ====================================

KEY is each key that the API sorts by. The API breaks ties by ``created_at``
and ``id`` in the direction of the first key, hence the ends of the indexes.
The same indexes answer ``status=``, ``name=`` and the like in the default
order, because what follows the filtered column is just that order. The
index of own images ends in the visibility: one that is asked for is picked
without a look at the rows. On MySQL and MariaDB so are the small fields that
lists are filtered by, in the usual order, where the indexes are called
``listed`` for it.

The rows of a table of InnoDB lie in a tree of their own, and an index leads
from its tree to that one for each row. The properties and tags of an image are
what most of a list's time would go into that way; their indexes have all that
is asked for, and MariaDB goes to the row only where a value is longer than
what the index holds of it.
"""
import sqlalchemy

from glancelite.db.models import columns
from glancelite.db.models import image

#: What the API sorts by.
SORT_KEYS = ('id', 'name', 'status', 'container_format', 'disk_format',
             'size', 'created_at', 'updated_at')

#: Fields that lists are filtered by, and never in the order of.
FILTERED = ('min_disk', 'min_ram', 'protected', 'virtual_size',
            'os_hash_algo')
FILTER_INDEXES = tuple(f'glancelite_images_{name}' for name in FILTERED)

#: Of these, the ones that take no more than some bytes.
SMALL = ('protected', 'min_disk', 'min_ram')

#: Characters of a property's value that the index holds: MySQL keeps the
#: beginning of a longer one, SQLite the whole; PostgreSQL, which refuses long
#: entries, leaves out the property, so that a query has to say besides
#: ``char_length(value) <= 255``.
VALUE_LENGTH = 255


#: By table, the indexes of properties, tags and members.
LISTED_INDEXES = {
    table: f'glancelite_{table}_listed'
    for table in ('image_properties', 'image_tags', 'image_members')}


def in_order_of(key):
    """:returns: the sort key and what breaks its ties, each column once."""
    if key == 'id':
        return ('id',)
    if key == 'created_at':
        return ('created_at', 'id')
    return (key, 'created_at', 'id')


def index_of(family, key, dialect):
    """:returns: the name of the index of a range in the order of ``key``.

    :param family: 'visibility' or 'own'.
    """
    is_with_small = key == 'created_at' and dialect in columns.MYSQL
    return 'glancelite_images_{}_{}'.format(
        family, 'listed' if is_with_small else key)


def _index(name, key, equal, rest=()):
    """:returns: an index of images by the equal columns, then in the order
    of ``key``.

    An ascending list begins with the images that have no name or size.
    PostgreSQL wants to be told; the others do so in any case.
    """
    names = (*equal, 'deleted', 'os_hidden', *in_order_of(key), *rest)
    order = {key: 'NULLS FIRST'} if image.images.c[key].nullable else {}
    return sqlalchemy.Index(name, *(image.images.c[name] for name in names),
                            postgresql_ops=order)


def _not_on_mysql(_index, _target, connection, **_options):
    return connection.dialect.name not in columns.MYSQL


#: What the indexes of a range begin and end with.
_RANGES = {'visibility': (('visibility',), ()),
           'own': (('owner',), ('visibility',))}

for _family, (_equal, _rest) in _RANGES.items():
    for _key in SORT_KEYS:
        _made = _index(index_of(_family, _key, None), _key, _equal, _rest)
        if _key == 'created_at':
            _made.ddl_if(callable_=_not_on_mysql)
            _index(index_of(_family, _key, 'mysql'), _key, _equal,
                   (*_rest, *SMALL)).ddl_if(dialect=columns.MYSQL)

_index('glancelite_images_all_created_at', 'created_at', ())

for _name, _index_name in zip(FILTERED, FILTER_INDEXES):
    sqlalchemy.Index(_index_name, image.images.c[_name],
                     image.images.c.deleted)

sqlalchemy.Index(
    LISTED_INDEXES['image_members'],
    image.image_members.c.member, image.image_members.c.deleted,
    image.image_members.c.status, image.image_members.c.image_created_at,
    image.image_members.c.image_id)

sqlalchemy.Index(
    LISTED_INDEXES['image_tags'],
    image.image_tags.c.value, image.image_tags.c.deleted,
    image.image_tags.c.image_created_at, image.image_tags.c.image_id)


sqlalchemy.Index(
    LISTED_INDEXES['image_properties'],
    image.image_properties.c.name, image.image_properties.c.deleted,
    image.image_properties.c.value,
    image.image_properties.c.image_created_at,
    image.image_properties.c.image_id,
    mysql_length={'value': VALUE_LENGTH},
    mariadb_length={'value': VALUE_LENGTH},
    postgresql_where=sqlalchemy.func.char_length(
        image.image_properties.c.value) <= VALUE_LENGTH)

#: By table, the indexes of what an image has, on MySQL and MariaDB.
OF_AN_IMAGE = {table: f'glancelite_{table}_image_id'
               for table in ('image_properties', 'image_tags')}

sqlalchemy.Index(
    OF_AN_IMAGE['image_properties'],
    image.image_properties.c.image_id, image.image_properties.c.deleted,
    image.image_properties.c.name, image.image_properties.c.value,
    mysql_length={'value': VALUE_LENGTH},
    mariadb_length={'value': VALUE_LENGTH},
).ddl_if(dialect=columns.MYSQL)

sqlalchemy.Index(
    OF_AN_IMAGE['image_tags'],
    image.image_tags.c.image_id, image.image_tags.c.deleted,
    image.image_tags.c.value,
).ddl_if(dialect=columns.MYSQL)
