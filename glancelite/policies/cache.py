# SPDX-License-Identifier: Apache-2.0
"""Rules for the image cache of a host."""
from glancelite.policies import roles

_CACHE = '/v2/cache'

RULES = [
    roles.guards('cache_list', roles.ADMIN,
                 'List the images in the cache, and those in its queue.',
                 f'GET {_CACHE}'),
    roles.guards('cache_image', roles.ADMIN,
                 'Put an image into the queue of the cache.',
                 f'PUT {_CACHE}/{{image_id}}'),
    roles.guards('cache_delete', roles.ADMIN,
                 'Remove an image, or all, from the cache or its queue.',
                 f'DELETE {_CACHE}/{{image_id}}', f'DELETE {_CACHE}'),
    roles.guards('cache_clean', roles.ADMIN,
                 'Remove from the cache what belongs to no image.',
                 f'POST {_CACHE}/clean'),
    roles.guards('cache_prune', roles.ADMIN,
                 'Remove the least recently used images from a cache that is '
                 'too large.', f'POST {_CACHE}/prune'),
    roles.guards('list_cached_nodes', roles.ADMIN,
                 'Ask which hosts have an image in their cache; without a '
                 'central record it is not known.',
                 f'GET {_CACHE}/nodes/{{image_id}}'),
]
