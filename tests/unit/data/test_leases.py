# SPDX-License-Identifier: Apache-2.0
"""Who takes a lease waits for an import that is about to let go."""
import testtools

from glancelite import exception
from glancelite.data import leases
from glancelite.objects import image as image_object
from glancelite.objects import import_request


class AfterImportTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        self.calls = 0

    def held(self, times):
        """:returns: a function that is refused that many times."""
        def take(word, number):
            self.calls += 1
            if self.calls <= times:
                raise exception.ImageHeld(image_id='x')
            return word, number
        return take

    def image(self, **properties):
        return image_object.Image({}, properties).remember()

    def test_it_is_called_again_until_the_image_is_free(self):
        self.assertEqual(('a', 1), leases.after_import(
            self.image(), self.held(2), 'a', number=1))
        self.assertEqual(3, self.calls)

    def test_a_locked_image_is_not_waited_for(self):
        image = self.image(**{import_request.TASK_PROPERTY: 'x'})
        # Of what a request itself sets nobody else is the owner.
        image.properties.clear()
        self.assertRaises(exception.ImageHeld, leases.after_import, image,
                          self.held(1), 'a', 1)
        self.assertEqual(1, self.calls)

    def test_who_does_not_let_go_is_told_of(self):
        self.assertRaises(exception.ImageHeld, leases.after_import,
                          self.image(), self.held(100), 'a', 1)
