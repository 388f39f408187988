# SPDX-License-Identifier: Apache-2.0
"""Resumable uploads of image data: draft-ietf-httpbis-resumable-upload.

Created on /v2/images/{image_id}/file, they live below
/v2/images/{image_id}/uploads.
"""
import webob
import webob.exc

from glancelite import exception
from glancelite.api import digest_fields
from glancelite.api import interim
from glancelite.api import partial_body
from glancelite.api import resource
from glancelite.api import upload_fields
from glancelite.api.v2 import access
from glancelite.api.v2 import image_data
from glancelite.objects import upload as upload_object

#: Of image data, and of an upload that was begun.
_METHODS = 'GET, HEAD, PUT, POST, OPTIONS'
_METHODS_OF_UPLOAD = 'GET, HEAD, PATCH, DELETE, OPTIONS'


class UploadDeserializer(resource.Deserializer):
    """Reads requests about uploads; the body stays unread.

    :param links: a :class:`Links`.
    """

    def __init__(self, links):
        self._links = links

    def create(self, request):
        """The first part, which may be the only one."""
        _require_type(request, image_data.OCTET_STREAM)
        part = self._part(request, 0)
        part.creates = True
        return {'part': part,
                'store': request.headers.get('x-image-meta-store')}

    def update(self, request):
        """A further part, and where it begins."""
        _require_type(request, upload_fields.PARTIAL_UPLOAD,
                      {'Accept-Patch': upload_fields.PARTIAL_UPLOAD})
        offset = upload_fields.number(request.headers, 'Upload-Offset')
        if offset is None:
            raise exception.HeaderMissing(name='Upload-Offset')
        return {'part': self._part(request, offset)}

    def options(self, request):
        """The store that an upload would go to."""
        return {'store': request.headers.get('x-image-meta-store')}

    def _part(self, request, offset):
        headers = request.headers
        complete = upload_fields.boolean(headers, 'Upload-Complete')
        if complete is None:
            raise exception.HeaderMissing(name='Upload-Complete')
        return upload_object.Part(
            source=partial_body.PartialBody(request), offset=offset,
            lengths=_lengths(request, offset, complete), complete=complete,
            digests=_digests(headers, 'Repr-Digest'),
            content_digests=_digests(headers, 'Content-Digest'),
            progress=(self._links.teller(request)
                      if interim.possible(request) else None))


def _require_type(request, media_type, headers=None):
    if request.content_type != media_type:
        error = exception.UnsupportedMediaType(
            media_type=request.content_type or 'none', accepted=media_type)
        error.headers = headers or {}
        raise error


def _digests(headers, name):
    return tuple(digest_fields.digests({name: headers.get(name)}))


def _lengths(request, offset, complete):
    """:returns: every length of the whole upload that a request tells."""
    lengths = [upload_fields.number(request.headers, 'Upload-Length')]
    if complete and request.content_length is not None:
        lengths.append(offset + request.content_length)
    return tuple(length for length in lengths if length is not None)


class UploadController:
    """Begins, continues, shows and ends uploads.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._access = access.ImageAccess(service)
        self._uploads = service.resumable
        self._stores = service.stores

    def _image(self, context, image_id):
        # Asked each time: a day may lie between two requests.
        return self._access.get(context, image_id, 'upload_image')

    def create(self, context, image_id, part, store):
        """Begin an upload. :returns: the image and the upload."""
        image = self._image(context, image_id)
        if image.status == 'saving':
            unfinished = self._uploads.unfinished(context, image)
            if unfinished:
                raise exception.UploadUnfinished(unfinished)
        return image, self._uploads.create(context, image, part, store)

    def update(self, context, image_id, upload_id, part):
        """Go on with an upload. :returns: the image and the upload."""
        image = self._image(context, image_id)
        return image, self._uploads.append(context, image, upload_id, part)

    def show(self, context, image_id, upload_id):
        """:returns: the image and the upload."""
        image = self._image(context, image_id)
        return image, self._uploads.find(context, image, upload_id)

    def delete(self, context, image_id, upload_id):
        """Cancel an upload."""
        image = self._image(context, image_id)
        self._uploads.cancel(context, image, upload_id)

    def options(self, context, image_id, store, upload_id=None):
        """:returns: the methods there are, and whether data can be uploaded
            in parts.
        """
        self._image(context, image_id)
        methods = _METHODS_OF_UPLOAD if upload_id else _METHODS
        return methods, self._stores.writable(store).resumable


class UploadSerializer(resource.Serializer):
    """Tells clients how far an upload is.

    :param links: a :class:`Links`.
    """

    def __init__(self, links):
        self._links = links

    def create(self, request, result):
        """201 and where to go on; 204 when the image has its data."""
        image, upload = result
        response = self.update(request, result)
        if not upload.complete:
            response.status_int = 201
            response.content_length = 0
            response.headers['Location'] = self._links.location(request,
                                                                upload)
        return response

    def update(self, request, result):
        """204, and how far the upload is."""
        image, upload = result
        response = webob.Response(status=204)
        response.headers.update({
            'Upload-Complete': upload_fields.as_boolean(upload.complete),
            'Upload-Offset': str(upload.offset),
            'Upload-Limit': self._links.limits(upload.seconds_left)})
        if upload.complete:
            digest = digest_fields.field(image.os_hash_algo,
                                         image.os_hash_value)
            if digest:
                response.headers['Repr-Digest'] = digest
        return response

    def show(self, request, result):
        """As :meth:`update`, with the length, and not to be cached."""
        image, upload = result
        response = self.update(request, result)
        response.headers['Cache-Control'] = 'no-store'
        if upload.length is not None:
            response.headers['Upload-Length'] = str(upload.length)
        return response

    def options(self, request, result):
        """200, and how uploads in parts are to be made, if they can."""
        methods, resumable = result
        response = webob.Response(status=200, body=b'')
        response.headers['Allow'] = methods
        if resumable:
            response.headers.update({
                'Accept-Patch': upload_fields.PARTIAL_UPLOAD,
                'Upload-Limit': self._links.limits(self._links.max_age)})
        return response

    def error(self, request, error):
        """An error, and whether it leaves anything to go on with."""
        headers = dict(error.headers)
        if error.ends_upload:
            headers['Upload-Complete'] = '?1'
        if error.code == 413:
            headers['Upload-Limit'] = self._links.limits(None)
        if isinstance(error, exception.UploadUnfinished):
            headers['Location'] = self._links.location(request, error.upload)
        error.headers = headers
        return super().error(request, error)


class Links:
    """What answers say of where an upload is, and of its limits.

    :param conf: for ``public_endpoint``, ``image_size_cap`` and
        ``resumable_upload_ttl``.
    """

    def __init__(self, conf):
        self._public_endpoint = conf.public_endpoint
        self._max_size = conf.image_size_cap
        self.max_age = conf.resumable_upload_ttl

    def location(self, request, upload):
        """:returns: the absolute URL of an upload."""
        root = (f'{self._public_endpoint.rstrip("/")}/v2'
                if self._public_endpoint else request.application_url)
        return f'{root}/images/{upload.image_id}/uploads/{upload.id}'

    def limits(self, seconds_left):
        """:returns: the value of Upload-Limit."""
        return upload_fields.limits(self._max_size, seconds_left)

    def teller(self, request):
        """:returns: a function that tells the client of progress.

        Called with nothing there, it tells where the upload is.
        """
        def tell(upload):
            if upload.offset:
                interim.send(request, {'Upload-Offset': str(upload.offset)})
            else:
                interim.send(request, {
                    'Location': self.location(request, upload),
                    'Upload-Limit': self.limits(upload.seconds_left)})
        return tell


class Entry:
    """The door for data: leads to uploads in parts who asks for that.

    :param whole: the resource that takes data in one request.
    :param parts: the one that takes it in several.
    """

    def __init__(self, whole, parts):
        self._whole = whole
        self._parts = parts

    def handle(self, request, action, arguments):
        """:returns: the response to ``request``."""
        complete = upload_fields.boolean(request.headers, 'Upload-Complete')
        if complete is None and request.method == 'POST':
            return webob.exc.HTTPMethodNotAllowed(
                headers={'Allow': _METHODS})
        # Who sends all in one request and cannot be told a URL in the midst
        # of it has nowhere to go on at; what was cut off is undone instead.
        if complete is None or (complete and not interim.possible(request)):
            return self._whole.handle(request, action, arguments)
        return self._parts.handle(request, 'create', arguments)


def create_resource(service):
    """:returns: the resource that serves uploads in parts."""
    links = Links(service.conf)
    return resource.Resource(
        UploadController(service), UploadDeserializer(links),
        UploadSerializer(links))
