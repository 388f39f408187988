# SPDX-License-Identifier: Apache-2.0
"""The requests that are measured, each a function of a client and a number.
"""
import itertools
import random

from tests.bench import catalogue_rows
from tests.bench import wire

_PATCH = 'application/openstack-images-v2.1-json-patch'

#: A project with a tenth of the catalogue, and one with three images of
#: others.
MEMBER = (catalogue_rows.project(0), 'member,reader')
GUEST = (catalogue_rows.GUEST, 'member,reader')


class Catalogue:
    """What is asked of one service; images it makes are deleted again.

    :param client: a :class:`~tests.bench.wire.Client`.
    :param size: images in the catalogue.
    """

    def __init__(self, client, size):
        self._client = client
        self._chance = random.Random(size)
        self._numbers = itertools.count()
        page = self._list('', MEMBER).document['images']
        self._ids = [image['id'] for image in page
                     if image['owner'] == MEMBER[0]]
        self._deep = self._marker_near_the_end(size)
        self._many = [image['id'] for image in self._list(
            '?limit=1000&visibility=all', wire.ADMIN).document['images']]
        self._made = []

    def _list(self, query, caller=MEMBER):
        return self._client.ask('GET', f'/v2/images{query}', caller)

    def _marker_near_the_end(self, size):
        """:returns: the id of an image that few are older than."""
        oldest = self._list('?limit=1000&sort=created_at:asc')
        images = oldest.document['images']
        return images[min(len(images) - 1, max(30, size // 50))]['id']

    def list_by_property(self):
        """By a property that one image in a thousand has."""
        return self._list(
            f'?pipeline=pipeline-{self._chance.randrange(100) * 10:04}')

    def list_by_tag(self):
        """By a tag that one image in a hundred has."""
        return self._list(f'?tag=tag-{self._chance.randrange(200):03}')

    def list_by_name(self):
        """By a name."""
        number = self._chance.randrange(100) * 10
        return self._list(f'?name={catalogue_rows.name(number)}')

    def list_by_ids(self):
        """By a thousand ids, as ``in:`` has them."""
        return self._list(f'?limit=1000&id=in:{",".join(self._many)}',
                          wire.ADMIN)

    def list_deep(self):
        """A page near the end."""
        return self._list(f'?marker={self._deep}')

    def list_deep_by_name(self):
        """A page near the end, in another order."""
        return self._list(f'?marker={self._deep}&sort=name:desc')

    def show(self):
        """One image."""
        return self._client.ask(
            'GET', f'/v2/images/{self._chance.choice(self._ids)}', MEMBER)

    def create(self):
        """An image with ten properties."""
        number = next(self._numbers)
        answer = self._client.ask('POST', '/v2/images', MEMBER, {
            'name': f'new-{number}', 'disk_format': 'qcow2',
            'container_format': 'bare',
            **{f'property-{each}': f'value {number} of {each}'
               for each in range(10)}})
        self._made.append(answer.document['id'])
        return answer

    def patch(self):
        """Two fields of an image: its name and a property."""
        number = next(self._numbers)
        if not self._made:
            self.create()
        return self._client.ask(
            'PATCH', f'/v2/images/{self._made[-1]}', MEMBER,
            [{'op': 'replace', 'path': '/name', 'value': f'old-{number}'},
             {'op': 'replace', 'path': '/property-3',
              'value': f'changed {number}'}], _PATCH)

    def delete(self):
        """An image without data."""
        if not self._made:
            self.create()
        return self._client.ask(
            'DELETE', f'/v2/images/{self._made.pop()}', MEMBER)

    def delete_all(self):
        """Delete what is left of what was made."""
        while self._made:
            self.delete()


def _list(query, caller=MEMBER):
    return lambda catalogue: catalogue._list(query, caller)


#: Requests by title, in the order of the table.
REQUESTS = {
    'list of 25': _list(''),
    'list of 25, administrator': _list('', wire.ADMIN),
    'list of 1000': _list('?limit=1000'),
    'list of 1000, administrator': _list('?limit=1000', wire.ADMIN),
    'list of 25, all visibilities': _list('?visibility=all'),
    'list of 25, community': _list('?visibility=community'),
    'list of 25, shared': _list('?visibility=shared'),
    'list of 3 shared images': _list('?visibility=shared', GUEST),
    'list of 25, guest': _list('', GUEST),
    'list of 25 near the end': Catalogue.list_deep,
    'list of 25 near the end by name': Catalogue.list_deep_by_name,
    'list by rare property': Catalogue.list_by_property,
    'list by common property': _list('?os_distro=debian'),
    'list by property and tag': _list('?os_distro=debian&tag=tag-007'),
    'list by tag': Catalogue.list_by_tag,
    'list by name': Catalogue.list_by_name,
    'list by status': _list('?status=queued'),
    'list by owner, administrator': _list(
        f'?owner={catalogue_rows.project(3)}', wire.ADMIN),
    'list by size': _list('?size_min=1000000000'),
    'list by disk format': _list('?disk_format=iso'),
    'list by min_disk': _list('?min_disk=20'),
    'list by protected': _list('?protected=true'),
    'list by time': _list('?created_at=lt:2023-01-02T00:00:00Z'),
    'list by 1000 ids': Catalogue.list_by_ids,
    **{f'list of 25 by {key}': _list(f'?sort={key}:asc') for key in (
        'id', 'name', 'status', 'container_format', 'disk_format', 'size',
        'updated_at')},
    'list of 25 by size, descending': _list('?sort=size:desc'),
    'show': Catalogue.show,
    'create, 10 properties': Catalogue.create,
    'patch, 2 fields': Catalogue.patch,
    'delete': Catalogue.delete,
}
