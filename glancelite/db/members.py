# SPDX-License-Identifier: Apache-2.0
"""Members of shared images in the database."""
from oslo_db import exception as db_exception
import sqlalchemy
from sqlalchemy import sql

from glancelite import exception
from glancelite.db import api
from glancelite.db import models
from glancelite.db import unindexed
from glancelite.objects import member as member_object

_members = models.image_members
_images = models.images

_COLUMNS = (_members.c.image_id, _members.c.member, _members.c.status,
            _members.c.created_at, _members.c.updated_at)


class Members:
    """The repository of members. Who may see an image is asked before.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self._database = database

    @api.transaction
    def list(self, context, image_id, member_id=None):
        """:returns: the members of an image, or the one named."""
        statement = sqlalchemy.select(*_COLUMNS).where(
            _of(image_id, member_id)).order_by(_members.c.id)
        with self._database.reader() as connection:
            return [member_object.Member(*row)
                    for row in connection.execute(statement)]

    @api.transaction
    def get(self, context, image_id, member_id):
        """:returns: one member.

        :raises MemberNotFound: there is none of that id.
        """
        found = self.list(context, image_id, member_id)
        if not found:
            raise exception.MemberNotFound(member_id=member_id,
                                           image_id=image_id)
        return found[0]

    @api.transaction
    def add(self, context, member, maximum):
        """Store a new member; its status is pending.

        The image's row is written first, so that two additions to an image
        go one after the other and the count holds; and so that whoever makes
        the image private comes before, and is noticed, or after.

        :param maximum: members an image may have; negative for any number.
        :raises MemberLimitExceeded: the image has as many as it may.
        :raises MemberExists: the project is a member already.
        :raises ImageNotFound: the image was deleted meanwhile.
        :raises NotSharedImage: it is not shared any more.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            created_at = self._lock_image(connection, member.image_id)
            count = connection.execute(
                sqlalchemy.select(sqlalchemy.func.count()).where(
                    _of(member.image_id))).scalar()
            if 0 <= maximum <= count:
                raise exception.MemberLimitExceeded(
                    image_id=member.image_id, attempted=count + 1,
                    maximum=maximum)
            if connection.execute(sqlalchemy.select(_members.c.id).where(
                    _of(member.image_id, member.member_id))).first():
                raise exception.MemberExists(member_id=member.member_id,
                                             image_id=member.image_id)
            self._insert(connection, member, moment, created_at)
        member.created_at = member.updated_at = moment

    @staticmethod
    def _lock_image(connection, image_id):
        """:returns: when the image was created."""
        living = sqlalchemy.and_(_images.c.id == image_id,
                                 _images.c.deleted == sql.false())
        done = connection.execute(
            _images.update().where(living)
            .values(updated_at=_images.c.updated_at))
        if not done.rowcount:
            raise exception.ImageNotFound(image_id=image_id)
        visibility, created_at = connection.execute(sqlalchemy.select(
            _images.c.visibility, _images.c.created_at).where(living)).one()
        if visibility != 'shared':
            raise exception.NotSharedImage()
        return created_at

    @staticmethod
    def _insert(connection, member, moment, image_created_at):
        try:
            connection.execute(_members.insert().values(
                image_id=member.image_id, member=member.member_id,
                status=member.status, can_share=False, created_at=moment,
                updated_at=moment, deleted=False,
                image_created_at=image_created_at))
        except db_exception.DBDuplicateEntry:
            raise exception.MemberExists(member_id=member.member_id,
                                         image_id=member.image_id) from None

    @api.transaction
    def save(self, context, member):
        """Store the status of a member.

        :raises MemberNotFound: it was removed meanwhile.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            done = connection.execute(
                _members.update().where(_of(member.image_id,
                                            member.member_id))
                .values(status=member.status, updated_at=moment))
            self._require(done, member)
        member.updated_at = moment

    @api.transaction
    def remove(self, context, member):
        """Mark a member as deleted.

        :raises MemberNotFound: it was removed meanwhile.
        """
        moment = self._database.now()
        with self._database.writer() as connection:
            # A former row of this member that was deleted in the same
            # second would collide with it.
            connection.execute(_members.delete().where(
                _members.c.image_id == member.image_id,
                _members.c.member == member.member_id,
                _members.c.deleted_at == moment))
            done = connection.execute(
                _members.update().where(_of(member.image_id,
                                            member.member_id))
                .values(deleted=True, deleted_at=moment))
            self._require(done, member)

    @staticmethod
    def _require(done, member):
        if not done.rowcount:
            raise exception.MemberNotFound(member_id=member.member_id,
                                           image_id=member.image_id)


def _of(image_id, member_id=None):
    conditions = [_members.c.image_id == image_id,
                  unindexed.not_deleted(_members)]
    if member_id is not None:
        conditions.append(_members.c.member == member_id)
    return sqlalchemy.and_(*conditions)
