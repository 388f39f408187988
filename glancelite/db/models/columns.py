# SPDX-License-Identifier: Apache-2.0
"""What the tables share: one MetaData, types by dialect, usual columns."""
from oslo_utils import timeutils
import sqlalchemy
from sqlalchemy.dialects import mysql

#: The one collection of tables; Glance's and ours.
metadata = sqlalchemy.MetaData()

MYSQL = ('mysql', 'mariadb')

#: Glance keeps its tables in three-byte UTF-8, and so do we: tables are joined
#: by ids, Glance's and ours, and MySQL uses no index when it has to convert
#: what it joins. What may hold any text says so by itself: see ``string``.
TABLE_OPTIONS = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb3',
    'mariadb_engine': 'InnoDB', 'mariadb_charset': 'utf8mb3',
}

#: All of Unicode, compared as Glance's tables compare.
CHARSET, COLLATION = 'utf8mb4', 'utf8mb4_general_ci'

#: SQLite numbers rows by itself only in a column of the type INTEGER, and
#: has no other width; Glance's size columns of images are INTEGER there.
BigInteger = sqlalchemy.BigInteger().with_variant(
    sqlalchemy.Integer, 'sqlite')

#: To the microsecond everywhere; MySQL's plain DATETIME ends at the second.
Moment = sqlalchemy.DateTime().with_variant(mysql.DATETIME(fsp=6), *MYSQL)

#: A foreign key or a primary key that is a UUID in 36 characters.
Uuid = sqlalchemy.String(36)

_UNICODE = {'charset': CHARSET, 'collation': COLLATION}

#: Text without a bound, of any characters.
Text = sqlalchemy.Text().with_variant(mysql.TEXT(**_UNICODE), *MYSQL)


#: What our columns in Glance's tables begin with.
OURS = 'glancelite_'


def listed():
    """:returns: when the image of a row was created, if that is known.

    The column is ours: Glance leaves it empty, and no row ever says another
    time than its image.
    """
    return sqlalchemy.Column(f'{OURS}image_created_at', sqlalchemy.DateTime,
                             key='image_created_at')


def string(length):
    """:returns: the type of text of so many characters, of any kind."""
    return sqlalchemy.String(length).with_variant(
        mysql.VARCHAR(length, **_UNICODE), *MYSQL)


def boolean(name, nullable=False, default=False, check=True):
    """:returns: a boolean column.

    :param check: have the database admit 0 and 1 alone, where it has no
        boolean type.
    """
    return sqlalchemy.Column(
        name, sqlalchemy.Boolean(create_constraint=check),
        nullable=nullable, default=default)


def serial(column_type=sqlalchemy.Integer):
    """:returns: the column ``id``, numbered by the database."""
    return sqlalchemy.Column('id', column_type, primary_key=True,
                             nullable=False)


def timestamps():
    """:returns: the columns that say when a row came and changed, in UTC."""
    return (
        sqlalchemy.Column('created_at', sqlalchemy.DateTime, nullable=False,
                          default=timeutils.utcnow),
        sqlalchemy.Column('updated_at', sqlalchemy.DateTime),
    )


def deletion(check=True):
    """:returns: the columns by which Glance marks a row as gone."""
    return (
        sqlalchemy.Column('deleted_at', sqlalchemy.DateTime),
        boolean('deleted', check=check),
    )
