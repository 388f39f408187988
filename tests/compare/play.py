# SPDX-License-Identifier: Apache-2.0
"""Plays a scenario against one service and keeps the normalized answers."""
import json
import time

import yaml

from tests.compare import exchange
from tests.compare import normal_form
from tests.compare import scenario as scenario_file
from tests.compare import variables

SECONDS_TO_WAIT = 20
PATCH = 'application/openstack-images-v2.1-json-patch'

_PERSONAS = yaml.safe_load(
    (scenario_file.HERE / 'personas.yaml').read_text())


def identity(persona, names):
    """Return the identity headers of ``persona``."""
    who = _PERSONAS[persona]
    if who is None:
        return {}
    headers = {'X-Identity-Status': 'Confirmed',
               'X-User-Id': names.fill(who['user']),
               'X-Roles': who['roles']}
    if who['project'] is not None:
        headers['X-Project-Id'] = names.fill(who['project'])
    return headers


def _body(step, names):
    """Return (bytes or None, media type or None) of a step's request."""
    method = step.get('call').split()[0]
    if 'json' in step.fields:
        body = json.dumps(names.fill(step.get('json'))).encode()
        return body, PATCH if method == 'PATCH' else 'application/json'
    if 'bytes' in step.fields:
        return bytes(step.get('bytes')), 'application/octet-stream'
    if 'body' in step.fields:
        text = names.fill(step.get('body'))
        kind = 'application/json'
        if step.get('call').endswith(('/file', '/stage')):
            kind = 'application/octet-stream'
        return text.encode('utf-8'), PATCH if method == 'PATCH' else kind
    return None, None


def request_of(step, names):
    """Return the ``Request`` that ``step`` stands for."""
    method, path = step.get('call').split(' ', 1)
    body, kind = _body(step, names)
    headers = identity(step.persona, names)
    accept = step.get('accept', 'application/json')
    if accept is not None:
        headers['Accept'] = accept
    kind = step.get('type', kind)
    if kind is not None:
        headers['Content-Type'] = kind
    for name, value in names.fill(step.get('headers') or {}).items():
        headers[name] = str(value)
    return exchange.Request(method, names.fill(path), headers, body,
                            step.get('chunked', False))


def _member(value, path):
    for part in path.split('.'):
        try:
            value = value[int(part) if isinstance(value, list) else part]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _reached(answer, wanted):
    try:
        data = json.loads(answer.body)
    except ValueError:
        return False
    return all(_member(data, path) == value
               for path, value in wanted.items())


def _next_second():
    exchange.wait(1.01 - time.time() % 1)


class Play:
    """One scenario against one service.

    :param service: has ``transport`` (with ``send`` and ``host``), ``names``,
        the fixed variables, and ``private`` if nobody else uses it.
    """

    def __init__(self, service):
        self._transport = service.transport
        self._private = getattr(service, 'private', False)
        self._names = variables.Variables(service.names)
        self._form = normal_form.NormalForm(self._transport.host)

    def run(self, scenario):
        """Yield (step, normalized answer) for every step."""
        for step in scenario.steps:
            if step.get('tick'):
                _next_second()
            answer = self._send(step)
            self._capture(step, answer)
            yield step, self._form.of(answer, self._names.labels())

    def _send(self, step):
        request = request_of(step, self._names)
        wanted = self._names.fill(step.get('wait') or {})
        deadline = time.monotonic() + SECONDS_TO_WAIT
        answer = self._transport.send(request)
        while wanted and not _reached(answer, wanted):
            if time.monotonic() > deadline:
                break
            exchange.wait(0.1)
            answer = self._transport.send(request)
        return answer

    def _capture(self, step, answer):
        wanted = step.get('capture')
        if not wanted:
            return
        try:
            data = json.loads(answer.body)
        except ValueError:
            data = None
        for name, path in wanted.items():
            found = _member(data, path)
            self._names.set(name, f'missing {name}' if found is None
                            else found)

    def clean(self):
        """Delete the images of the scenario; in a service of our own, all."""
        admin = {**identity('admin', self._names), 'Accept': '*/*'}
        owners = [''] if self._private else [
            self._names.fill('&owner=${project.%s}' % project)
            for project in ('owner', 'other', 'third', 'operators')]
        for owner in owners:
            for hidden in ('false', 'true'):
                self._delete_images(
                    admin, f'/v2/images?visibility=all&os_hidden={hidden}'
                           f'&limit=1000{owner}')

    def _delete_images(self, headers, path):
        """Delete what the list at ``path`` names, page after page."""
        images = True
        while images:
            answer = self._transport.send(
                exchange.Request('GET', path, headers))
            images = answer.status == 200 and json.loads(
                answer.body)['images']
            deleted = [self._delete_image(headers, image)
                       for image in images or ()]
            if not any(deleted):
                return

    def _delete_image(self, headers, image):
        send = self._transport.send
        path = f'/v2/images/{image["id"]}'
        if image['protected']:
            change = [{'op': 'replace', 'path': '/protected', 'value': False}]
            send(exchange.Request(
                'PATCH', path, {**headers, 'Content-Type': PATCH},
                json.dumps(change).encode()))
        answer = send(exchange.Request('DELETE', path, headers))
        return answer.status == 204
