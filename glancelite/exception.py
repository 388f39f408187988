# SPDX-License-Identifier: Apache-2.0
"""Errors that carry their HTTP code and the sentence a user may read.

A sentence never names a path, a URL, a credential or a store's own words.
"""
from glancelite.i18n import _


class GlanceliteError(Exception):
    """An error that becomes a response: ``code`` and one sentence.

    :param sentence: replaces the class's sentence (a ``%`` format string).
    :param facts: what the sentence names; kept in ``facts``.
    """

    code = 500
    sentence = _('The server could not comply with the request.')
    headers = {}

    #: Whether the sentence follows a general one that HTTP's code has.
    is_detail = False

    def __init__(self, sentence=None, **facts):
        self.facts = facts
        super().__init__((sentence or self.sentence) % facts)


# 400

class Invalid(GlanceliteError):
    code = 400
    sentence = _('The request is not valid.')


class InvalidImage(Invalid):
    sentence = _("Provided object does not match schema '%(schema)s': "
                 "%(reason)s")


class InvalidParameter(Invalid):
    sentence = _("Invalid value '%(value)s' for parameter '%(name)s': "
                 "%(reason)s")


class InvalidPatch(Invalid):
    sentence = _('The JSON patch is not valid: %(reason)s')


class MalformedJson(Invalid):
    sentence = _('Malformed JSON in request body.')


class BodyMissing(Invalid):
    sentence = _('Body expected in request.')


class BodyNotExpected(Invalid):
    sentence = _('A body is not expected with this request.')


class FormatsNotSet(Invalid):
    sentence = _('Properties %(names)s must be set prior to saving data.')


class SizeMismatch(Invalid):
    sentence = _('Size mismatch: expected %(expected)d bytes, got %(size)d '
                 'bytes')


class SizeExceeded(SizeMismatch):
    sentence = _('Size exceeds: expected %(expected)d bytes, got %(size)d '
                 'bytes')


class MalformedSize(Invalid):
    sentence = _('Invalid or missing image size in request headers.')


class MalformedDigest(Invalid):
    sentence = _('The header %(name)s is not valid; see RFC 9530.')


class DigestMismatch(Invalid):
    sentence = _('The %(algorithm)s digest of the received data is not the '
                 'one announced.')


class IncompleteBody(Invalid):
    sentence = _('The request body ended before all of it was received.')


class UnknownStore(Invalid):
    sentence = _("Store '%(store)s' does not exist or is read-only.")


class StoreNotConfigured(Invalid):
    sentence = _("Store '%(store)s' is not configured.")


class SingleStore(Invalid):
    sentence = _('Store selection for download is not available when '
                 'multiple backends are not enabled.')


class SeveralRanges(Invalid):
    sentence = _('Requests with multiple ranges are not supported in Glance. '
                 'You may make multiple single-range requests instead.')


class InvalidLocation(Invalid):
    sentence = _('Invalid location')


class FetchRefused(Invalid):
    """Whatever the reason: nobody learns here what listens where."""

    sentence = _('The data cannot be read from the given URL.')


class LocationUnreadable(Invalid):
    sentence = _('The Store URI was malformed.')


class LocationFiltered(Invalid):
    sentence = _('URI for add location does not pass filtering')


class LocationExists(Invalid):
    sentence = _('The location already exists')


class LocationsPresent(Invalid):
    sentence = _('Original locations is not empty')


class InvalidDigest(Invalid):
    """What a request names as a digest cannot be one."""


class InvalidPosition(Invalid):
    sentence = _('Invalid position for %(action)s a location.')


# 401

class Unauthorized(GlanceliteError):
    code = 401
    sentence = _('The request you have made requires authentication.')


# 403

class Forbidden(GlanceliteError):
    code = 403
    sentence = _('You are not authorized to complete this action.')


class RuleForbids(Forbidden):
    sentence = _('You are not authorized to complete %(rule)s action.')


class ReadOnlyProperty(Forbidden):
    sentence = _("Attribute '%(name)s' is read-only.")


class ReservedProperty(Forbidden):
    sentence = _("Attribute '%(name)s' is reserved.")


class PropertyProtected(Forbidden):
    sentence = _("Property '%(name)s' is protected")


class OwnerFixed(Forbidden):
    sentence = _('Only an administrator may change the owner of an image.')


class BasePropertyNotRemovable(Forbidden):
    sentence = _("Property %(name)s may not be removed.")


class ImageProtected(Forbidden):
    sentence = _('Image %(image_id)s is protected and cannot be deleted.')


class ImageDeactivated(Forbidden):
    sentence = _('The requested image has been deactivated. Image data '
                 'download is forbidden.')


class ActionNotAllowed(Forbidden):
    sentence = _("Not allowed to %(action)s image in status '%(status)s'")


class LastLocation(Forbidden):
    is_detail = True
    sentence = _('Cannot remove last location in the image.')


class NoLocations(Forbidden):
    is_detail = True
    sentence = _('Cannot set locations to empty list.')


class LocationsInvisible(Forbidden):
    sentence = _("It's not allowed to %(action)s locations if locations are "
                 "invisible.")


class HttpStoreRequired(Forbidden):
    sentence = _('http store must be enabled to use location API by normal '
                 'user.')


class NotSharedImage(Forbidden):
    sentence = _('Only shared images have members.')


# 404

class NotFound(GlanceliteError):
    code = 404
    sentence = _('The requested resource was not found.')


class ImageNotFound(NotFound):
    sentence = _('No image found with ID %(image_id)s')


class MarkerNotFound(Invalid):
    sentence = _('No image found with ID %(marker)s')


class MemberNotFound(NotFound):
    sentence = _('%(member_id)s not found in the member list of the image '
                 '%(image_id)s.')


class TagNotFound(NotFound):
    sentence = _('Tag %(tag)s not found on image %(image_id)s.')


class TaskNotFound(NotFound):
    sentence = _('No task found with ID %(task_id)s')


class DataMissing(NotFound):
    sentence = _('The data of image %(image_id)s cannot be found.')


# 409

class Conflict(GlanceliteError):
    code = 409
    sentence = _('The request conflicts with the state of the resource.')


class ImageExists(Conflict):
    sentence = _('Image ID %(image_id)s already exists!')


class MemberExists(Conflict):
    sentence = _('The member %(member_id)s is already associated with image '
                 '%(image_id)s.')


class InvalidTransition(Conflict):
    sentence = _('Image status transition from %(old)s to %(new)s is not '
                 'allowed')


class ImageChanged(Conflict):
    """The row is not what was read; the caller reads it again and retries."""

    sentence = _('Image %(image_id)s was changed by another request; try '
                 'again.')


class PatchConflict(Conflict):
    sentence = _('The patch cannot be applied: %(reason)s')


class ImageHeld(Conflict):
    sentence = _('Image %(image_id)s is being worked on; try again.')


class LeaseLost(Conflict):
    sentence = _('Image %(image_id)s was taken over by another request.')


class ImageInUse(Conflict):
    sentence = _('Image %(image_id)s could not be deleted because it is in '
                 'use.')


class DigestConflict(Conflict):
    """What a location's validation_data says cannot be so."""


class ActiveTask(Conflict):
    sentence = _('Image has active task')


class LocationStatusConflict(Conflict):
    sentence = _("It's not allowed to %(action)s locations if image status "
                 "is %(status)s.")


# 410

class ImageGone(GlanceliteError):
    code = 410
    sentence = _('Image %(image_id)s was deleted during the upload.')


# 411, 412, 413, 415, 416

class LengthRequired(GlanceliteError):
    code = 411
    sentence = _('This server cannot receive chunked bodies; send a '
                 'Content-Length.')


class PreconditionFailed(GlanceliteError):
    code = 412
    sentence = _('A precondition of the request is not met.')


class TooLarge(GlanceliteError):
    code = 413
    sentence = _('The request is larger than allowed.')


class BodyTooLarge(TooLarge):
    sentence = _('The request body is larger than %(limit)d bytes '
                 '(max_json_body_size).')


class ImageTooLarge(TooLarge):
    sentence = _('The incoming image is too large: The provided image is '
                 'too large.')


class LimitExceeded(TooLarge):
    sentence = _('The limit has been exceeded on the number of allowed '
                 '%(noun)s. Attempted: %(attempted)d, Maximum: %(maximum)d')


class TagLimitExceeded(TooLarge):
    sentence = _('Image tag limit exceeded for image %(image_id)s: '
                 '%(reason)s:')


class MemberLimitExceeded(TooLarge):
    sentence = _('Image member limit exceeded for image %(image_id)s: The '
                 'limit has been exceeded on the number of allowed image '
                 'members for this image. Attempted: %(attempted)d, Maximum: '
                 '%(maximum)d:')


class QuotaExceeded(TooLarge):
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


class StorageFull(TooLarge):
    sentence = _('Not enough space is left in the store.')


class UnsupportedMediaType(GlanceliteError):
    code = 415
    sentence = _('The media type %(media_type)s is not supported; use one '
                 'of: %(accepted)s')


class FormatMismatch(GlanceliteError):
    code = 415
    sentence = _('Image disk_format %(format)s does not match stream data')


class UnsafeImage(GlanceliteError):
    code = 415
    sentence = _('Image failed safety checks')


class RangeNotSatisfiable(GlanceliteError):
    """A range that there is not, of data of ``size`` bytes."""

    code = 416
    is_detail = True

    def __init__(self, size, sentence):
        super().__init__(sentence, last=size - 1)
        self.headers = {'Content-Range': f'bytes */{size}'}


# 503

class Unavailable(GlanceliteError):
    code = 503
    sentence = _('The service is not available; try again later.')
    headers = {'Retry-After': '10'}


class StoreUnavailable(Unavailable):
    sentence = _('The store cannot take or give image data now.')


class SizeUnknown(StoreUnavailable):
    """The store gives data, but does not tell how much."""


class LimitsUnavailable(Unavailable):
    sentence = _('The limits of the project cannot be determined; try again '
                 'later.')


class DatabaseUnavailable(Unavailable):
    sentence = _('The database cannot be reached; try again later.')


# At start: never a response

class ConfigurationError(Exception):
    """An option or a file it names is not usable; the start ends with it."""
