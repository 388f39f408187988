# SPDX-License-Identifier: Apache-2.0
"""One import on its way through the flow."""
import contextlib
import pathlib

from glancelite.objects import image as image_object
from glancelite.objects import import_request
from glancelite.tasks import import_sources
from glancelite.tasks import plugin


class Work:
    """What the steps of one import work on.

    :ivar job: what plugins see and say.
    :ivar file: path of a file of the data as it now is, or None.
    :ivar stream: the same, as a file object to be read once; or None. With
        neither of them the data is what the source gives.
    :ivar changed: whether a plugin has made other data of it.
    :ivar writers: of the stores that are being written.
    :ivar published: whether the record names the data already.
    :ivar unfinished: whether an undo failed, so that it is to be repeated.
    """

    path = pathlib.Path

    def __init__(self, context, lease, task, image):
        self.context = context
        self.lease = lease
        self.task = task
        self.image = image
        self.request = import_request.ImportRequest(
            **lease.detail['request'])
        self.job = plugin.Job(image, lease, self.request.method)
        self.file = self.stream = None
        self.changed = False
        self.writers = []
        self.published = self._is_published()
        self.unfinished = False
        self._held = contextlib.ExitStack()

    @property
    def is_copy(self):
        """:returns: whether the image has its data already."""
        return self.request.method == import_request.COPY_IMAGE

    @property
    def sealed(self):
        """:returns: whether the data is complete, and the lease says so."""
        return 'facts' in self.lease.detail

    def take(self, made):
        """Go on with other data: a path, a file object, or None."""
        if self.stream is not None:
            self.stream.close()
        is_path = made is None or isinstance(made, pathlib.Path)
        self.file, self.stream = (made, None) if is_path else (None, made)

    def open(self, service, source):
        """:returns: (bytes or None, a file to read and to close)."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            return None, import_sources.OffLoop(stream, service.threads.wait)
        if self.file is None:
            return source.open(self)
        file = service.threads.wait(open, self.file, 'rb')
        return (self.file.stat().st_size,
                import_sources.OffLoop(file, service.threads.wait))

    def hold(self, claims):
        """:returns: the claim that ``claims``, a context manager, makes.

        It stands until :meth:`close`.
        """
        claim = self._held.enter_context(claims)
        self._held.callback(claim.give_back)
        return claim

    def close(self):
        """Let go of streams and claims."""
        self.take(None)
        self._held.close()

    def described(self):
        """:returns: the image with the formats that it is to have."""
        return image_object.Image({**self.image.values, **self.job.fields},
                                  {**self.image.properties,
                                   **self.properties()[0]})

    def properties(self):
        """:returns: (properties to be set, names of those to be removed)."""
        before, after = self.image.properties, self.job.properties
        changed = {name: str(value) for name, value in after.items()
                   if before.get(name) != value
                   and not image_object.is_reserved(name)}
        return changed, [name for name in before if name not in after
                         and not image_object.is_reserved(name)]

    def _is_published(self):
        """:returns: whether an earlier attempt came so far."""
        if not self.is_copy:
            return bool(self.image.locations)
        return any(location.metadata.get('store') in self.request.stores
                   for location in self.image.locations)
