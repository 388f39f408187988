# SPDX-License-Identifier: Apache-2.0
"""An id for every request, in its context, its log lines and its answer.

A caller may bring its own, as Nova does to follow a request through the
cloud; it is taken over unless it is too long or no id at all.
"""
import re

from oslo_context import context

from glancelite import service as service_module

ENVIRON_KEY = 'openstack.request_id'
_GLOBAL_KEY = 'openstack.global_request_id'
HEADER = 'x-openstack-request-id'

_PREFIX = 'req-'

#: What can stand in a header and in a log line without harm.
_PLAIN = re.compile(r'[\x21-\x7e][\x20-\x7e]*')


class RequestId:
    """Names each request.

    :param longest: characters that a caller's own id may have.
    """

    def __init__(self, application, longest):
        self._application = application
        self._longest = longest

    def __call__(self, environ, start_response):
        own = environ.get('HTTP_X_OPENSTACK_REQUEST_ID', '')
        name = self._name(own)
        environ[ENVIRON_KEY] = name
        if name.endswith(own) and own:
            # The log names it as that of the whole cloud, too.
            environ[_GLOBAL_KEY] = name

        def start(status, headers, exc_info=None):
            headers.append((HEADER, name))
            return start_response(status, headers, exc_info)
        return self._application(environ, start)

    def _name(self, own):
        if len(own) > self._longest or not _PLAIN.fullmatch(own):
            return context.generate_request_id()
        return own if own.startswith(_PREFIX) else f'{_PREFIX}{own}'


def filter_factory(global_conf, **local_conf):
    """For Paste."""
    longest = service_module.current().conf.max_request_id_length
    return lambda application: RequestId(application, longest)
