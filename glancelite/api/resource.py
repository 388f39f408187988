# SPDX-License-Identifier: Apache-2.0
"""One call: deserializer, controller, serializer; and errors as responses.

This is the one place where an error becomes a response.
"""
import json

import orjson
from oslo_log import log
import webob
import webob.exc

from glancelite import exception
from glancelite.api import body
from glancelite.i18n import _

LOG = log.getLogger(__name__)

#: The environ key under which the context middleware leaves the context.
CONTEXT = 'glancelite.context'

#: The registry that names the types of problems.
_PROBLEMS = 'https://iana.org/assignments/http-problem-types'


class Request(webob.Request):
    """A request, with what deserializers ask of it."""

    @property
    def context(self):
        """:returns: the :class:`RequestContext` of the caller."""
        return self.environ[CONTEXT]

    def json_document(self, limit):
        """:returns: the body as JSON.

        :param limit: bytes the body may have.
        :raises TooLarge: the body is larger.
        :raises IncompleteBody: it breaks off.
        :raises MalformedJson: the body is not JSON in UTF-8.
        """
        document = body.BodyStream(self).read(limit + 1)
        if len(document) > limit:
            raise exception.BodyTooLarge(limit=limit)
        if not document:
            raise exception.BodyMissing()
        try:
            # Constants such as NaN are no JSON; RFC 8259, section 6.
            return json.loads(document, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise exception.MalformedJson() from None

    def query_pairs(self):
        """:returns: (name, value) of every query parameter, in order.

        :raises Invalid: the query string is not encoded in UTF-8.
        """
        try:
            return list(self.GET.items())
        except UnicodeDecodeError:
            raise exception.Invalid(
                'The query string is not encoded in UTF-8.') from None

    @property
    def has_body(self):
        """:returns: whether a body was sent or announced."""
        return bool(self.content_length) or (
            'chunked' in self.headers.get('Transfer-Encoding', '').lower())


def _refuse_constant(name):
    raise ValueError(name)


def json_response(document, status=200):
    """:returns: a response with ``document`` as JSON."""
    return webob.Response(body=orjson.dumps(document), status=status,
                          content_type='application/json', charset=None)


class Deserializer:
    """Turns a request into keyword arguments of the controller's action.

    A subclass has a method for each action that reads query or body.
    """

    def deserialize(self, request, action):
        """:returns: keyword arguments.

        :raises BodyNotExpected: a body came where none belongs.
        """
        method = getattr(self, action, None)
        if method is not None:
            return method(request)
        if request.has_body:
            raise exception.BodyNotExpected()
        return {}


class Serializer:
    """Turns what the controller returned into a response.

    A subclass has a method for each action that differs from these defaults.
    """

    def serialize(self, request, action, result):
        """:returns: the response: JSON, or 204 when there is no result."""
        method = getattr(self, action, None)
        if method is not None:
            return method(request, result)
        if result is None:
            return webob.Response(status=204)
        return json_response(result)

    def error(self, request, error):
        """:returns: the response that tells of ``error``."""
        return error_response(error)


class Resource:
    """The calls on one noun.

    :param controller: has a method for each action.
    """

    def __init__(self, controller, deserializer=None, serializer=None):
        self._controller = controller
        self._deserializer = deserializer or Deserializer()
        self._serializer = serializer or Serializer()

    def handle(self, request, action, arguments):
        """:returns: the response to ``request``, an error's included.

        :param action: name of the controller's method.
        :param arguments: what the route found in the path.
        """
        try:
            arguments.update(
                self._deserializer.deserialize(request, action))
            result = getattr(self._controller, action)(
                request.context, **arguments)
            return self._serializer.serialize(request, action, result)
        except webob.exc.HTTPException as response:
            return response
        except exception.GlanceliteError as error:
            return self._serializer.error(request, error)
        except Exception:
            LOG.exception('Unexpected error in %s', action)
            return unexpected()


def respond(response, environ, start_response):
    """Call a response, as a WSGI application.

    WebOb's own errors answer HEAD with the headers of an empty page; the
    headers of GET are wanted (RFC 9110, section 9.3.2).
    """
    if (environ['REQUEST_METHOD'] == 'HEAD'
            and isinstance(response, webob.exc.WSGIHTTPException)):
        response = response.generate_response
    return response(environ, start_response)


def unexpected():
    """:returns: what is told of an error that the log tells of."""
    return webob.exc.HTTPInternalServerError(_(
        'The server has either erred or is incapable of performing '
        'the requested operation.'))


def error_response(error):
    """:returns: ``error`` as a response: JSON, HTML or text as accepted."""
    if isinstance(error, exception.Problem):
        return _problem_response(error)
    kind = webob.exc.status_map.get(error.code)
    if kind is None:
        kind = webob.exc.HTTPInternalServerError
    # WebOb has a text of its own for some codes; there ours follows it.
    own_text = '${explanation}' not in kind.body_template_obj.template
    words = 'detail' if own_text or error.is_detail else 'explanation'
    return kind(headers=error.headers, **{words: str(error)})


def _problem_response(error):
    """:returns: ``error`` as problem details; RFC 9457."""
    response = json_response({
        'type': f'{_PROBLEMS}#{error.problem}', 'title': str(error),
        'status': error.code, **error.members}, error.code)
    response.content_type = 'application/problem+json'
    response.headers.update(error.headers)
    return response
