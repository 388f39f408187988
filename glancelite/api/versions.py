# SPDX-License-Identifier: Apache-2.0
"""The version documents: what is at / and at /versions."""
from glancelite import service as service_module
from glancelite.api import resource

#: Minor versions in the order Glance 33 lists them, which is not theirs; the
#: ones about several stores are there where several are configured.
_SINGLE_STORE = (15, 9, 17, 7, 6, 5, 4, 3, 2, 1, 0)
_MULTIPLE_STORES = (15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0)

#: Those that there are besides with an image cache, and then in order.
_OF_CACHE = (18, 16, 14)


class Versions:
    """A WSGI application that lists the versions.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._public_endpoint = service.conf.public_endpoint
        self.minor_versions = (_MULTIPLE_STORES if service.stores.multiple
                               else _SINGLE_STORE)
        if service.cache.configured:
            self.minor_versions = sorted(
                (*self.minor_versions, *_OF_CACHE), reverse=True)
        self._current = max(self.minor_versions)

    def __call__(self, environ, start_response):
        request = resource.Request(environ)
        named = request.path_info.strip('/') == 'versions'
        return self.respond(request, 200 if named else 300)(
            environ, start_response)

    def respond(self, request, status):
        """:returns: the list of versions with HTTP code ``status``."""
        endpoint = self._public_endpoint or request.application_url
        links = [{'rel': 'self', 'href': f'{endpoint.rstrip("/")}/v2/'}]
        return resource.json_response({'versions': [
            {'id': f'v2.{minor}',
             'status': 'CURRENT' if minor == self._current else 'SUPPORTED',
             'links': links} for minor in self.minor_versions]}, status)


def app_factory(global_conf, **local_conf):
    """For Paste: the application of the service being built."""
    return Versions(service_module.current())
