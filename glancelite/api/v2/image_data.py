# SPDX-License-Identifier: Apache-2.0
"""Image data: PUT, GET and HEAD /v2/images/{image_id}/file."""
import datetime
import functools
import re

import webob

from glancelite import exception
from glancelite.api import attachment
from glancelite.api import body
from glancelite.api import conditions
from glancelite.api import digest_fields
from glancelite.api import ranges
from glancelite.api import resource
from glancelite.api import sending
from glancelite.api.v2 import access

OCTET_STREAM = 'application/octet-stream'

_SIZE = re.compile(r'-?\d{1,40}', re.ASCII)


class ImageDataDeserializer(resource.Deserializer):
    """Reads requests on image data; the body stays unread."""

    def upload(self, request):
        """The body, and what headers say of it."""
        if request.content_type != OCTET_STREAM:
            raise exception.UnsupportedMediaType(
                media_type=request.content_type or 'none',
                accepted=OCTET_STREAM)
        if 'Content-Range' in request.headers:
            # RFC 9110, section 14.5: or a part would be taken for the whole.
            raise exception.PartialPut()
        size = _announced(request)
        return {'source': body.BodyStream(request, size), 'size': size,
                'store': request.headers.get('x-image-meta-store'),
                'digests': digest_fields.digests(request.headers)}

    def download(self, request):
        """The stores to read from first; ranges are the serializer's."""
        if request.has_body:
            raise exception.BodyNotExpected()
        preferred = [store.strip() for name, value in request.query_pairs()
                     if name == 'prefer' for store in value.split(',')]
        return {'prefer': [store for store in preferred if store]}


def _announced(request):
    """:returns: bytes the client says it sends, or None."""
    length = request.content_length
    header = request.headers.get('x-openstack-image-size')
    if header is None:
        return length
    if not _SIZE.fullmatch(header):
        raise exception.MalformedSize()
    # Glance takes 0 for nothing announced.
    size = int(header) or length
    if length is not None and size != length:
        mismatch = (exception.SizeExceeded if length > size
                    else exception.SizeMismatch)
        raise mismatch(expected=size, size=length)
    return size


class ImageDataController:
    """Moves image data.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._access = access.ImageAccess(service)
        self._stores = service.stores
        self._uploader = service.uploader
        self._downloader = service.downloader
        self._cache = service.cache

    def upload(self, context, image_id, source, size, store, digests):
        """Store ``source`` as the data of a queued image."""
        image = self._access.get(context, image_id, 'upload_image')
        self._uploader.upload(context, image, source, size, store, digests)

    def download(self, context, image_id, prefer):
        """:returns: the image and its data, None when it has none."""
        image = self._access.get(context, image_id, 'download_image')
        if prefer:
            self._access.authorize(context, 'download_from_store', image)
            self._stores.require(prefer)
        if image.status == 'deactivated' and not context.is_admin:
            raise exception.ImageDeactivated()
        # A queued image's location, if any, has failed its verification.
        if image.status == 'queued' or not image.locations:
            return image, None
        find = functools.partial(self._downloader.find, image, prefer)
        # Who wants a certain store is not to be sent what the cache has.
        return image, find() if prefer else self._cache.data(image, find)


class ImageDataSerializer(resource.Serializer):
    """Writes image data: whole, a range, or what is to be known of it.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._sender = sending.Sender(service.conf, service.threads)
        self._notifier = service.notifier

    def download(self, request, result):
        """The data: 200, 206 for a range, 204 when there is none."""
        image, data = result
        if data is None:
            if 'If-Match' in request.headers:
                raise exception.PreconditionFailed()
            return webob.Response(status=204)
        tag, modified = _tag(image), _modified(image)
        response = _described(image, tag, modified)
        if conditions.not_modified(request.headers, tag, modified):
            conditions.make_not_modified(response)
            return response
        start, stop = self._part(request, response, image, data)
        if request.method == 'HEAD':
            response.content_length = stop
        else:
            self._sender.send(request, response, data, start, stop,
                              self._teller(request.context, image))
        return response

    def _teller(self, context, image):
        """:returns: what is to know the bytes sent, None if nobody is."""
        if not self._notifier.active:
            return None
        return lambda count: self._notifier.send(context, image, count)

    @staticmethod
    def _part(request, response, image, data):
        """:returns: (first byte, byte after the last) of what is sent."""
        part = None
        # Ranges are for GET alone; RFC 9110, section 14.2.
        if request.method == 'GET' and conditions.range_applies(
                request.headers, response.etag, response.last_modified):
            part = ranges.requested(request.headers, data.size)
        if part:
            response.status_int = 206
            response.content_range = (*part, data.size)
            return part
        if image.checksum:
            # It is the digest of what is sent: not of a part. In hex, as
            # clients of Glance read it.
            response.headers['Content-MD5'] = image.checksum
        return 0, data.size


def _described(image, tag, modified):
    """:returns: a response with what is true of the data as a whole."""
    response = webob.Response(content_type=OCTET_STREAM, charset=None)
    response.etag = tag
    response.last_modified = modified
    response.accept_ranges = 'bytes'
    # With Last-Modified a shared cache may keep an answer for a while, and
    # would give it to those whom nobody authorized.
    response.headers['Cache-Control'] = 'private, no-cache'
    response.headers['Content-Disposition'] = attachment.header(
        image.name, image.id)
    digest = digest_fields.field(image.os_hash_algo, image.os_hash_value)
    if digest:
        response.headers['Repr-Digest'] = digest
    return response


def _tag(image):
    """:returns: an entity tag that other bytes do not have, or None."""
    if image.os_hash_value:
        return f'{image.os_hash_algo}-{image.os_hash_value}'
    return image.checksum and f'md5-{image.checksum}'


def _modified(image):
    """:returns: the last change, as exact as a header can say it."""
    return image.updated_at and image.updated_at.replace(
        microsecond=0, tzinfo=datetime.timezone.utc)


def create_resource(service):
    """:returns: the resource that serves ``/v2/images/{image_id}/file``."""
    return resource.Resource(
        ImageDataController(service), ImageDataDeserializer(),
        ImageDataSerializer(service))
