# SPDX-License-Identifier: Apache-2.0
"""The version documents: what is at / and at /versions."""
import webob

from glancelite import service as service_module
from glancelite.api import resource

#: Minor versions of the API, newest first; 2.18 is Glance 33's newest.
MINOR_VERSIONS = tuple(range(18, -1, -1))


class Versions:
    """A WSGI application that lists the versions.

    :param public_endpoint: URL that clients use, or None for the request's.
    """

    def __init__(self, public_endpoint):
        self._public_endpoint = public_endpoint

    def __call__(self, environ, start_response):
        request = resource.Request(environ)
        named = request.path_info.strip('/') == 'versions'
        return self.respond(request, 200 if named else 300)(
            environ, start_response)

    def respond(self, request, status):
        """:returns: the list of versions with HTTP code ``status``."""
        if request.method not in ('GET', 'HEAD', 'OPTIONS'):
            status = 300
        endpoint = self._public_endpoint or request.application_url
        links = [{'rel': 'self', 'href': f'{endpoint.rstrip("/")}/v2/'}]
        newest = MINOR_VERSIONS[0]
        response = resource.json_response({'versions': [
            {'id': f'v2.{minor}',
             'status': 'CURRENT' if minor == newest else 'SUPPORTED',
             'links': links} for minor in MINOR_VERSIONS]}, status)
        if isinstance(response, webob.Response) and request.method == 'HEAD':
            response.app_iter = ()
        return response


def app_factory(global_conf, **local_conf):
    """For Paste: the application of the service being built."""
    return Versions(service_module.current().conf.public_endpoint)
