# SPDX-License-Identifier: Apache-2.0
"""Errors of resumable uploads; some have a problem type (RFC 9457)."""
from glancelite.exception import error
from glancelite.i18n import _


class UploadNotFound(error.NotFound):
    sentence = _('No unfinished upload %(upload_id)s of image %(image_id)s '
                 'is found; it may have ended, or run out.')


class UploadUnfinished(error.Conflict):
    """The image has an unfinished upload, :attr:`upload`, already."""

    sentence = _('Image status transition from saving to saving is not '
                 'allowed: the image has an unfinished upload. It can be '
                 'continued, or cancelled.')

    def __init__(self, upload):
        super().__init__()
        self.upload = upload


class NotResumable(error.GlanceliteError):
    code = 501
    sentence = _("Store '%(store)s' cannot take an upload in parts; upload "
                 'without Upload-Complete, or choose another store.')


class HeaderMissing(error.Invalid):
    sentence = _('The header %(name)s is missing, or is not valid.')


class ContentMismatch(error.Invalid):
    """The content of one request, as opposed to all of the data."""

    sentence = _('The content is not what Content-Digest says; none of it '
                 'was kept.')


class Problem(error.GlanceliteError):
    """An error that is told as problem details.

    :cvar problem: its name in IANA's registry of problem types.
    :ivar members: what the document has besides type, title and status.
    """

    problem = None
    members = {}


class MismatchingOffset(Problem):
    """The bytes would not follow on those that are there.

    :param expected: bytes that are there.
    :param provided: what the client believes.
    """

    code = 409
    problem = 'mismatching-upload-offset'
    sentence = _('The offset from the request is not the offset of the '
                 'upload.')

    def __init__(self, expected, provided):
        super().__init__()
        self.headers = {'Upload-Offset': str(expected)}
        self.members = {'expected-offset': expected,
                        'provided-offset': provided}


class CompletedUpload(Problem):
    code = 400
    problem = 'completed-upload'
    sentence = _('The upload is already completed.')


class InconsistentLength(Problem):
    code = 400
    problem = 'inconsistent-upload-length'
    sentence = _('The length of the upload is not what was said before.')


class UploadTooLong(Problem):
    code = 400
    problem = 'inconsistent-upload-length'
    sentence = _('More came than the announced length of the upload; it has '
                 'been ended.')


class UploadTooShort(InconsistentLength):
    sentence = _('The upload was to be completed before all of its announced '
                 'length had come.')
