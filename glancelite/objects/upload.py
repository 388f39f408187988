# SPDX-License-Identifier: Apache-2.0
"""An upload in parts: what is known of it, and what one request brings."""
import dataclasses
import uuid

from glancelite import exception


def new_id():
    """:returns: an id that nobody can guess."""
    return str(uuid.uuid4())


@dataclasses.dataclass
class Upload:
    """An upload of the data of one image that may pause between requests.

    :ivar store: identifier of the store that the bytes are in.
    :ivar offset: bytes that are safe.
    :ivar length: bytes announced, None while nobody said.
    :ivar digests: [hashlib name, hex] pairs that all the data must have.
    :ivar complete: whether the image has its data.
    :ivar sealed: whether the data is complete, and the image has not got it
        yet.
    :ivar seconds_left: what remains of its lifetime.
    """

    image_id: str
    project_id: str
    store: str = None
    offset: int = 0
    length: int = None
    digests: list = dataclasses.field(default_factory=list)
    complete: bool = False
    sealed: bool = False
    seconds_left: int = 0
    id: str = dataclasses.field(default_factory=new_id)

    def announce(self, lengths):
        """Learn how long it will be.

        :param lengths: every length that a request tells.
        :raises InconsistentLength: they are not the same, or not what was
            said before, or less than what is there.
        """
        known = {*lengths, *(() if self.length is None else (self.length,))}
        if len(known) > 1 or any(length < self.offset for length in known):
            raise exception.InconsistentLength()
        if known:
            self.length, = known

    def expect(self, digests):
        """Learn what digests all the data must have.

        :param digests: (hashlib name, bytes) pairs.
        """
        for name, value in digests:
            pair = [name, value.hex()]
            if pair not in self.digests:
                self.digests.append(pair)


@dataclasses.dataclass
class Part:
    """What one request brings to an upload.

    :ivar source: has ``read(size)``.
    :ivar offset: bytes that the client believes are there.
    :ivar lengths: lengths of the whole upload, as the request tells them.
    :ivar complete: whether nothing follows.
    :ivar digests: (hashlib name, bytes) pairs that all the data must have.
    :ivar content_digests: such that the content of this request must have.
    :ivar progress: called with the upload, while it comes, whenever more of
        it is safe; or None.
    :ivar creates: whether it is the first one.
    """

    source: object
    offset: int = 0
    lengths: tuple = ()
    complete: bool = False
    digests: tuple = ()
    content_digests: tuple = ()
    progress: object = None
    creates: bool = False
