# SPDX-License-Identifier: Apache-2.0
"""Which version of the API a request means: by path, or by Accept header.

``/v2`` and ``/v2.N`` are one API; an unknown version gets the list of those
there are, with 300.
"""
import re

from glancelite import service as service_module
from glancelite.api import resource
from glancelite.api import versions

_VERSION = re.compile(r'v2(?:\.([0-9]{1,4}))?')
_ACCEPT_PREFIX = 'application/vnd.openstack.images-'

#: How a path names the version documents themselves.
_DOCUMENTS = ('', 'versions')


class VersionNegotiation:
    """Rewrites the path to ``/v2/…``, or answers with the versions."""

    def __init__(self, application, service):
        self._application = application
        self._versions = versions.Versions(service)

    def __call__(self, environ, start_response):
        path = environ.get('PATH_INFO', '')
        accept = environ.get('HTTP_ACCEPT', '')
        if accept.startswith(_ACCEPT_PREFIX):
            named, rest = accept[len(_ACCEPT_PREFIX):], path.lstrip('/')
        else:
            named, _, rest = path.lstrip('/').partition('/')
            if named in _DOCUMENTS:
                return self._versions(environ, start_response)
        if not self._known(named):
            request = resource.Request(environ)
            return self._versions.respond(request, 300)(
                environ, start_response)
        bare = path.strip('/') == named and not path.endswith('/')
        environ['PATH_INFO'] = '/v2' if bare else f'/v2/{rest.lstrip("/")}'
        return self._application(environ, start_response)

    def _known(self, name):
        found = _VERSION.fullmatch(name)
        if not found:
            return False
        minor = found.group(1)
        return minor is None or int(minor) in self._versions.minor_versions


def filter_factory(global_conf, **local_conf):
    """For Paste."""
    service = service_module.current()
    return lambda application: VersionNegotiation(application, service)
