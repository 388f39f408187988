# SPDX-License-Identifier: Apache-2.0
"""Who asks: identity headers made into a RequestContext.

Whoever authenticates (keystonemiddleware, or one of the two filters here)
leaves X-User-Id, X-Project-Id, X-Roles and X-Identity-Status; a client's own
headers of those names are taken away first.
"""
from glancelite import context as context_module
from glancelite import exception
from glancelite import service as service_module
from glancelite.api import resource

_IDENTITY_HEADERS = ('HTTP_X_USER_ID', 'HTTP_X_USER_NAME', 'HTTP_X_PROJECT_ID',
                     'HTTP_X_PROJECT_NAME', 'HTTP_X_TENANT_ID', 'HTTP_X_ROLES',
                     'HTTP_X_ROLE', 'HTTP_X_SERVICE_ROLES',
                     'HTTP_X_IDENTITY_STATUS', 'HTTP_X_SYSTEM_SCOPE',
                     'HTTP_X_IS_ADMIN_PROJECT', 'HTTP_X_SERVICE_CATALOG')


def identify(environ, user_id, project_id, roles):
    """Leave the identity of an authenticated caller in ``environ``."""
    for name in _IDENTITY_HEADERS:
        environ.pop(name, None)
    environ.update(HTTP_X_IDENTITY_STATUS='Confirmed',
                   HTTP_X_USER_ID=user_id, HTTP_X_PROJECT_ID=project_id,
                   HTTP_X_ROLES=','.join(roles))


class NoAuthentication:
    """Makes every request the configured user's."""

    def __init__(self, application, options):
        self._application = application
        self._identity = (options.user_id, options.project_id,
                          list(options.roles))

    def __call__(self, environ, start_response):
        identify(environ, *self._identity)
        return self._application(environ, start_response)


class ContextMiddleware:
    """Builds the context, or answers 401 when nobody is identified."""

    def __init__(self, application, policy, allow_anonymous):
        self._application = application
        self._policy = policy
        self._allow_anonymous = allow_anonymous

    def __call__(self, environ, start_response):
        context = self._context(environ)
        if context is None:
            refusal = resource.error_response(exception.Unauthorized())
            return resource.respond(refusal, environ, start_response)
        context.is_admin = self._policy.check(
            context, 'context_is_admin', {})
        environ[resource.CONTEXT] = context
        return self._application(environ, start_response)

    def _context(self, environ):
        if environ.get('HTTP_X_IDENTITY_STATUS') == 'Confirmed':
            return context_module.RequestContext.from_environ(
                environ)
        if self._allow_anonymous:
            return context_module.RequestContext(
                read_only=True,
                request_id=environ.get('openstack.request_id'))
        return None


def noauth_factory(global_conf, **local_conf):
    """For Paste: no authentication."""
    options = service_module.current().conf.noauth
    return lambda application: NoAuthentication(application, options)


def context_factory(global_conf, **local_conf):
    """For Paste: the context of an authenticated request."""
    service = service_module.current()
    return lambda application: ContextMiddleware(
        application, service.policy, service.conf.allow_anonymous_access)
