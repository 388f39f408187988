# SPDX-License-Identifier: Apache-2.0
"""PATCH takes the JSON patch media types alone: 415 with Accept-Patch."""
import re

import webob.exc

from glancelite.api import json_patch
from glancelite.i18n import _

_IMAGE = re.compile('/v2/images/[^/]+')


class PatchContentType:
    """Refuses a PATCH of an image in any other media type."""

    def __init__(self, application):
        self._application = application

    def __call__(self, environ, start_response):
        if (environ['REQUEST_METHOD'] == 'PATCH'
                and _IMAGE.fullmatch(environ.get('PATH_INFO', ''))):
            media_type = environ.get('CONTENT_TYPE', '').split(';')[0].strip()
            if media_type not in json_patch.MEDIA_TYPES:
                return _refusal()(environ, start_response)
        return self._application(environ, start_response)


def _refusal():
    accepted = ', '.join(json_patch.MEDIA_TYPES)
    return webob.exc.HTTPUnsupportedMediaType(
        detail=_('Image PATCH expects Content-Type one of: %s') % accepted,
        headers={'Accept-Patch': accepted})


def filter_factory(global_conf, **local_conf):
    """For Paste."""
    return PatchContentType
