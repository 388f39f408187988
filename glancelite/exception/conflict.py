# SPDX-License-Identifier: Apache-2.0
"""Errors answered 409: the state of the resource is against it."""
from glancelite.exception import error
from glancelite.i18n import _


class ImageExists(error.Conflict):
    sentence = _('Image ID %(image_id)s already exists!')


class MemberExists(error.Conflict):
    sentence = _('The member %(member_id)s is already associated with image '
                 '%(image_id)s.')


class InvalidTransition(error.Conflict):
    sentence = _('Image status transition from %(old)s to %(new)s is not '
                 'allowed')


class ImageChanged(error.Conflict):
    """The row is not what was read; the caller reads it again and retries."""

    sentence = _('Image %(image_id)s was changed by another request; try '
                 'again.')


class PatchConflict(error.Conflict):
    sentence = _('The patch cannot be applied: %(reason)s')


class StoreMissing(error.Conflict):
    sentence = _('Store for identifier %(store)s not found')


class StoreNotHere(error.Conflict):
    sentence = _("Store '%(store)s' is not configured on this node.")


class ImportCutOff(error.Conflict):
    sentence = _('The import was cut off several times; it may be too much '
                 'for the service as it is.')


class CopyDiffers(error.Conflict):
    sentence = _('The data that was to be copied is not what was uploaded.')


class ImageHeld(error.Conflict):
    sentence = _('Image %(image_id)s is being worked on; try again.')


class ImageInUse(error.Conflict):
    sentence = _('Image %(image_id)s cannot be deleted: something in its '
                 'store is made of its data.')


class LeaseLost(error.Conflict):
    sentence = _('Image %(image_id)s was taken over by another request.')


class DigestConflict(error.Conflict):
    """What a location's validation_data says cannot be so."""


class ActiveTask(error.Conflict):
    sentence = _('Image has active task')


class LocationStatusConflict(error.Conflict):
    sentence = _("It's not allowed to %(action)s locations if image status "
                 "is %(status)s.")


class NamespaceExists(error.Conflict):
    sentence = _('The metadata definition namespace %(namespace)s already '
                 'exists.')


class DefinitionExists(error.Conflict):
    sentence = _('A metadata definition %(noun)s %(name)s already exists in '
                 'namespace %(namespace)s.')


class ImportRefused(error.Conflict):
    """A plugin does not want the image; it says why."""


class RegionRefused(error.Conflict):
    """Whatever the reason: nobody learns here what listens where."""

    sentence = _('The image cannot be read from the given region: it is not '
                 'there, has no data, or may not be read with your token, '
                 'which may have expired.')


class CacheNotCentral(error.Conflict):
    sentence = _('Centralized caching is not enabled')
