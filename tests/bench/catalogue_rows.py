# SPDX-License-Identifier: Apache-2.0
"""A made-up catalogue: image number n is the same in every database.

Sizes, projects and values are spread as in a real one: some projects have
many images and most have few, most images are private, a few are hidden.
"""
import datetime
import json
import random
import uuid

from glancelite.db import models

#: How many images there are for each project.
_IMAGES_A_PROJECT = 200
_TAGS = 200
_BEGINNING = datetime.datetime(2023, 1, 1)
_APART = datetime.timedelta(seconds=97)

#: (visibility, part of all images)
_VISIBILITIES = (('private', .70), ('shared', .25), ('community', .03),
                 ('public', .02))
_STATUSES = (('active', .96), ('queued', .03), ('deactivated', .01))

#: A project that has no image of its own, and three shared with it.
GUEST = 'project-guest'
_GUESTS_IMAGES = (100, 400, 900)

_DISTROS = ('ubuntu', 'debian', 'centos', 'rhel', 'fedora', 'opensuse',
            'windows', 'cirros')
_WORDS = ('hardened', 'minimal', 'with monitoring', 'nightly', 'for GPU nodes',
          'golden image', 'long-term support', 'built from the pipeline')


def project(number):
    """:returns: the id of a project."""
    return f'project-{number:05}'


def name(number):
    """:returns: the name of image ``number``; it sorts by number."""
    return f'image-{number:08}'


def rows(number):
    """:returns: {table: rows} of the image ``number``."""
    chance = random.Random(number)
    image = _image(number, chance)
    made = {'created_at': image['created_at'],
            'updated_at': image['updated_at'], 'deleted': False}
    listed = {'image_created_at': image['created_at'], **made}
    found = {
        models.images: [image],
        models.image_properties: [
            {'image_id': image['id'], 'name': key, 'value': value, **listed}
            for key, value in _properties(number, chance).items()],
        models.image_tags: [
            {'image_id': image['id'], 'value': f'tag-{tag:03}', **listed}
            for tag in chance.sample(range(_TAGS), 2)],
        models.image_locations: [], models.image_members: [],
    }
    if image['status'] != 'queued':
        found[models.image_locations].append({
            'image_id': image['id'], 'value': f'file:///store/{image["id"]}',
            'meta_data': json.dumps({'store': 'fast'}), 'status': 'active',
            **made})
    if image['visibility'] == 'shared':
        found[models.image_members] += [
            {'image_id': image['id'], 'member': member, 'can_share': False,
             'status': status, **listed}
            for member, status in _members(number, chance)]
    return found


def _image(number, chance):
    created = _BEGINNING + number * _APART
    status = _choose(_STATUSES, chance)
    guests = number in _GUESTS_IMAGES
    active = status != 'queued'
    return {
        'id': str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        'name': name(number), 'status': status,
        'size': int(10 ** chance.uniform(7, 10.5)) if active else None,
        'virtual_size': 10 << 30 if active else None,
        'created_at': created,
        'updated_at': created + datetime.timedelta(
            seconds=chance.randrange(10_000_000)),
        'deleted': False,
        'disk_format': chance.choice(('qcow2', 'qcow2', 'raw', 'iso')),
        'container_format': 'bare',
        'checksum': f'{chance.getrandbits(128):032x}' if active else None,
        'os_hash_algo': 'sha512' if active else None,
        'os_hash_value': (f'{chance.getrandbits(512):0128x}' if active
                          else None),
        'owner': project(_project_number(number, chance)),
        'min_disk': chance.choice((0, 10, 20)), 'min_ram': 0,
        'protected': chance.random() < .05,
        'os_hidden': not guests and chance.random() < .05,
        'visibility': ('shared' if guests
                       else _choose(_VISIBILITIES, chance)),
    }


def _project_number(number, chance):
    """Every tenth image is project 0's; the others have ever fewer."""
    if number % 10 == 0:
        return 0
    projects = number // _IMAGES_A_PROJECT + 10
    return int(projects * chance.random() ** 2)


def _properties(number, chance):
    distro = chance.choice(_DISTROS)
    return {
        'os_type': 'windows' if distro == 'windows' else 'linux',
        'os_distro': distro,
        'os_version': f'{chance.randrange(1, 30)}.{chance.randrange(10)}',
        'architecture': chance.choice(('x86_64', 'x86_64', 'aarch64')),
        'hw_disk_bus': chance.choice(('virtio', 'scsi')),
        'hw_vif_model': 'virtio',
        'hw_machine_type': 'q35',
        'hw_firmware_type': chance.choice(('uefi', 'bios')),
        'hw_qemu_guest_agent': 'yes',
        'hw_rng_model': 'virtio',
        'os_require_quiesce': chance.choice(('yes', 'no')),
        'build_id': f'build-{number:08}',
        'pipeline': f'pipeline-{number % 1000:04}',
        'base_image': str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        'description': f'{distro}, ' + ', '.join(
            chance.sample(_WORDS, chance.randrange(1, 6))),
    }


def _members(number, chance):
    members = {project(chance.randrange(number // _IMAGES_A_PROJECT + 10)):
               chance.choice(('accepted', 'accepted', 'pending'))
               for _each in range(chance.randrange(6))}
    if number in _GUESTS_IMAGES:
        members[GUEST] = 'accepted'
    return members.items()


def _choose(parts, chance):
    rest = chance.random()
    for value, part in parts:
        rest -= part
        if rest < 0:
            return value
    return parts[0][0]
