# SPDX-License-Identifier: Apache-2.0
"""The way of a request through the code: few files, and known here.

When one of these tests fails, a request goes somewhere new. Either it need
not, or the sets here and ``contributor/architecture.rst`` come to tell of it.
"""
import contextlib
import pathlib
import sys

import glancelite
from tests.functional import application

_PACKAGE = str(pathlib.Path(glancelite.__file__).parent) + '/'

#: What every request meets before its resource.
_PIPELINE = {
    'api/middleware/library.py', 'api/middleware/request_id.py',
    'api/middleware/request_log.py', 'api/middleware/request_body.py',
    'api/body.py', 'api/middleware/version_negotiation.py',
    'api/middleware/context.py', 'api/middleware/content_type.py',
    'api/router.py', 'api/resource.py', 'policy.py', 'context.py',
    'db/engine.py',
    # Each line of the log.
    'masking.py'}

#: What every request for one image meets.
_ONE_IMAGE = {
    'api/v2/access.py', 'db/api.py', 'db/images.py', 'db/image_shape.py',
    'db/image_record.py', 'objects/image.py'}


@contextlib.contextmanager
def files_entered():
    """:returns: a set of the files that the block's calls enter.

    Those of this thread: the consumers of an upload's bytes are not on the
    way of the request.
    """
    entered = set()

    def note(frame, event, _argument):
        name = frame.f_code.co_filename
        if event == 'call' and name.startswith(_PACKAGE):
            entered.add(name.removeprefix(_PACKAGE))

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield entered
    finally:
        sys.setprofile(before)


class TripTest(application.SharedTestCase):
    """Requests, followed through the application."""

    def entered(self, send):
        """:returns: the files of the second of two such requests."""
        image = self.client.create(name='disk', purpose='none')
        send(image['id'])
        image = self.client.create(name='disk', purpose='none')
        with files_entered() as entered:
            answer = send(image['id'])
        self.assertLess(answer.status, 300)
        return entered

    def require(self, known, send):
        """What ``send`` enters is known, and the image is on the way.

        :param known: files, and whole rooms ending with a slash.
        """
        entered = self.entered(send)
        self.assertEqual(set(), {
            each for each in entered - known
            if f'{each.partition("/")[0]}/' not in known})
        self.assertIn('objects/image.py', entered)

    def test_a_patch(self):
        def patch(image_id):
            return self.client.patch(f'/v2/images/{image_id}', [
                {'op': 'replace', 'path': '/name', 'value': 'root'},
                {'op': 'replace', 'path': '/purpose', 'value': 'boot'}])
        self.require(_PIPELINE | _ONE_IMAGE | {
            'api/json_patch.py', 'api/v2/images.py', 'api/v2/schemas.py',
            'api/v2/image_view.py', 'property_protections.py',
            'notifier.py', 'db/usage.py', 'db/image_belongings.py'}, patch)

    def test_an_upload(self):
        def upload(image_id):
            return self.client.upload(image_id, b'data')
        self.require(_PIPELINE | _ONE_IMAGE | {
            'api/v2/image_data.py', 'api/digest_fields.py',
            'api/v2/uploads.py', 'api/upload_fields.py',
            'data/', 'quota/', 'stores/',
            'db/leases.py', 'db/unindexed.py', 'db/uploads.py',
            'db/usage.py', 'db/image_belongings.py', 'objects/lease.py',
            'notifier.py'}, upload)

    def test_a_list(self):
        def show(image_id):
            return self.client.get(f'/v2/images?limit=2&id={image_id}')
        self.require(_PIPELINE | {
            'api/query.py', 'api/v2/images.py', 'api/v2/image_view.py',
            'db/api.py', 'db/images.py', 'db/image_shape.py',
            'db/image_record.py', 'db/image_filters.py', 'db/narrowing.py',
            'db/remembered.py', 'db/unlisted.py', 'objects/image.py',
            'property_protections.py'}, show)
