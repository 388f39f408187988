# SPDX-License-Identifier: Apache-2.0
"""Routes from a table; 405 with Allow for every path that is in it."""
import routes
import webob
import webob.exc

from glancelite.api import resource
from glancelite.i18n import _


class Router:
    """A WSGI application over (method, path, resource name, action) rows.

    :param table: the rows.
    :param resources: :class:`~glancelite.api.resource.Resource` by name.
    """

    def __init__(self, table, resources):
        self._resources = resources
        self._mapper = routes.Mapper(register=False)
        paths = {}
        for method, path, name, action in table:
            paths.setdefault(path, {})[method] = name, action
        for path, methods in paths.items():
            for method, (name, action) in methods.items():
                self._mapper.connect(
                    path, controller=name, action=action,
                    conditions={'method': [method]})
            # Before a later path with a parameter that would match as well.
            self._mapper.connect(path, controller=None,
                                 action=', '.join(methods))
        self._mapper.create_regs()

    def __call__(self, environ, start_response):
        request = resource.Request(environ)
        if not environ.get('PATH_INFO'):
            redirect = webob.Response(
                status=302, location=f'{request.path_url}/',
                content_type='text/plain', charset='utf8')
            return redirect(environ, start_response)
        try:
            found = self._mapper.match(request.path_info, environ)
        except UnicodeDecodeError:
            refusal = webob.exc.HTTPBadRequest(
                _('The path is not encoded in UTF-8.'))
            return resource.respond(refusal, environ, start_response)
        return resource.respond(self._respond(request, found), environ,
                                start_response)

    def _respond(self, request, found):
        if not found:
            return webob.exc.HTTPNotFound()
        name, action = found.pop('controller'), found.pop('action')
        if name == 'None' or name is None:
            return webob.exc.HTTPMethodNotAllowed(headers={'Allow': action})
        if any('\0' in value for part, value in found.items()
               if part.endswith(('_id', 'name'))):
            # Nothing is called that, and PostgreSQL cannot be asked.
            return webob.exc.HTTPNotFound()
        return self._resources[name].handle(request, action, found)
