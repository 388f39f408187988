# SPDX-License-Identifier: Apache-2.0
"""The root of our errors, and the families that share an HTTP code.

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

    #: Whether it has ended a resumable upload, so that nothing can go on.
    ends_upload = False

    #: Whether the sentence follows a general one that HTTP's code has.
    is_detail = False

    def __init__(self, sentence=None, **facts):
        self.facts = facts
        super().__init__((sentence or self.sentence) % facts)


class Invalid(GlanceliteError):
    code = 400
    sentence = _('The request is not valid.')


class TooLarge(GlanceliteError):
    code = 413
    sentence = _('The request is larger than allowed.')


class Unauthorized(GlanceliteError):
    code = 401
    sentence = _('The request you have made requires authentication.')


class Forbidden(GlanceliteError):
    code = 403
    sentence = _('You are not authorized to complete this action.')


class NotFound(GlanceliteError):
    code = 404
    sentence = _('The requested resource was not found.')


class Conflict(GlanceliteError):
    code = 409
    sentence = _('The request conflicts with the state of the resource.')


class Unavailable(GlanceliteError):
    code = 503
    sentence = _('The service is not available; try again later.')
    headers = {'Retry-After': '10'}


class ConfigurationError(Exception):
    """An option or a file it names is not usable; the start ends with it."""
