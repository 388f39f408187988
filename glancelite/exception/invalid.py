# SPDX-License-Identifier: Apache-2.0
"""Errors answered 400: the request is wrong."""
from glancelite.exception import error
from glancelite.i18n import _


class InvalidImage(error.Invalid):
    sentence = _("Provided object does not match schema '%(schema)s': "
                 "%(reason)s")


class InvalidParameter(error.Invalid):
    sentence = _("Invalid value '%(value)s' for parameter '%(name)s': "
                 "%(reason)s")


class InvalidPatch(error.Invalid):
    sentence = _('The JSON patch is not valid: %(reason)s')


class MalformedJson(error.Invalid):
    sentence = _('Malformed JSON in request body.')


class BodyMissing(error.Invalid):
    sentence = _('Body expected in request.')


class BodyNotExpected(error.Invalid):
    sentence = _('A body is not expected with this request.')


class FormatsNotSet(error.Invalid):
    sentence = _('Properties %(names)s must be set prior to saving data.')


class SizeMismatch(error.Invalid):
    sentence = _('Size mismatch: expected %(expected)d bytes, got %(size)d '
                 'bytes')


class SizeExceeded(SizeMismatch):
    sentence = _('Size exceeds: expected %(expected)d bytes, got %(size)d '
                 'bytes')


class MalformedSize(error.Invalid):
    sentence = _('Invalid or missing image size in request headers.')


class PartialPut(error.Invalid):
    sentence = _('The header Content-Range is not supported with this '
                 'request.')


class MalformedDigest(error.Invalid):
    sentence = _('The header %(name)s is not valid; see RFC 9530.')


class DigestMismatch(error.Invalid):
    sentence = _('The %(algorithm)s digest of the received data is not the '
                 'one announced.')


class SignatureMismatch(error.Invalid):
    sentence = _('Signature verification failed for image %(image_id)s: '
                 'Signature verification failed')


class SignatureUnusable(error.Invalid):
    """What the image says of its signature leads to no verification."""

    sentence = _('Signature verification failed for image %(image_id)s: '
                 '%(reason)s')


class IncompleteBody(error.Invalid):
    sentence = _('The request body ended before all of it was received.')


class UnknownStore(error.Invalid):
    sentence = _("Store '%(store)s' does not exist or is read-only.")


class StoreNotConfigured(error.Invalid):
    sentence = _("Store '%(store)s' is not configured.")


class SingleStore(error.Invalid):
    sentence = _('Store selection for download is not available when '
                 'multiple backends are not enabled.')


class SeveralRanges(error.Invalid):
    sentence = _('Requests with multiple ranges are not supported in Glance. '
                 'You may make multiple single-range requests instead.')


class InvalidLocation(error.Invalid):
    sentence = _('Invalid location')


class FetchRefused(error.Invalid):
    """Whatever the reason: nobody learns here what listens where."""

    sentence = _('The data cannot be read from the given URL.')


class LocationUnreadable(error.Invalid):
    sentence = _('The Store URI was malformed.')


class LocationFiltered(error.Invalid):
    sentence = _('URI for add location does not pass filtering')


class LocationExists(error.Invalid):
    sentence = _('The location already exists')


class LocationsPresent(error.Invalid):
    sentence = _('Original locations is not empty')


class InvalidDigest(error.Invalid):
    """What a request names as a digest cannot be one."""


class InvalidPosition(error.Invalid):
    sentence = _('Invalid position for %(action)s a location.')


class MarkerNotFound(error.Invalid):
    sentence = _('No image found with ID %(marker)s')


class UnstorableText(error.Invalid):
    sentence = _('A text holds a character (an emoji, say) that the tables of '
                 'this database have no room for.')


class DefinitionTooLarge(error.Invalid):
    sentence = _('A metadata definition has more than %(limit)s bytes as '
                 'JSON.')


class RequiredWithComma(error.Invalid):
    sentence = _('required: the name of a property has a comma.')


class NotCacheable(error.Invalid):
    sentence = _('Only images with status active can be targeted for '
                 'queueing')


class UnknownCacheTarget(error.Invalid):
    sentence = _("If provided 'x-image-cache-clear-target' must be 'cache', "
                 "'queue' or empty string.")
