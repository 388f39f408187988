# SPDX-License-Identifier: Apache-2.0
"""Rules for images, their data, locations and tags."""
from glancelite.policies import roles

_IMAGE = '/v2/images/{image_id}'

RULES = [
    roles.guards(
        'add_image',
        roles.ADMIN + ' or (role:member and project_id:%(project_id)s and '
        'project_id:%(owner)s)',
        'Create an image, for the own project unless an administrator.',
        'POST /v2/images'),
    roles.guards(
        'delete_image', roles.ADMIN_OR_MEMBER, 'Delete an image.',
        f'DELETE {_IMAGE}'),
    roles.guards(
        'get_image', roles.ADMIN_OR_READER_OF_SEEN,
        'Show an image and its tasks; be shown it in lists.',
        f'GET {_IMAGE}', f'GET {_IMAGE}/tasks', 'GET /v2/images'),
    roles.guards(
        'get_images', roles.ADMIN_OR_READER, 'List images.',
        'GET /v2/images'),
    roles.guards(
        'modify_image', roles.ADMIN_OR_MEMBER,
        'Change the properties or tags of an image; stage its data, and '
        'import it.',
        f'PATCH {_IMAGE}', f'PUT {_IMAGE}/tags/{{tag}}',
        f'DELETE {_IMAGE}/tags/{{tag}}', f'PUT {_IMAGE}/stage',
        f'POST {_IMAGE}/import'),
    roles.guards(
        'publicize_image', roles.ADMIN, 'Make an image public.',
        'POST /v2/images', f'PATCH {_IMAGE}'),
    roles.guards(
        'communitize_image', roles.ADMIN_OR_MEMBER,
        'Make an image a community image.',
        'POST /v2/images', f'PATCH {_IMAGE}'),
    roles.guards(
        'download_image', roles.ADMIN_OR_MEMBER_OF_SEEN,
        'Download image data.', f'GET {_IMAGE}/file'),
    roles.guards(
        'download_from_store', roles.ADMIN_OR_MEMBER_OF_SEEN,
        'Choose the stores that a download is served from.',
        f'GET {_IMAGE}/file?prefer={{stores}}'),
    roles.guards(
        'upload_image', roles.ADMIN_OR_MEMBER,
        'Upload image data, in one request or in several.',
        f'PUT {_IMAGE}/file', f'POST {_IMAGE}/file',
        *(f'{method} {_IMAGE}/uploads/{{upload_id}}'
          for method in ('GET', 'PATCH', 'DELETE'))),
    roles.guards(
        'delete_image_location', roles.ADMIN,
        'Remove a location of an image, and the copy of its data there.',
        f'PATCH {_IMAGE}', 'DELETE /v2/stores/{store_id}/{image_id}'),
    roles.guards(
        'get_image_location', roles.ADMIN_OR_READER,
        'See the locations of an image.', f'GET {_IMAGE}',
        'GET /v2/images'),
    roles.guards(
        'set_image_location', roles.ADMIN_OR_MEMBER,
        'Set the locations of an image.', f'PATCH {_IMAGE}'),
    roles.guards(
        'add_image_location',
        'rule:service_api or (role:member and project_id:%(project_id)s and '
        'project_id:%(owner)s)',
        'Add a location to a queued image.', f'POST {_IMAGE}/locations'),
    roles.guards(
        'fetch_image_location', 'rule:service_api',
        'Fetch the locations of an image.', f'GET {_IMAGE}/locations'),
    roles.guards(
        'deactivate', roles.ADMIN, 'Deactivate an image.',
        f'POST {_IMAGE}/actions/deactivate'),
    roles.guards(
        'reactivate', roles.ADMIN, 'Reactivate an image.',
        f'POST {_IMAGE}/actions/reactivate'),
    roles.guards(
        'copy_image', roles.ADMIN,
        'Copy the data of an image to further stores.',
        f'POST {_IMAGE}/import'),
]
