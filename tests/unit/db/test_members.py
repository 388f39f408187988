# SPDX-License-Identifier: Apache-2.0
"""Members are of shared images, whoever changes the image meanwhile."""
import uuid

import testtools

from glancelite import context as context_module
from glancelite import exception
from glancelite.db import members
from glancelite.objects import image as image_object
from glancelite.objects import member as member_object
from tests.unit.db import repositories


class MembersTests(repositories.Repositories):

    def setUp(self):
        super().setUp()
        self.context = context_module.RequestContext(
            project_id='owner', overwrite=False)
        self.members = members.Members(self.database)

    def _image(self, visibility):
        image = image_object.Image({
            'id': str(uuid.uuid4()), 'owner': 'owner', 'status': 'queued',
            'visibility': visibility})
        self.images.add(self.context, image)
        return image

    def _change(self, image, visibility):
        image.values['visibility'] = visibility
        self.images.save(self.context, image)

    def test_an_image_that_is_not_shared_any_more_takes_no_member(self):
        for visibility in ('private', 'public', 'community'):
            image = self._image('shared')
            # As between a request's look at the image and its addition.
            self._change(image, visibility)
            self.assertRaises(
                exception.NotSharedImage, self.members.add, self.context,
                member_object.Member(image.id, 'friend'), -1)
            self.assertEqual([], self.members.list(self.context, image.id))
            self._change(image, 'shared')
            self.members.add(self.context,
                             member_object.Member(image.id, 'friend'), -1)
            self.assertEqual(1, len(self.members.list(self.context,
                                                      image.id)))


class SQLiteMembersTest(MembersTests, testtools.TestCase):
    backend = 'sqlite'


class MySQLMembersTest(MembersTests, testtools.TestCase):
    backend = 'mysql'


class PostgreSQLMembersTest(MembersTests, testtools.TestCase):
    backend = 'postgresql'
