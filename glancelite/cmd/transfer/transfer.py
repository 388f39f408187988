# SPDX-License-Identifier: Apache-2.0
"""One upload: begun, gone on with as often as need be, verified.

It follows draft-ietf-httpbis-resumable-upload, with careful creation: the
upload is there before the first byte is sent. The last request has no data
but the digest of all of it, so that the service refuses what it did not get
right. Python's HTTP library takes an interim response that it does not know
for the answer; so the client does not ask for any, and sends no
Upload-Draft-Interop-Version.
"""
import random
import time
import urllib.parse

from glancelite.cmd.transfer import service as service_module

#: Seconds to wait after the first failure, and at most.
_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30


class UploadLost(Exception):
    """The service knows nothing of the upload any more."""


class Unverified(Exception):
    """The image does not have the digest of the file."""


class Transfer:
    """Brings a file into an image.

    :param service: a :class:`~glancelite.cmd.transfer.service.Service`.
    :param source: a :class:`~glancelite.cmd.transfer.source.Source`.
    :param saved: a :class:`~glancelite.cmd.transfer.saved.Saved`.
    :param progress: a :class:`~glancelite.cmd.transfer.progress.Progress`.
    :param retries: failures in a row, without a byte of progress, after
        which to give up.
    """

    def __init__(self, service, source, saved, progress, retries):
        self._service = service
        self._source = source
        self._saved = saved
        self._progress = progress
        self._retries = retries
        self._failures = 0
        self._best = 0
        self._max_part = None

    def create(self, document):
        """:returns: a new image.

        :param document: what it has, an id that nobody else uses among it.
        :raises Refused: the service does not make it.
        :raises Broken: the retries are used up.
        """
        return self._again(lambda: self._create_image(document))

    def _create_image(self, document):
        try:
            return self._service.create_image(document)
        except service_module.Refused as refused:
            if refused.answer.status_code != 409 or not self._failures:
                raise
            # It was made before, and the answer was lost.
            return self._service.image(document['id'])

    def upload(self, image_id, store=None):
        """Upload to a queued image.

        :returns: the image, verified.
        :raises Refused: the service does not take it.
        :raises Broken: the retries are used up.
        :raises SourceError: the file cannot be read.
        :raises Unverified: the data arrived, but is not the same.
        """
        # Not every service answers OPTIONS as it would answer for the image.
        self._again(lambda: self._service.image(image_id))
        headers = {'x-image-meta-store': store} if store else {}
        file_url = self._service.url(f'images/{image_id}/file')
        options = self._again(lambda: self._service.request(
            'OPTIONS', file_url, headers=headers))
        if service_module.PARTIAL_UPLOAD not in options.headers.get(
                'Accept-Patch', ''):
            self._progress.say('This service takes no uploads in parts; '
                               'nothing can be resumed.')
            return self._upload_whole(image_id, file_url, headers)
        url = self._again(lambda: self._create(file_url, headers))
        self._saved.store(image_id, url)
        return self.resume(image_id, url)

    def resume(self, image_id, url):
        """Go on with an upload. Returns and raises as :meth:`upload`.

        :param url: of the upload.
        :raises UploadLost: it has run out, or was cancelled.
        """
        try:
            self._again(lambda: self._go_on(url))
        except (service_module.Refused, UploadLost):
            self._saved.forget()
            raise
        self._saved.forget()
        return self._verified(image_id)

    def _create(self, file_url, headers):
        """:returns: the URL of the new upload."""
        answer = self._service.request('PUT', file_url, b'', {
            'Content-Type': service_module.OCTET_STREAM,
            'Upload-Complete': '?0', 'Upload-Length': str(self._source.size),
            **headers})
        location = urllib.parse.urljoin(
            file_url, answer.headers.get('Location', ''))
        if answer.status_code == 409 and 'Location' in answer.headers:
            # Perhaps it is ours, and the answer was lost.
            if not self._failures or self._offset(location) != 0:
                raise service_module.Refused(answer)
        elif answer.status_code != 201:
            raise service_module.Refused(answer)
        return location

    def _go_on(self, url):
        """Send what is missing, and complete the upload."""
        while (offset := self._offset(url)) is not None:
            if offset > self._best:
                self._best, self._failures = offset, 0
            if offset == self._source.size:
                self._complete(url)
                return
            self._send(url, offset)

    def _offset(self, url):
        """:returns: where to go on, None when the upload is complete."""
        answer = self._service.request('HEAD', url)
        if answer.status_code in (404, 410):
            raise UploadLost('the service knows nothing of this upload any '
                             'more')
        if answer.status_code not in (200, 204):
            raise service_module.Refused(answer)
        self._max_part = service_module.limits(answer).get('max-append-size')
        if service_module.is_complete(answer):
            return None
        offset = service_module.offset(answer)
        if offset is None or offset > self._source.size:
            raise service_module.Refused(answer)
        return offset

    def _send(self, url, offset):
        stop = self._source.size
        if self._max_part:
            stop = min(stop, offset + self._max_part)
        self._progress.begin(offset)
        answer = self._patch(
            url, offset, '?0', {},
            self._source.part(offset, stop, self._progress.reach))
        if answer.status_code == 409:
            # Another offset, or somebody else was at it: look again.
            raise service_module.Broken(str(service_module.Refused(answer)))
        if not 200 <= answer.status_code < 300:
            raise service_module.Refused(answer)

    def _complete(self, url):
        digest = self._source.repr_digest()
        self._source.require_unchanged()
        answer = self._patch(url, self._source.size, '?1',
                             {'Repr-Digest': digest}, b'')
        if answer.status_code == 409:
            raise service_module.Broken(str(service_module.Refused(answer)))
        if not 200 <= answer.status_code < 300:
            raise service_module.Refused(answer)

    def _patch(self, url, offset, complete, headers, body):
        return self._service.request('PATCH', url, body, {
            'Content-Type': service_module.PARTIAL_UPLOAD,
            'Upload-Offset': str(offset), 'Upload-Complete': complete,
            **headers})

    def _upload_whole(self, image_id, file_url, headers):
        self._progress.begin(0)
        self._service.expect(
            200, 201, 204, method='PUT', url=file_url,
            body=self._source.part(0, self._source.size,
                                   self._progress.reach),
            headers={'Content-Type': service_module.OCTET_STREAM, **headers})
        return self._verified(image_id)

    def _verified(self, image_id):
        """:returns: the image, whose digest is the file's."""
        image = self._again(lambda: self._service.image(image_id))
        algorithm = image.get('os_hash_algo')
        if not algorithm or image.get('os_hash_value') != (
                self._source.digest(algorithm)):
            raise Unverified(
                f'image {image_id} is {image.get("status")} and its '
                f'{algorithm or "digest"} is not that of the file')
        return image

    def _again(self, attempt):
        """:returns: what ``attempt`` returns, sooner or later."""
        while True:
            try:
                return attempt()
            except service_module.Broken as error:
                self._failures += 1
                if self._failures > self._retries:
                    raise
                delay = min(_LONGEST_DELAY,
                            _FIRST_DELAY * 2 ** (self._failures - 1))
                delay *= random.uniform(0.5, 1)
                self._progress.say(f'{error}; again in {delay:.1f} s')
                time.sleep(delay)
