# SPDX-License-Identifier: Apache-2.0
"""Errors answered 401 and 403: the caller may not do that."""
from glancelite.exception import error
from glancelite.i18n import _


class RuleForbids(error.Forbidden):
    sentence = _('You are not authorized to complete %(rule)s action.')


class ReadOnlyProperty(error.Forbidden):
    sentence = _("Attribute '%(name)s' is read-only.")


class ReservedProperty(error.Forbidden):
    sentence = _("Attribute '%(name)s' is reserved.")


class PropertyProtected(error.Forbidden):
    sentence = _("Property '%(name)s' is protected")


class FormatFixed(error.Forbidden):
    sentence = _('Attribute %(name)s can be only replaced for a queued '
                 'image.')


class OwnerFixed(error.Forbidden):
    sentence = _('Only an administrator may change the owner of an image.')


class BasePropertyNotRemovable(error.Forbidden):
    sentence = _("Property %(name)s may not be removed.")


class ImageProtected(error.Forbidden):
    sentence = _('Image %(image_id)s is protected and cannot be deleted.')


class ImageDeactivated(error.Forbidden):
    sentence = _('The requested image has been deactivated. Image data '
                 'download is forbidden.')


class ActionNotAllowed(error.Forbidden):
    sentence = _("Not allowed to %(action)s image in status '%(status)s'")


class LastLocation(error.Forbidden):
    is_detail = True
    sentence = _('Cannot remove last location in the image.')


class NoLocations(error.Forbidden):
    is_detail = True
    sentence = _('Cannot set locations to empty list.')


class LocationsInvisible(error.Forbidden):
    sentence = _("It's not allowed to %(action)s locations if locations are "
                 "invisible.")


class HttpStoreRequired(error.Forbidden):
    sentence = _('http store must be enabled to use location API by normal '
                 'user.')


class NotSharedImage(error.Forbidden):
    sentence = _('Only shared images have members.')


class NamespaceProtected(error.Forbidden):
    sentence = _('Metadata definition namespace %(namespace)s is protected: '
                 'nothing in it can be deleted.')
