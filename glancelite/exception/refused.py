# SPDX-License-Identifier: Apache-2.0
"""Errors answered with other codes: size, media type, range, outage."""
from glancelite.exception import error
from glancelite.i18n import _


class ImageGone(error.GlanceliteError):
    code = 410
    sentence = _('Image %(image_id)s was deleted during the upload.')


class StoreReadOnly(error.GlanceliteError):
    code = 410
    sentence = _("Store '%(store)s' is read-only: images cannot be added to "
                 'it.')


class LengthRequired(error.GlanceliteError):
    code = 411
    sentence = _('This server cannot receive chunked bodies; send a '
                 'Content-Length.')


class PreconditionFailed(error.GlanceliteError):
    code = 412
    sentence = _('A precondition of the request is not met.')


class BodyTooLarge(error.TooLarge):
    sentence = _('The request body is larger than %(limit)d bytes '
                 '(max_json_body_size).')


class TaskInputTooLarge(error.TooLarge):
    sentence = _('The input of a task may have at most %(limit)d bytes.')


class ImageTooLarge(error.TooLarge):
    sentence = _('The incoming image is too large: The provided image is '
                 'too large.')


class LimitExceeded(error.TooLarge):
    sentence = _('The limit has been exceeded on the number of allowed '
                 '%(noun)s. Attempted: %(attempted)d, Maximum: %(maximum)d')


class TagLimitExceeded(error.TooLarge):
    sentence = _('Image tag limit exceeded for image %(image_id)s: '
                 '%(reason)s:')


class MemberLimitExceeded(error.TooLarge):
    sentence = _('Image member limit exceeded for image %(image_id)s: The '
                 'limit has been exceeded on the number of allowed image '
                 'members for this image. Attempted: %(attempted)d, Maximum: '
                 '%(maximum)d:')


class QuotaExceeded(error.TooLarge):
    sentence = _('A quota is exceeded.')


class StorageQuotaExceeded(QuotaExceeded):
    """The size is None when it is not known."""

    sentence = _('Image exceeds the storage quota: The size of the data '
                 '%(size)s will exceed the limit. %(remaining)d bytes '
                 'remaining.')


class LocationQuotaExceeded(StorageQuotaExceeded):
    sentence = _('Denying attempt to upload image because it exceeds the '
                 'quota: The size of the data %(size)s will exceed the limit. '
                 '%(remaining)d bytes remaining.')


class ProjectOverLimit(QuotaExceeded):
    """Sizes in MiB. The first words are those of an HTTP library."""

    sentence = _('The request returned a 413 Request Entity Too Large. This '
                 'generally means that rate limiting or a quota threshold '
                 'was breached.\n\nThe response body:\nProject '
                 '%(project_id)s is over a limit for [Resource %(resource)s '
                 'is over limit of %(limit)d due to current usage %(used)d '
                 'and delta %(delta)d]')


class StorageFull(error.TooLarge):
    sentence = _('Not enough space is left in the store.')


class UnsupportedMediaType(error.GlanceliteError):
    code = 415
    sentence = _('The media type %(media_type)s is not supported; use one '
                 'of: %(accepted)s')


class FormatMismatch(error.GlanceliteError):
    code = 415
    sentence = _('Image disk_format %(format)s does not match stream data '
                 '%(found)s')


class UnsafeImage(error.GlanceliteError):
    code = 415
    sentence = _('Image failed safety checks')


class RangeNotSatisfiable(error.GlanceliteError):
    """A range that there is not, of data of ``size`` bytes."""

    code = 416
    is_detail = True

    def __init__(self, size, sentence):
        super().__init__(sentence, last=size - 1)
        self.headers = {'Content-Range': f'bytes */{size}'}


class StoreUnavailable(error.Unavailable):
    sentence = _('The store cannot take or give image data now.')


class SizeUnknown(StoreUnavailable):
    """The store gives data, but does not tell how much."""


class HostUnavailable(error.Unavailable):
    sentence = _('The host that has the staged data does not answer; try '
                 'again later, or delete the image.')


class IdentityUnavailable(error.Unavailable):
    sentence = _('Keystone cannot be asked about the token; try again later.')


class LimitsUnavailable(error.Unavailable):
    sentence = _('The limits of the project cannot be determined; try again '
                 'later.')


class KeyManagerUnavailable(error.Unavailable):
    sentence = _('The certificate of the signature cannot be read now; try '
                 'again later.')


class TooManyPasswords(error.Unavailable):
    sentence = _('Too many passwords are being checked; try again.')
    headers = {'Retry-After': '1'}


class DatabaseUnavailable(error.Unavailable):
    sentence = _('The database cannot be reached; try again later.')
