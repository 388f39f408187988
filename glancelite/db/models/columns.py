# SPDX-License-Identifier: Apache-2.0
"""What the tables share: one MetaData, types by dialect, usual columns."""
from oslo_utils import timeutils
import sqlalchemy
from sqlalchemy.dialects import mysql

#: The one collection of tables; Glance's and ours.
metadata = sqlalchemy.MetaData()

#: Glance keeps its tables in three-byte UTF-8. Ours join theirs by image id,
#: and MySQL uses no index when it has to convert what it joins.
TABLE_OPTIONS = {
    'mysql_engine': 'InnoDB', 'mysql_charset': 'utf8mb3',
    'mariadb_engine': 'InnoDB', 'mariadb_charset': 'utf8mb3',
}

MYSQL = ('mysql', 'mariadb')

#: SQLite numbers rows by itself only in a column of the type INTEGER, and
#: has no other width; Glance's size columns of images are INTEGER there.
BigInteger = sqlalchemy.BigInteger().with_variant(
    sqlalchemy.Integer, 'sqlite')

#: To the microsecond everywhere; MySQL's plain DATETIME ends at the second.
Moment = sqlalchemy.DateTime().with_variant(mysql.DATETIME(fsp=6), *MYSQL)

#: A foreign key or a primary key that is a UUID in 36 characters.
Uuid = sqlalchemy.String(36)


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
