# SPDX-License-Identifier: Apache-2.0
"""The image cache of this host: /v2/cache, for administrators.

Where there is no cache, who may ask is told so.
"""
import webob

from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access

#: What DELETE /v2/cache removes, by the header that says so.
_TARGETS = {'': ('cache', 'queue'), 'cache': ('cache',), 'queue': ('queue',)}


class CachedImagesDeserializer(resource.Deserializer):
    """Reads requests on the cache; none has a body."""

    @staticmethod
    def clear(request):
        """What is to be removed."""
        if request.has_body:
            raise exception.BodyNotExpected()
        return {'target': request.headers.get(
            'x-image-cache-clear-target', '').lower()}


class CachedImagesController:
    """Looks into the cache, and changes it.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._access = access.ImageAccess(service)
        self._policy = service.policy
        self._cache = service.cache
        self._upkeep = service.cache_upkeep

    def index(self, context):
        """:returns: the entries, and ids of the images in the queue."""
        self._authorize(context, 'cache_list')
        return {
            'cached_images': [
                {'image_id': entry.image_id, 'hits': entry.hits,
                 'last_accessed': entry.accessed,
                 'last_modified': entry.modified, 'size': entry.size}
                for entry in self._cache.directory.entries()],
            'queued_images': self._cache.directory.queue.all()}

    def update(self, context, image_id):
        """Let an image be cached soon."""
        self._cache.enqueue(self._image(context, image_id, 'cache_image'))

    def delete(self, context, image_id):
        """Remove an image from the cache and from the queue."""
        image = self._image(context, image_id, 'cache_delete')
        self._cache.remove(image.id)

    def clear(self, context, target):
        """Remove all images from the cache, from the queue, or from both."""
        self._authorize(context, 'cache_delete')
        if target not in _TARGETS:
            raise exception.UnknownCacheTarget()
        self._cache.clear(*_TARGETS[target])

    def clean(self, context):
        """Remove what belongs to no image."""
        self._authorize(context, 'cache_clean')
        self._upkeep.clean()

    def prune(self, context):
        """:returns: what was removed, because the cache was too large."""
        self._authorize(context, 'cache_prune')
        files, freed = self._upkeep.prune()
        return {'total_files_pruned': files, 'total_bytes_pruned': freed}

    def nodes(self, context, image_id):
        """Say that each host knows its own cache alone."""
        self._authorize(context, 'list_cached_nodes')
        raise exception.CacheNotCentral()

    def _authorize(self, context, rule):
        self._policy.authorize(context, rule,
                               {'project_id': context.project_id})
        self._require_cache()

    def _image(self, context, image_id, rule):
        """:returns: the image, which the caller may see, and act on."""
        image = self._access.get(context, image_id, rule)
        self._require_cache()
        return image

    def _require_cache(self):
        if not self._cache.configured:
            raise exception.CacheNotHere()


class CachedImagesSerializer(resource.Serializer):
    """Writes answers: JSON, or nothing."""

    def update(self, request, result):
        """202: it will be cached in the background."""
        return webob.Response(status=202)

    def clean(self, request, result):
        """200, with nothing, as of Glance."""
        return webob.Response(status=200)


def create_resource(service):
    """:returns: the resource that serves ``/v2/cache``."""
    return resource.Resource(
        CachedImagesController(service), CachedImagesDeserializer(),
        CachedImagesSerializer())
