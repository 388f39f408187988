# SPDX-License-Identifier: Apache-2.0
"""What a service answers about all that it has, to everybody."""
import hashlib
import re
import urllib.parse

_PERSONAS = ('admin', 'alice', 'alan', 'bob')
_LISTS = ('', '?limit=3', '?visibility=public', '?visibility=all',
          '?visibility=shared&member_status=all', '?os_hidden=true',
          '?sort=name:asc,size:desc', '?status=queued', '?tag=a',
          '?os_distro=debian', '?name=cheap', '?sort_key=size&sort_dir=asc')

#: Lists whose order means nothing, and what the answers of one service
#: alone have: its address.
_UNORDERED = ('tags', 'members')
_HOST = re.compile(r'https?://127\.0\.0\.1:\d+')


def of(client):
    """:returns: dict of (persona, path) and what was answered."""
    found = {}
    for persona in _PERSONAS:
        for path in _paths(client, persona):
            found[persona, path] = _form(client.get(path, persona=persona))
    return found


def differences(theirs, ours, nulls_apart=False):
    """:returns: a line for each answer of Glance that we do not give.

    Two deliberate differences are left out: "who sees locations" and
    "images without an owner".

    :param nulls_apart: whether images without a name or size are at another
        end of a list, and lost by Glance after its first page: see
        "ascending lists on PostgreSQL".
    """
    alone = {path.split('/')[3] for (_persona, path), form in theirs.items()
             if form != 404 and isinstance(form, tuple)
             and isinstance(form[1], dict) and 'owner' in form[1]
             and form[1]['owner'] is None and path.count('/') == 3
             and path.startswith('/v2/images/')}
    if nulls_apart:
        theirs, ours = _joined(theirs), _joined(ours)
    found = []
    for persona, path in sorted({*theirs, *ours}):
        if persona != 'admin' and alone & set(path.split('/')):
            continue
        one, other = theirs.get((persona, path)), ours.get((persona, path))
        if persona != 'admin':
            one, other = _without_addresses(one), _without_addresses(other)
        if isinstance(one, list) and isinstance(other, list):
            shown = {each['id'] for each in one}
            other = [each for each in other if each['id'] in shown
                     or None not in (each.get('name', ''),
                                      each.get('size', ''))]
        if one != other:
            found.append(f'{persona} GET {path}:\n  {one}\n  {other}')
    return found


def _joined(found):
    """:returns: answers with all pages of a sorted list as one, by id."""
    joined = {}
    for (persona, path), form in found.items():
        where = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(where.query))
        if form == 403 or not {'sort', 'sort_key'} & query.keys():
            joined[persona, path] = form
            continue
        query.pop('marker', None)
        name = where.path.rpartition('/')[2]
        joined.setdefault((persona, f'{where.path} {sorted(query.items())}'),
                          []).extend(form[1][name])
    for value in joined.values():
        if isinstance(value, list):
            value.sort(key=lambda each: each['id'])
    return joined


def _without_addresses(value):
    if isinstance(value, dict):
        return {key: _without_addresses(each) for key, each in value.items()
                if key not in ('locations', 'direct_url')}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_without_addresses, value))
    return value


def _paths(client, persona):
    for query in _LISTS:
        yield from _pages(client, persona, f'/v2/images{query}')
    for path in ('/v2/tasks', '/v2/tasks?sort_key=created_at&sort_dir=asc',
                 '/v2/info/stores', '/v2/info/import'):
        yield from _pages(client, persona, path)
    for image_id in _all_images(client):
        image = f'/v2/images/{image_id}'
        yield image
        for rest in ('members', 'tasks', 'file', 'locations'):
            yield f'{image}/{rest}'
    for task in client.get('/v2/tasks', persona='admin').json['tasks']:
        yield f'/v2/tasks/{task["id"]}'


def _pages(client, persona, path):
    while path:
        yield path
        answer = client.get(path, persona=persona)
        path = answer.status == 200 and answer.json.get('next')


def _all_images(client):
    for hidden in ('false', 'true'):
        path = f'/v2/images?visibility=all&limit=1000&os_hidden={hidden}'
        for image in client.get(path, persona='admin').json['images']:
            yield image['id']


def _form(answer):
    if answer.status >= 400:
        # The sentences of errors are each service's own.
        return answer.status
    kind = answer.headers.get('Content-Type', '').split(';')[0]
    if kind != 'application/json':
        return (answer.status, kind, answer.headers.get('Content-MD5'),
                len(answer.body), hashlib.sha256(answer.body).hexdigest())
    return answer.status, _plain(answer.json)


def _plain(value, name=None):
    if isinstance(value, dict):
        return {key: _plain(each, key) for key, each in value.items()}
    if isinstance(value, list):
        items = [_plain(each) for each in value]
        return sorted(items, key=str) if name in _UNORDERED else items
    return _HOST.sub('<host>', value) if isinstance(value, str) else value
