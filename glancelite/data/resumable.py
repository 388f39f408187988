# SPDX-License-Identifier: Apache-2.0
"""Uploads that survive a broken connection, a crash, and a change of process.

queued -> saving as with any upload, but under a lease that rests between
requests and runs out when the upload does. It is draft-ietf-httpbis-
resumable-upload without the HTTP.
"""
import time

from glancelite import exception
from glancelite.data import append
from glancelite.data import receipt
from glancelite.data import upload as upload_module
from glancelite.objects import lease as lease_object
from glancelite.objects import upload as upload_object

#: Seconds for which whoever was at an upload may put aside what came, and how
#: often to look. When a connection breaks, its client may be quicker to come
#: back than its request is to end.
_GRACE = 2
_LOOK = 0.05


class ResumableUploads:
    """Begins uploads, goes on with them, tells how far they are, ends them.

    :param images: the repository of images.
    :param uploads: the repository of resumable uploads.
    :param stores: a :class:`~glancelite.stores.registry.Stores`.
    :param quota: a :class:`~glancelite.quota.enforcement.Quota`.
    :param holder: a :class:`~glancelite.data.leases.Holder`.
    :param recovery: a :class:`~glancelite.data.recovery.Recovery`.
    :param receiver: a :class:`~glancelite.data.receive.Receiver`.
    :param publisher: a :class:`~glancelite.data.publish.Publisher`.
    :param threads: a :class:`~glancelite.data.threads.NativeThreads`.
    :param notifier: a :class:`~glancelite.notifier.Notifier`.
    """

    def __init__(self, images, uploads, stores, quota, holder, recovery,
                 receiver, publisher, threads,
                 notifier):
        self.images = images
        self.uploads = uploads
        self.stores = stores
        self.quota = quota
        self.holder = holder
        self.recovery = recovery
        self.receiver = receiver
        self.publisher = publisher
        self.threads = threads
        self.notifier = notifier
        self.receipts = receipt.Receipts(threads)

    def create(self, context, image, part, store=None):
        """Begin an upload with its first part, which may be empty.

        :param part: a :class:`~glancelite.objects.upload.Part`.
        :param store: identifier of a store, None for the default one.
        :returns: the :class:`~glancelite.objects.upload.Upload`.
        :raises NotResumable: the store cannot do it.
        :raises InvalidTransition: the image is not queued.
        :raises: as Uploader.upload besides.
        """
        driver = self.stores.writable(store)
        if not driver.resumable:
            raise exception.NotResumable(store=driver.identifier)
        image.require_transition('saving')
        image.require_formats()
        upload = upload_object.Upload(image.id, context.project_id,
                                      driver.identifier)
        upload.announce(part.lengths)
        lease = lease_object.Lease(image.id, lease_object.RESUMABLE, {
            'stores': [driver.identifier], 'status': 'saving',
            'token': upload.id, 'upload': upload.id})
        self.uploads.add(context, upload)
        try:
            upload_module.take(self.images, self.notifier, context, image,
                               lease)
        except exception.GlanceliteError:
            self.uploads.remove(context, upload)
            raise
        if part.progress:
            part.progress(upload)
        return self._append(context, image, upload, lease, part)

    def append(self, context, image, upload_id, part):
        """Go on with an upload. Whoever was at it is stopped.

        :returns: the :class:`~glancelite.objects.upload.Upload`.
        :raises UploadNotFound: there is none, or it has run out.
        :raises CompletedUpload: nothing can follow.
        :raises MismatchingOffset: the part begins elsewhere.
        :raises: as :meth:`create` besides.
        """
        self._wait_for_former(context, image)
        lease = lease_object.Lease(image.id, lease_object.RESUMABLE, {})
        upload = self._take_over(context, image, lease, upload_id)
        if upload.complete:
            raise exception.CompletedUpload()
        if part.offset != upload.offset:
            self.uploads.park(lease, upload)
            raise exception.MismatchingOffset(upload.offset, part.offset)
        return self._append(context, image, upload, lease, part)

    def _append(self, context, image, upload, lease, part):
        with self.holder.holding(lease):
            append.Append(self, context, image, upload, lease, part).run()
        return upload

    def find(self, context, image, upload_id):
        """:returns: the upload as the next part will find it.

        Whoever was at it is stopped.

        :raises UploadNotFound: there is none, or it has run out.
        """
        self._wait_for_former(context, image)
        upload = self.uploads.settled(context, image.id, upload_id)
        if upload.sealed:
            lease = lease_object.Lease(image.id, lease_object.RESUMABLE, {})
            return self._take_over(context, image, lease, upload_id)
        return upload

    def _wait_for_former(self, context, image):
        deadline = time.monotonic() + _GRACE
        while (self.uploads.is_busy(context, image.id)
               and time.monotonic() < deadline):
            time.sleep(_LOOK)

    def _take_over(self, context, image, lease, upload_id):
        """Stop whoever was at an upload; one that has all it needs is ended.
        """
        upload = self.uploads.take_over(context, lease, upload_id)
        if upload.sealed:
            with self.holder.holding(lease):
                self.publisher.publish(context, image, lease)
            upload.complete = True
        return upload

    def unfinished(self, context, image):
        """:returns: the upload that an image is held by, or None."""
        return self.uploads.unfinished(context, image.id)

    def cancel(self, context, image, upload_id):
        """End an upload; a completed one is only forgotten.

        :raises UploadNotFound: there is none, or it has run out.
        """
        lease = lease_object.Lease(image.id, lease_object.RESUMABLE, {})
        upload = self._take_over(context, image, lease, upload_id)
        self.receipts.take(upload_id)
        if upload.complete:
            self.uploads.remove(context, upload)
            return
        with self.holder.holding(lease):
            self.recovery.undo_upload(lease)
