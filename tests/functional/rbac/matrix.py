# SPDX-License-Identifier: Apache-2.0
"""Asks a service everything that depends on who asks: a table of statuses.

A persona is a role in a project; the project stands in a relation to the
image. Each call is sent by every persona to every kind of image; what
succeeded is made good again, so that the next one finds the image as it was.
"""
import dataclasses
import itertools
import json
import uuid

from tests.compare import exchange
from tests.functional import client

ROLES = {
    'none': '',
    'reader': 'reader',
    'member': 'member,reader',
    'admin': 'admin,member,reader',
    'service': 'service',
}
RELATIONS = ('owner', 'pending', 'accepted', 'rejected', 'other')
VISIBILITIES = ('public', 'community', 'shared', 'private')
STATUSES = ('queued', 'active', 'deactivated')
#: Kinds of images, such as 'shared active'.
KINDS = tuple(' '.join(pair)
              for pair in itertools.product(VISIBILITIES, STATUSES))

_IMAGES = '/v2/images'
_DATA = b'0123456789'


@dataclasses.dataclass(frozen=True)
class Call:
    """One call on an image.

    ``path`` follows the image's own; ``{member}`` in it is the caller's
    project where that is a member, the accepted one otherwise. ``undo``
    names the method of ``World`` that makes a success good.
    """

    name: str
    method: str
    path: str = ''
    body: object = None
    type: str = 'application/json'
    undo: str | None = None


def _change(op, name, value=None):
    return [{'op': op, 'path': f'/{name}', 'value': value}]


CALLS = (
    Call('show', 'GET'),
    Call('download', 'GET', '/file'),
    Call('update', 'PATCH', '', _change('add', 'color', 'red'),
         client.PATCH_V21),
    *(Call(f'make {visibility}', 'PATCH', '',
           _change('replace', 'visibility', visibility), client.PATCH_V21,
           'restore_visibility') for visibility in VISIBILITIES),
    Call('add tag', 'PUT', '/tags/new'),
    Call('delete tag', 'DELETE', '/tags/kept', undo='restore_tag'),
    Call('list members', 'GET', '/members'),
    Call('show member', 'GET', '/members/{member}'),
    Call('add member', 'POST', '/members', {'member': 'new'},
         undo='remove_member'),
    Call('update member', 'PUT', '/members/{member}',
         {'status': 'accepted'}, undo='rebuild'),
    Call('delete member', 'DELETE', '/members/{member}', undo='rebuild'),
    Call('deactivate', 'POST', '/actions/deactivate', undo='rebuild'),
    Call('reactivate', 'POST', '/actions/reactivate', undo='rebuild'),
    Call('get locations', 'GET', '/locations'),
    Call('add location', 'POST', '/locations',
         {'url': 'http://127.0.0.1:1/x'}, undo='rebuild'),
    Call('list tasks', 'GET', '/tasks'),
    Call('import', 'POST', '/import', {'method': {'name': 'glance-direct'}},
         undo='rebuild'),
    Call('stage', 'PUT', '/stage', _DATA, client.OCTET_STREAM, 'rebuild'),
    Call('upload', 'PUT', '/file', _DATA, client.OCTET_STREAM, 'rebuild'),
    Call('delete', 'DELETE', undo='rebuild'),
)

#: Lists, whose answer is whether the image is in it, by their query.
LISTS = {
    'in the list': '',
    'in the list of all': '&visibility=all&member_status=all',
}


class Unexpected(Exception):
    """The world could not be built: a request to set it up failed."""


class World:
    """Projects, and one image of every kind, in one service.

    :param transport: has ``send``, for an ``exchange.Request``.
    :param kinds: the kinds of images to build.
    """

    def __init__(self, transport, kinds=KINDS):
        self._transport = transport
        self._projects = {relation: uuid.uuid4().hex
                          for relation in RELATIONS}
        self.images = {kind: None for kind in kinds}
        for kind in kinds:
            self.rebuild(kind)

    def send(self, method, path, role, relation, body=None,
             type='application/json'):
        """Return the ``exchange.Answer`` to a request of a persona."""
        headers = {
            'X-Identity-Status': 'Confirmed', 'X-User-Id': 'somebody',
            'X-Project-Id': self._projects[relation],
            'X-Roles': ROLES[role], 'Accept': 'application/json'}
        if body is not None:
            headers['Content-Type'] = type
            if not isinstance(body, bytes):
                body = json.dumps(body).encode()
        return self._transport.send(
            exchange.Request(method, path, headers, body))

    def ask(self, call, kind, role, relation):
        """Return the status of a call by a persona; undo what it did."""
        member = relation if relation in ('pending', 'accepted', 'rejected'
                                          ) else 'accepted'
        path = call.path.format(member=self._projects[member])
        answer = self.send(
            call.method, f'{_IMAGES}/{self.images[kind]}{path}', role,
            relation, call.body, call.type)
        if call.undo and answer.status < 300:
            getattr(self, call.undo)(kind)
        return answer.status

    def listed(self, query, role, relation):
        """Return, by kind, whether a persona's list has the image."""
        answer = self.send('GET', f'{_IMAGES}?limit=1000{query}', role,
                           relation)
        if answer.status != 200:
            return {kind: answer.status for kind in self.images}
        found = {image['id'] for image in json.loads(answer.body)['images']}
        return {kind: 'yes' if identifier in found else 'no'
                for kind, identifier in self.images.items()}

    def create(self, visibility, role, relation):
        """Return the status of creating an image; delete it again."""
        answer = self.send('POST', _IMAGES, role, relation,
                           {'visibility': visibility})
        if answer.status == 201:
            identifier = json.loads(answer.body)['id']
            self._must('DELETE', f'/{identifier}')
        return answer.status

    def _must(self, method, path, body=None, type='application/json',
              role='admin', relation='other'):
        answer = self.send(method, _IMAGES + path, role, relation, body, type)
        if answer.status >= 300:
            raise Unexpected(f'{method} {path}: {answer.status} '
                             f'{answer.body!r}')
        return answer

    def rebuild(self, kind):
        """Make a fresh image of that kind."""
        visibility, status = kind.split()
        made = json.loads(self._must(
            'POST', '', {'disk_format': 'raw', 'container_format': 'bare',
                         'tags': ['kept'], 'visibility': 'shared'},
            role='member', relation='owner').body)
        image = f'/{made["id"]}'
        for relation in ('pending', 'accepted', 'rejected'):
            project = self._projects[relation]
            self._must('POST', f'{image}/members', {'member': project})
            self._must('PUT', f'{image}/members/{project}',
                       {'status': relation})
        if status != 'queued':
            self._must('PUT', f'{image}/file', _DATA, client.OCTET_STREAM)
        if status == 'deactivated':
            self._must('POST', f'{image}/actions/deactivate')
        self.images[kind] = made['id']
        self.restore_visibility(kind)

    def restore_visibility(self, kind):
        """Make the image as visible as its kind says."""
        self._must('PATCH', f'/{self.images[kind]}',
                   _change('replace', 'visibility', kind.split()[0]),
                   client.PATCH_V21)

    def restore_tag(self, kind):
        """Put back the tag that every image has."""
        self._must('PUT', f'/{self.images[kind]}/tags/kept')

    def remove_member(self, kind):
        """Remove the member that was added."""
        self._must('DELETE', f'/{self.images[kind]}/members/new')


def play(transport, kinds=KINDS, calls=CALLS):
    """Ask everything; return {call: {kind: {relation: {role: answer}}}}."""
    world = World(transport, kinds)
    table = {}

    def note(call, kind, relation, role, answer):
        by_kind = table.setdefault(call, {}).setdefault(kind, {})
        by_kind.setdefault(relation, {})[role] = str(answer)

    personas = list(itertools.product(RELATIONS, ROLES))
    for name, query in LISTS.items():
        for relation, role in personas:
            found = world.listed(query, role, relation)
            for kind, answer in found.items():
                note(name, kind, relation, role, answer)
    for call, kind in itertools.product(calls, kinds):
        for relation, role in personas:
            note(call.name, kind, relation, role,
                 world.ask(call, kind, role, relation))
    return table


def play_create(transport):
    """Ask who may create what; the kinds are visibilities."""
    world = World(transport, ())
    return {'create': {
        visibility: {'owner': {
            role: str(world.create(visibility, role, 'owner'))
            for role in ROLES}}
        for visibility in VISIBILITIES}}
