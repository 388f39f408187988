# SPDX-License-Identifier: Apache-2.0
"""Requests that another host of the service has to serve: what they are about
was staged there.
"""
import dataclasses
import json

import webob

from glancelite import context as context_module
from glancelite import exception
from glancelite.objects import import_request

#: Says that a request was passed on already.
_MARK = 'X-Glancelite-Relayed'

#: By which the other host knows who asks, and for what.
_FIELDS = ('Accept', 'Authorization', 'X-Auth-Token', 'X-Service-Token')


@dataclasses.dataclass(repr=False)
class Relay:
    """A request that may be passed on."""

    method: str
    path: str
    fields: dict
    body: bytes = None

    @classmethod
    def of(cls, request, document=None):
        """:param document: what was the body, if there was any."""
        fields = {name: request.headers[name] for name in _FIELDS
                  if name in request.headers}
        fields.update(context_module.outgoing_fields(request.context.global_id))
        if _MARK in request.headers:
            fields[_MARK] = 'again'
        body = None
        if document is not None:
            body = json.dumps(document).encode()
            fields['Content-Type'] = 'application/json'
        return cls(request.method, request.path, fields, body)


class Relays:
    """Finds out whether, and passes on.

    :param peers: a :class:`~glancelite.fetch.peer.Peers`.
    """

    def __init__(self, peers, threads):
        self._peers = peers
        self._threads = threads

    def host(self, image):
        """:returns: the other host that has what was staged, or None."""
        host = image.properties.get(import_request.STAGE_HOST_PROPERTY)
        if image.status == 'uploading' and self._peers.is_other(host):
            return host
        return None

    def send(self, host, relay):
        """:returns: the response of ``host``.

        :raises HostUnavailable: it does not answer, or is not the one that
            it is said to be.
        """
        if _MARK in relay.fields:
            raise exception.HostUnavailable()
        status, kind, body = self._threads.wait(
            self._peers.ask, host, relay.method, relay.path,
            {**relay.fields, _MARK: 'yes'}, relay.body)
        response = webob.Response(body=body, status=status)
        response.headers.pop('Content-Type', None)
        if kind and body:
            response.headers['Content-Type'] = kind
        return response
