# SPDX-License-Identifier: Apache-2.0
"""What one image and one project may hold, reserved before it is taken."""
import contextlib

from glancelite import exception


class Quota:
    """The limits in force.

    :param conf: the ``ConfigOpts`` of the service.
    """

    def __init__(self, conf):
        self._cap = conf.image_size_cap
        self._maxima = {
            'properties': conf.image_property_quota,
            'tags': conf.image_tag_quota,
            'members': conf.image_member_quota,
            'locations': conf.image_location_quota,
        }

    def maximum(self, noun):
        """:returns: how many ``noun`` an image may have; negative: any."""
        return self._maxima[noun]

    def require(self, noun, attempted):
        """:raises LimitExceeded: when an image may not have that many."""
        maximum = self._maxima[noun]
        if 0 <= maximum < attempted:
            raise exception.LimitExceeded(
                noun=f'image {noun}', attempted=attempted, maximum=maximum)

    @contextlib.contextmanager
    def reserve(self, context, image, size):
        """Hold room for an upload while the block runs.

        :param size: bytes announced, or None.
        :returns: (bytes allowed, a function that makes the error for more).
        :raises ImageTooLarge: ``size`` is beyond image_size_cap.
        """
        if size is not None and size > self._cap:
            raise exception.ImageTooLarge(limit=self._cap)
        yield self._cap, lambda: exception.ImageTooLarge(limit=self._cap)
