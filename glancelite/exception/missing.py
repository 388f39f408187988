# SPDX-License-Identifier: Apache-2.0
"""Errors answered 404: it is not there, or not for the caller."""
from glancelite.exception import error
from glancelite.i18n import _


class ImageNotFound(error.NotFound):
    sentence = _('No image found with ID %(image_id)s')


class MemberNotFound(error.NotFound):
    sentence = _('%(member_id)s not found in the member list of the image '
                 '%(image_id)s.')


class TagNotFound(error.NotFound):
    sentence = _('Tag %(tag)s not found on image %(image_id)s.')


class TaskNotFound(error.NotFound):
    sentence = _('No task found with ID %(task_id)s')


class DataMissing(error.NotFound):
    sentence = _('The data of image %(image_id)s cannot be found.')


class NotInStore(error.NotFound):
    sentence = _('Image %(image_id)s is not stored in store %(store)s')


class NamespaceNotFound(error.NotFound):
    sentence = _('Metadata definition namespace %(namespace)s was not found.')


class DefinitionNotFound(error.NotFound):
    sentence = _('Metadata definition %(noun)s %(name)s was not found in '
                 'namespace %(namespace)s.')


class MetadefNotFound(error.NotFound):
    sentence = _('The resource could not be found.')


class CacheNotHere(error.NotFound):
    sentence = _('Caching via API is not supported at this site.')
