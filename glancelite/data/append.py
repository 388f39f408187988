# SPDX-License-Identifier: Apache-2.0
"""One part of a resumable upload: from a request into the store.

What is recorded as safe is safe: bytes are synced first, and recorded by
whoever holds the lease. What a cut leaves beyond that is cut off by the next
part.
"""
import contextlib
import time

from oslo_log import log

from glancelite import exception
from glancelite.data import leases
from glancelite.data import receipt as receipt_module
from glancelite.data import streams

LOG = log.getLogger(__name__)

#: Seconds between records, at least.
_RECORD_SECONDS = 1

#: Seconds to wait for whoever has the bytes at the moment, and between two
#: looks whether that one still does.
_HOLD_SECONDS = 10
_HOLD_INTERVAL = 0.02

#: After these the upload is as good as before, or better. Other errors that
#: are the client's, or the data's, end it; those of the service do not.
_GOES_ON = (exception.IncompleteBody, exception.ContentMismatch,
            exception.InconsistentLength, exception.LeaseLost)


class Append:
    """Takes in one part, whose lease is ours, and completes the upload.

    :param tools: a :class:`~glancelite.data.resumable.ResumableUploads`.
    :param image: as read in this request.
    :param upload: an :class:`~glancelite.objects.upload.Upload`.
    :param part: a :class:`~glancelite.objects.upload.Part`.
    """

    def __init__(self, tools, context, image, upload, lease, part):
        self._tools = tools
        self._context = context
        self._image = image
        self._upload = upload
        self._lease = lease
        self._part = part
        self._claim = tools.quota.claim(context, image, upload.id)
        self._content = [
            (streams.Digest(name), value)
            for name, value in part.content_digests]
        self._writer = None
        self._receipt = None
        self._broken = None

    def run(self):
        """Take in the part.

        :raises: as Uploader.upload. An error with ``ends_upload`` has ended
            the upload, and the image is queued.
        """
        try:
            self._begin()
            self._take_in()
            self._end()
        except BaseException as error:
            self._fail(error)
            # A lease that an ended upload has given back counts as lost, if
            # it was to be renewed just then.
            if (self._lease.lost and not getattr(error, 'ends_upload', False)
                    or isinstance(error, exception.ImageNotFound)):
                raise leases.reason(self._tools.images, self._context,
                                    self._lease) from error
            raise

    def _begin(self):
        upload = self._upload
        upload.announce(self._part.lengths)
        upload.expect(self._part.digests)
        self._claim.require_cap(upload.length)
        self._claim.begin(upload.length or upload.offset)
        driver = self._tools.stores.internal(upload.store)
        # Who is late already does not hold up whoever came after him.
        self._require_lease()
        self._writer = self._wait(driver.resume, self._image.id, upload.id,
                                  upload.offset)
        self._hold()
        try:
            self._require_lease()
            self._wait(self._writer.begin)
        except BaseException:
            # What else there is to do must not keep others waiting.
            self._wait(self._writer.abandon)
            raise
        self._receipt = self._read_receipt()

    def _hold(self):
        """Keep others from the bytes until we have begun with them.

        Whoever takes the lease from now on has to wait for the bytes, and
        gets them after us; so now is when to ask whether it still is ours.

        :raises LeaseLost: somebody came after us while we waited.
        :raises StoreUnavailable: another one has them, and does not move.
        """
        began = time.monotonic()
        while not self._wait(self._writer.hold):
            if time.monotonic() - began > _HOLD_SECONDS:
                self._require_lease()
                raise exception.StoreUnavailable()
            # Here and not in a thread: who has them may need one to go on.
            time.sleep(_HOLD_INTERVAL)

    def _require_lease(self):
        if not self._tools.holder.keeps(self._lease):
            raise exception.LeaseLost(image_id=self._image.id)

    def _read_receipt(self):
        """:returns: the receipt of what is stored, up to the offset."""
        upload, tools = self._upload, self._tools
        receipt = tools.receipts.take(upload.id)
        names = [name for name, value in upload.digests]
        if not (receipt and receipt.count <= upload.offset
                and receipt.serves(self._image, names)):
            receipt = tools.receiver.receipt(self._context, self._image,
                                             upload.digests)
        left = upload.offset - receipt.count
        if left:
            LOG.info('Image %s: reading %d stored bytes again to go on with '
                     'their digests', self._image.id, left)
            stored = _Stored(self._writer.stored(receipt.count), left,
                             self._wait)
            tools.receiver.pump(leases.LeasedSource(stored, self._lease),
                                _Nobody(), receipt.consumers)
            receipt.count = upload.offset
        return receipt

    def _take_in(self):
        guard = _Bound(self._claim, self._upload)
        source = _Source(self._part.source, self._lease, self._checkpoint)
        consumers = [*self._receipt.consumers, self._writer,
                     *(digest for digest, value in self._content)]
        receipt, self._receipt = self._receipt, None
        self._tools.receiver.pump(source, guard, consumers)
        # From an error that is not the source's the consumers come with
        # different counts.
        receipt.count = guard.count
        self._receipt = receipt
        self._broken = source.broken

    def _checkpoint(self):
        """Record what is safe, now and then, while the bytes come."""
        upload, synced = self._upload, self._writer.synced
        if synced <= upload.offset or self._content:
            # Content that has a digest counts when all of it is there.
            return
        offset, upload.offset = upload.offset, synced
        try:
            self._tools.uploads.record(self._lease, upload)
        except exception.DatabaseUnavailable:
            upload.offset = offset
            return
        if self._part.progress:
            self._part.progress(upload)

    def _end(self):
        upload = self._upload
        if self._broken is None:
            for digest, value in self._content:
                receipt_module.require(digest, value,
                                       exception.ContentMismatch)
        upload.offset = self._wait(self._writer.sync)
        if self._broken is not None:
            raise self._broken
        if not self._part.complete:
            self._park()
            return
        if upload.length is None:
            upload.length = upload.offset
        if upload.offset < upload.length:
            raise exception.UploadTooShort()
        self._tools.uploads.record(self._lease, upload)
        self._complete()

    def _complete(self):
        image, tools = self._image, self._tools
        receipt, self._receipt = self._receipt, None
        receipt.require([(name, bytes.fromhex(value))
                         for name, value in self._upload.digests])
        facts = receipt.facts()
        self._lease.detail['completed'] = self._upload.offset
        tools.publisher.seal(self._lease, self._writer, facts)
        tools.publisher.publish(self._context, image, self._lease,
                                self._claim.reservations)
        self._upload.complete = True

    def _fail(self, error):
        """Leave the upload for the next part, or end it.

        What fails here is left to whoever finds the lease expired.
        """
        try:
            if ('facts' in self._lease.detail
                    or not self._tools.holder.keeps(self._lease)):
                # Complete, or not ours: whoever has it next will see to it.
                return
            if self._ends(error):
                if self._writer:
                    self._wait(self._writer.abandon)
                self._tools.notifier.upload_failed(self._image, error)
                self._tools.recovery.undo_upload(self._lease)
                error.ends_upload = True
            else:
                self._park()
        except exception.LeaseLost:
            LOG.info('Image %s: another request goes on with its upload',
                     self._image.id)
        except Exception:
            LOG.exception('Image %s: a cut upload is not put aside yet',
                          self._image.id)
        finally:
            if self._writer:
                self._wait(self._writer.abandon)

    def _ends(self, error):
        if self._part.creates and isinstance(error, exception.Invalid):
            # Whoever gets an error for an answer learns no URL to go on at.
            return not isinstance(error, exception.IncompleteBody)
        return (isinstance(error, exception.GlanceliteError)
                and error.code < 500 and not isinstance(error, _GOES_ON))

    def _park(self):
        """Put the upload aside for the next part."""
        upload, receipt = self._upload, self._receipt
        if self._writer:
            # The next writer finds the bytes in any case.
            with contextlib.suppress(exception.GlanceliteError):
                self._wait(self._writer.park)
        self._tools.uploads.park(self._lease, upload)
        # Bytes that are not recorded may come again as others.
        if receipt and receipt.count == upload.offset:
            self._tools.receipts.keep(upload.id, receipt)

    def _wait(self, function, *args):
        return self._tools.threads.wait(function, *args)


class _Bound(streams.Limit):
    """Counts on from the offset, up to the announced length."""

    def __init__(self, claim, upload):
        super().__init__(claim)
        self.count = upload.offset
        self._length = upload.length

    def write(self, block):
        if (self._length is not None
                and self.count + len(block) > self._length):
            raise exception.UploadTooLong()
        super().write(block)


class _Source(leases.LeasedSource):
    """A body that, when it breaks off, ends; ``broken`` then says why."""

    def __init__(self, source, lease, checkpoint):
        super().__init__(source, lease)
        self._checkpoint = checkpoint
        self._recorded_at = time.monotonic()
        self.broken = None

    def read(self, size):
        if time.monotonic() - self._recorded_at >= _RECORD_SECONDS:
            self._checkpoint()
            self._recorded_at = time.monotonic()
        try:
            return b'' if self.broken else super().read(size)
        except exception.IncompleteBody as error:
            self.broken = error
            return b''


class _Stored:
    """The first ``length`` bytes that a writer has stored."""

    def __init__(self, file, length, wait):
        self._file = file
        self._left = length
        self._wait = wait

    def read(self, size):
        block = self._wait(self._file.read, min(size, self._left))
        if not block and self._left:
            # The file belongs to a later writer, who has cut it.
            raise exception.StoreUnavailable()
        self._left -= len(block)
        return block


class _Nobody:
    """A guard who lets everything pass."""

    def write(self, block):
        """Look on."""
