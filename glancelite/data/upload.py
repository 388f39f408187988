# SPDX-License-Identifier: Apache-2.0
"""An upload: queued -> saving -> active, or back to queued.

The one writer of image data: whatever brings bytes ends here.
"""
import contextlib

from oslo_log import log

from glancelite import exception
from glancelite.data import streams
from glancelite.objects import image as image_object

LOG = log.getLogger(__name__)


class Uploader:
    """Stores the bytes of an image and makes it active.

    :param conf: for ``hashing_algorithm``, ``transfer_block_size``,
        ``image_size_cap`` and ``require_image_format_match``.
    :param images: the repository of images.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param quota: a :class:`~glancelite.quota.Quota`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    """

    def __init__(self, conf, images, stores, quota, threads):
        self._images = images
        self._stores = stores
        self._quota = quota
        self._threads = threads
        self._algorithm = conf.hashing_algorithm
        self._block_size = conf.transfer_block_size
        self._match = conf.image_format.require_image_format_match

    def upload(self, context, image, source, size=None, store=None,
               digests=()):
        """Store what ``source`` gives as the data of ``image``.

        :param source: has ``read(size)``.
        :param size: bytes announced, or None.
        :param store: identifier of a store, None for the default one.
        :param digests: (hashlib name, bytes) pairs the data must have.
        :raises InvalidTransition: the image is not queued.
        :raises FormatsNotSet: disk_format or container_format is missing.
        :raises SizeMismatch, DigestMismatch: the data is not what was
            announced.
        :raises ImageGone: the image was deleted meanwhile.
        :raises QuotaExceeded, ImageTooLarge, StorageFull, StoreUnavailable:
            the data cannot be kept. Nothing of it is left behind, and the
            image is queued again, whatever was raised.
        """
        driver = self._stores.writable(store)
        image.require_transition('saving')
        _require_formats(image)
        with self._quota.reserve(context, image, size) as limit:
            with self._saving(context, image):
                self._store(context, image, source, driver, limit, size,
                            digests)

    @contextlib.contextmanager
    def _saving(self, context, image):
        """The image is ours in status saving; queued again on failure."""
        self._take(context, image)
        try:
            yield
        except BaseException as error:
            self._give_back(context, image, error)
            raise

    def _take(self, context, image):
        try:
            self._images.move(context, image, 'saving',
                              from_status=image.status)
        except exception.ImageChanged:
            current = self._images.get(context, image.id)
            current.require_transition('saving')
            raise

    def _give_back(self, context, image, error):
        try:
            self._images.move(context, image, 'queued', from_status='saving')
        except exception.ImageChanged:
            raise exception.ImageGone(image_id=image.id) from error

    def _store(self, context, image, source, driver, limit, size, digests):
        writer = self._threads.wait(driver.writer, image.id, size)
        try:
            facts = self._receive(image, source, writer, limit, size, digests)
            url = self._threads.wait(writer.commit)
            image.values.update(facts)
            image.locations.append(image_object.Location(
                url, self._stores.metadata(driver)))
            image.move_to('active')
            self._images.save(context, image, from_status='saving')
        except BaseException:
            image.values['status'] = 'saving'
            image.locations = []
            self._threads.wait(writer.cancel)
            raise

    def _receive(self, image, source, writer, limit, size, digests):
        """:returns: what the bytes tell: size, digests, virtual size."""
        checksum = streams.Digest('md5')
        multihash = streams.Digest(self._algorithm)
        expected = [(streams.Digest(name), value) for name, value in digests
                    if name != self._algorithm]
        inspection = streams.Inspection(image.disk_format, self._match)
        guard = streams.Limit(*limit)
        streams.pump(source, guard,
                     [checksum, multihash, writer, inspection,
                      *(digest for digest, value in expected)],
                     self._threads, self._block_size)
        if size is not None and guard.count != size:
            raise exception.SizeMismatch(expected=size, size=guard.count)
        _require_digests([*expected, *(
            (multihash, value) for name, value in digests
            if name == self._algorithm)])
        return {'size': guard.count, 'checksum': checksum.hexdigest(),
                'os_hash_algo': self._algorithm,
                'os_hash_value': multihash.hexdigest(),
                'virtual_size': inspection.finish()}


def _require_formats(image):
    missing = [name for name in ('disk_format', 'container_format')
               if image.values[name] is None]
    if missing:
        raise exception.FormatsNotSet(names=', '.join(missing))


def _require_digests(pairs):
    for digest, value in pairs:
        if bytes.fromhex(digest.hexdigest()) != value:
            raise exception.DigestMismatch(algorithm=digest.algorithm)
