# SPDX-License-Identifier: Apache-2.0
"""Deletion: the record goes first, then the bytes, then the lease.

What a crash leaves undone, the lease tells to whoever recovers it.
"""
from oslo_log import log

from glancelite import exception
from glancelite.objects import import_request
from glancelite.objects import lease as lease_object

LOG = log.getLogger(__name__)


class Deleter:
    """Deletes images and their data.

    :param conf: for ``delayed_delete``.
    :param images: the repository of images.
    :param leases: the repository of leases.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param remover: a :class:`~glancelite.data.removal.Remover`.
    :param peers: a :class:`~glancelite.fetch.peer.Peers`.
    """

    def __init__(self, conf, images, leases, holder, remover, peers):
        self._peers = peers
        self._delayed = conf.delayed_delete
        self._images = images
        self._leases = leases
        self._holder = holder
        self._remover = remover

    def delete(self, context, image):
        """Delete ``image`` and every copy of its data.

        With delayed_delete the data stays until a scrubber removes it.

        :raises ImageProtected: it is protected.
        :raises ImageInUse: something in a store is made of its data.
        :raises ImageChanged: another request changed or deleted it.
        """
        if image.protected:
            raise exception.ImageProtected(image_id=image.id)
        image.require_transition('deleted')
        self._remover.require_unused(image, image.locations)
        if self._delayed and image.locations:
            self._images.delete(context, image, status='pending_delete')
        elif image.status == 'queued' and not image.locations:
            self._images.delete(context, image)
        else:
            self._delete_with_data(context, image)

    def _delete_with_data(self, context, image):
        lease = lease_object.Lease(image.id, lease_object.DELETE, {
            'staged': image.status in ('uploading', 'importing')})
        host = image.properties.get(import_request.STAGE_HOST_PROPERTY)
        if host:
            lease.detail['host'] = host
        self._images.delete(context, image, lease)
        if self._peers.is_other(lease.detail.get('host')):
            LOG.info('Image %s is deleted; the host that has its staged data '
                     'removes it', image.id)
            return
        with self._holder.holding(lease):
            self._finish(image, lease)

    def _finish(self, image, lease):
        try:
            self._remover.remove_all(lease)
            if 'token' not in lease.detail:
                self._leases.release(lease)
            # Else who wrote may go on until it finds that it has lost its
            # lease, and die before it cleans up: so ours stays until it
            # runs out, and whoever finds it then looks once more.
        except Exception:
            # The image is gone for its users; its bytes go when the lease
            # has run out.
            LOG.exception('Image %s is deleted; its data is not yet',
                          image.id)
