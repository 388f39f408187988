# SPDX-License-Identifier: Apache-2.0
"""What one image and one project may hold, reserved before it is taken."""
import contextlib

from glancelite import exception
from glancelite.objects import usage as usage_object
from glancelite.quota import claim as claim_module
from glancelite.quota import storage


class Quota:
    """The limits in force.

    :param conf: the ``ConfigOpts`` of the service.
    :param usage: the repository of usage and reservations.
    :param holder: renews reservations: has ``holding(reservation)``.
    :param lasting: as ``usage``; its reservations hold for as long as an
        upload may wait for its next request.
    :raises ConfigurationError: the options of quotas are not usable.
    """

    def __init__(self, conf, usage, holder, lasting=None):
        self._usage = usage
        self._lasting = lasting
        self._holder = holder
        self._cap = conf.image_size_cap
        self._limits = _limits(conf)
        self._maxima = {
            'properties': conf.image_property_quota,
            'tags': conf.image_tag_quota,
            'members': conf.image_member_quota,
            'locations': conf.image_location_quota,
        }
        #: What ``Images.save`` is to hold an image to.
        self.maxima = {noun: maximum for noun, maximum in self._maxima.items()
                       if maximum >= 0 and noun != 'members'}

    def maximum(self, noun):
        """:returns: how many ``noun`` an image may have; negative: any."""
        return self._maxima[noun]

    def require(self, noun, attempted):
        """:raises LimitExceeded: when an image may not have that many."""
        maximum = self._maxima[noun]
        if 0 <= maximum < attempted:
            raise exception.LimitExceeded(
                noun=f'image {noun}', attempted=attempted, maximum=maximum)

    def of_images(self, project_id):
        """:returns: the limit on a project's images, or None.

        :raises LimitsUnavailable: Keystone does not tell.
        """
        found = self._of(project_id, usage_object.IMAGE_COUNT_TOTAL)
        return found[0] if found else None

    def report(self, context):
        """:returns: {resource: {'usage': n, 'limit': n}}, sizes in MiB.

        Empty without limits from Keystone, and for whoever has no project.

        :raises LimitsUnavailable: Keystone does not tell.
        """
        project_id = context.project_id
        limits = self._limits.report(project_id) if project_id else {}
        if not limits:
            return {}
        used = self._usage.of(context, project_id)
        return {name: {'usage': used[name] // usage_object.UNITS.get(name, 1),
                       'limit': limits[name]}
                for name in usage_object.RESOURCES}

    def reserve(self, context, image, size):
        """Hold room for an upload while the block runs.

        A block that ends well has settled the claim's reservations; after
        any other they are given back. What is stored counts for the owner
        of the image, whoever uploads it.

        :param size: bytes announced, or None.
        :returns: a context manager of a
            :class:`~glancelite.quota.claim.Claim`.
        :raises QuotaExceeded: the project has no room for it.
        :raises ImageTooLarge: ``size`` is beyond image_size_cap.
        :raises LimitsUnavailable: Keystone does not tell.
        """
        return self._hold(context, image, size, (
            usage_object.IMAGE_COUNT_UPLOADING,
            usage_object.IMAGE_SIZE_TOTAL))

    def claim(self, context, image, name):
        """Room for an upload that outlives its requests.

        Nothing is taken before ``begin``; what is taken stands until the
        upload ends or runs out.

        :param name: the same in each of its requests.
        :returns: a :class:`~glancelite.quota.claim.Claim`.
        :raises LimitsUnavailable: Keystone does not tell.
        """
        return claim_module.Claim(
            context, self._lasting, self._cap, image,
            self._of(image.owner, usage_object.IMAGE_COUNT_UPLOADING,
                     usage_object.IMAGE_SIZE_TOTAL), name)

    def reserve_staging(self, context, image, size):
        """As :meth:`reserve`, for data that is staged for an import."""
        return self._hold(context, image, size, (
            usage_object.IMAGE_COUNT_UPLOADING,
            usage_object.IMAGE_STAGE_TOTAL))

    def reserve_work(self, context, image, size):
        """As :meth:`reserve`, for data that an import works on."""
        return self._hold(context, image, size,
                          (usage_object.IMAGE_STAGE_TOTAL,))

    @contextlib.contextmanager
    def reserve_copy(self, context, image, size):
        """As :meth:`reserve`, for another location of ``size`` bytes."""
        try:
            with self._hold(context, image, size,
                            (usage_object.IMAGE_SIZE_TOTAL,)) as claim:
                yield claim
        except exception.StorageQuotaExceeded as error:
            raise exception.LocationQuotaExceeded(**error.facts) from None

    @contextlib.contextmanager
    def _hold(self, context, image, size, resources):
        claim = claim_module.Claim(
            context, self._usage, self._cap, image,
            self._of(image.owner, *resources))
        claim.begin(size)
        with contextlib.ExitStack() as stack:
            for reservation in claim.reservations:
                stack.enter_context(self._holder.holding(reservation))
            try:
                claim.require_cap(size)
                yield claim
            except BaseException:
                claim.give_back()
                raise

    def _of(self, project_id, *resources):
        return self._limits.of(project_id, resources) if project_id else []


def _limits(conf):
    """:returns: where the limits of projects come from."""
    if not conf.use_keystone_limits:
        return storage.StorageLimits(conf)
    # It brings openstacksdk, which is large, and for nothing else.
    from glancelite.quota import keystone
    return keystone.KeystoneLimits(conf)
