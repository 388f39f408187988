# SPDX-License-Identifier: Apache-2.0
"""Which bytes an image has: what their copy is called, and verified by."""
import dataclasses
import hashlib
import json
import re

#: What is the id of an image may be (a part of) the name of a file.
IMAGE_ID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', re.ASCII)


@dataclasses.dataclass(frozen=True)
class Content:
    """The bytes of one image, as its record describes them.

    :ivar name: of their copy. The data of an image whose locations were all
        replaced has another one, so that nobody takes the old for the new.
    :ivar size: in bytes, None where it is not recorded.
    :ivar algorithm: hashlib's name of a recorded digest, None without any.
    :ivar digest: in hex.
    """

    image_id: str
    name: str
    size: int
    algorithm: str = None
    digest: str = None


def may_be_cached(image):
    """:returns: whether its data is to be had, and has a name for a file."""
    return (image.status == 'active' and bool(image.locations)
            and bool(IMAGE_ID.fullmatch(image.id)))


def of(image):
    """:returns: the :class:`Content` of an image that has data."""
    algorithm, digest = _recorded_digest(image)
    # Without a digest all there is to tell is where the bytes come from.
    source = (digest or sorted(each.url for each in image.locations))
    key = hashlib.blake2b(
        json.dumps([image.size, algorithm, source]).encode(), digest_size=8)
    return Content(image.id, f'{image.id}.{key.hexdigest()}', image.size,
                   algorithm, digest)


def image_of(name):
    """:returns: the id of the image that a copy of this name is of."""
    return name.partition('.')[0]


def _recorded_digest(image):
    """:returns: algorithm and digest; the strongest that can be computed."""
    if image.os_hash_value and (
            image.os_hash_algo in hashlib.algorithms_available):
        return image.os_hash_algo, image.os_hash_value
    if image.checksum:
        return 'md5', image.checksum
    return None, None
