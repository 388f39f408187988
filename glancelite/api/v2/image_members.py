# SPDX-License-Identifier: Apache-2.0
"""Image sharing: the members of shared images.

The owner adds and removes members; a member accepts or rejects, for itself.
Whoever may not see an image gets 404 for its members too.
"""
from glancelite import exception
from glancelite.api import resource
from glancelite.api.v2 import access
from glancelite.objects import image as image_object
from glancelite.objects import member as member_object

_LONGEST_ID = 255


class ImageMembersDeserializer(resource.Deserializer):
    """Reads requests on members."""

    def __init__(self, conf):
        self._max_body = conf.max_json_body_size

    def create(self, request):
        """``{"member": project id}``."""
        member_id = self._value(request, 'member',
                                'Member to be added not specified')
        if not isinstance(member_id, str) or not member_id:
            raise exception.Invalid("Member can't be empty")
        if len(member_id) > _LONGEST_ID:
            raise exception.InvalidParameter(
                name='member', value=f'{member_id[:40]}...',
                reason=f'it has more than {_LONGEST_ID} characters')
        if image_object.UNSTORABLE.search(member_id):
            raise exception.Invalid(
                'member contains a character that cannot be stored')
        return {'member_id': member_id}

    def update(self, request):
        """``{"status": status}``."""
        status = self._value(request, 'status', 'Status not specified')
        return {'status': status}

    def _value(self, request, name, sentence):
        document = request.json_document(self._max_body)
        if not isinstance(document, dict):
            raise exception.Invalid(
                'Expected a JSON object with the member "%(name)s"',
                name=name)
        if name not in document:
            raise exception.Invalid(sentence)
        return document[name]


class ImageMembersController:
    """Acts on members.

    :param service: a :class:`~glancelite.service.Service`.
    """

    def __init__(self, service):
        self._images = service.images
        self._members = service.members
        self._notifier = service.notifier
        self._policy = service.policy
        self._quota = service.quota
        self._access = access.ImageAccess(service)

    def index(self, context, image_id):
        """:returns: the members; a member sees itself alone."""
        image = self._shared(context, image_id)
        self._authorize(context, 'get_members', image)
        only = None if self._sees_all(context, image) else context.project_id
        return self._members.list(context, image_id, only)

    def show(self, context, image_id, member_id):
        """:returns: one member."""
        image = self._images.get(context, image_id)
        if image.visibility != 'shared':
            raise exception.NotFound('Only shared images have members.')
        member = self._member(context, image, member_id)
        self._authorize(context, 'get_member', image, member)
        return member

    def create(self, context, image_id, member_id):
        """:returns: the new member, pending."""
        image = self._shared(context, image_id)
        self._authorize(context, 'add_member', image)
        member = member_object.Member(image.id, member_id)
        self._members.add(context, member, self._quota.maximum('members'))
        self._notifier.member('create', member)
        return member

    def update(self, context, image_id, member_id, status):
        """:returns: the member with its new status."""
        image = self._shared(context, image_id)
        member = self._member(context, image, member_id)
        self._authorize(context, 'modify_member', image, member)
        if status not in member_object.STATUSES:
            raise exception.Invalid(
                'status must be one of: %(statuses)s',
                statuses=', '.join(member_object.STATUSES))
        member.status = status
        self._members.save(context, member)
        self._notifier.member('update', member)
        return member

    def delete(self, context, image_id, member_id):
        """End sharing the image with a project."""
        image = self._shared(context, image_id)
        member = self._member(context, image, member_id)
        self._authorize(context, 'delete_member', image, member)
        self._members.remove(context, member)
        self._notifier.member('delete', member)

    def _shared(self, context, image_id):
        image = self._images.get(context, image_id)
        if image.visibility != 'shared':
            raise exception.NotSharedImage()
        return image

    @staticmethod
    def _sees_all(context, image):
        return context.is_admin or (context.project_id
                                    and context.project_id == image.owner)

    def _member(self, context, image, member_id):
        """To a member the other members do not exist."""
        if not self._sees_all(context, image) and (
                member_id != context.project_id):
            raise exception.MemberNotFound(member_id=member_id,
                                           image_id=image.id)
        return self._members.get(context, image.id, member_id)

    def _authorize(self, context, rule, image, member=None):
        target = image.policy_target(context)
        if member is not None:
            target['member_id'] = member.member_id
        self._access.authorize(context, rule, image, target)


class ImageMembersSerializer(resource.Serializer):
    """Writes members."""

    def index(self, request, members):
        """All of them; the list has no pages."""
        return resource.json_response({
            'members': [_document(member) for member in members],
            'schema': '/v2/schemas/members'})

    def show(self, request, member):
        """One member."""
        return resource.json_response(_document(member))

    create = show
    update = show


def _document(member):
    return {'member_id': member.member_id, 'image_id': member.image_id,
            'status': member.status,
            'created_at': image_object.timestamp(member.created_at),
            'updated_at': image_object.timestamp(member.updated_at),
            'schema': '/v2/schemas/member'}


def create_resource(service):
    """:returns: the resource for ``/v2/images/{image_id}/members``."""
    return resource.Resource(
        ImageMembersController(service),
        ImageMembersDeserializer(service.conf), ImageMembersSerializer())
