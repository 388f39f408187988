# SPDX-License-Identifier: Apache-2.0
"""Image data: PUT and GET /v2/images/{image_id}/file."""
import webob

from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access
from glancelite.data import streams

OCTET_STREAM = 'application/octet-stream'


class BodyStream:
    """The body of a request; its end is told from a broken connection.

    :param request: a :class:`~glancelite.api.resource.Request`.
    """

    def __init__(self, request):
        self._file = request.body_file_raw
        self._left = request.content_length

    def read(self, size):
        """:returns: the next ``size`` bytes, fewer only at the end.

        :raises IncompleteBody: the client went away.
        """
        if self._left is not None:
            size = min(size, self._left)
        if not size:
            return b''
        try:
            block = self._file.read(size)
        except (OSError, ValueError):
            raise exception.IncompleteBody() from None
        if self._left is not None:
            if len(block) < size:
                raise exception.IncompleteBody()
            self._left -= len(block)
        return block


class ImageDataDeserializer(resource.Deserializer):
    """Reads requests on image data; the body stays unread."""

    def upload(self, request):
        """The body, and what headers say of it."""
        if request.content_type != OCTET_STREAM:
            raise exception.UnsupportedMediaType(
                media_type=request.content_type or 'none',
                accepted=OCTET_STREAM)
        return {'source': BodyStream(request), 'size': _announced(request),
                'store': request.headers.get('x-image-meta-store')}

    def download(self, request):
        """Nothing: ranges are the serializer's."""
        return {}


def _announced(request):
    """:returns: bytes the client says it sends, or None."""
    header = request.headers.get('x-openstack-image-size')
    if header is None:
        return request.content_length
    try:
        size = int(header)
    except ValueError:
        size = -1
    if size < 0:
        raise exception.Invalid(
            'x-openstack-image-size must be a whole number of bytes')
    return size


class ImageDataController:
    """Moves image data.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._access = access.ImageAccess(service)
        self._uploader = service.uploader
        self._downloader = service.downloader

    def upload(self, context, image_id, source, size, store):
        """Store ``source`` as the data of a queued image."""
        image = self._access.get(context, image_id, 'upload_image')
        self._uploader.upload(context, image, source, size, store)

    def download(self, context, image_id):
        """:returns: the image and its open data, None when it has none."""
        image = self._access.get(context, image_id, 'download_image')
        if image.status == 'deactivated' and not context.is_admin:
            raise exception.ImageDeactivated()
        if not image.locations:
            return image, None
        return image, self._downloader.find(image)


class ImageDataSerializer(resource.Serializer):
    """Writes image data, whole or a range.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._threads = service.threads
        self._block_size = service.conf.transfer_block_size

    def download(self, request, result):
        """The data: 200, 206 for a range, 204 when there is none."""
        image, data = result
        if data is None:
            return webob.Response(status=204)
        response = webob.Response(content_type=OCTET_STREAM, charset=None)
        start, stop = _range(request, data.size)
        if request.range is not None or request.headers.get('Content-Range'):
            response.status_int = 206
            response.content_range = (start, stop, data.size)
        if image.checksum:
            response.headers['Content-MD5'] = image.checksum
        response.app_iter = streams.blocks(
            data.open(start), stop - start, self._threads, self._block_size)
        response.content_length = stop - start
        return response


def _range(request, size):
    """:returns: (first byte, byte after the last) of what is asked for.

    :raises RangeNotSatisfiable: none of it is there.
    """
    if request.range is None:
        return 0, size
    found = request.range.range_for_length(size)
    if found is None:
        raise exception.RangeNotSatisfiable(size)
    return found


def create_resource(service):
    """:returns: the resource that serves ``/v2/images/{image_id}/file``."""
    return resource.Resource(
        ImageDataController(service), ImageDataDeserializer(),
        ImageDataSerializer(service))
