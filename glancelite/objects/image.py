# SPDX-License-Identifier: Apache-2.0
"""An image: its fields, states, transitions and what has changed."""
import dataclasses
import datetime
import re

from glancelite import exception

#: Base properties in the order they are shown; the values a new image has.
DEFAULTS = {
    'name': None, 'disk_format': None, 'container_format': None,
    'visibility': 'shared', 'size': None, 'virtual_size': None,
    'status': 'queued', 'checksum': None, 'protected': False, 'min_ram': 0,
    'min_disk': 0, 'owner': None, 'os_hidden': False, 'os_hash_algo': None,
    'os_hash_value': None, 'id': None, 'created_at': None,
    'updated_at': None,
}

FIELDS = tuple(DEFAULTS)

#: What a caller may set; everything else in DEFAULTS is the service's.
WRITABLE = frozenset(('name', 'disk_format', 'container_format', 'visibility',
                      'protected', 'min_ram', 'min_disk', 'os_hidden',
                      'tags', 'locations', 'owner'))

#: Managed by the service (specification, "Image Schema"): 403 when set.
READ_ONLY = frozenset((
    'status', 'checksum', 'os_hash_algo', 'os_hash_value', 'size',
    'virtual_size', 'created_at', 'updated_at', 'self', 'file', 'schema',
    'direct_url', 'id'))

#: What the service adds to an image to find its way about.
LINKS = frozenset(('self', 'file', 'schema', 'direct_url', 'stores'))

#: Read only in a create request; a patch treats them as plain properties.
READ_ONLY_AT_CREATION = (READ_ONLY - {'id'}) | {'stores'}

#: Names that no caller may give to a property.
RESERVED = frozenset(('deleted', 'deleted_at', 'location', 'image_id',
                      'extra_properties'))
RESERVED_NAMESPACE = 'os_glance'

VISIBILITIES = ('community', 'public', 'private', 'shared')

#: The largest value of an INTEGER column: bounds min_disk and min_ram.
MAX_INTEGER = 2 ** 31 - 1

#: Code points that no database stores as they are: NUL, and halves of pairs.
UNSTORABLE = re.compile('[\0\ud800-\udfff]')

#: Every status, and the ones that may follow it.
TRANSITIONS = {
    'queued': ('saving', 'uploading', 'importing', 'active',
               'pending_delete', 'deleted'),
    'saving': ('active', 'queued', 'pending_delete', 'deleted'),
    'uploading': ('importing', 'queued', 'pending_delete', 'deleted'),
    'importing': ('active', 'queued', 'pending_delete', 'deleted'),
    'active': ('deactivated', 'pending_delete', 'deleted'),
    'deactivated': ('active', 'pending_delete', 'deleted'),
    'killed': ('pending_delete', 'deleted'),
    'pending_delete': ('deleted',),
    'deleted': (),
}

STATUSES = tuple(TRANSITIONS)


def is_reserved(name):
    """:returns: whether a property may not bear ``name``."""
    return name in RESERVED or name.startswith(RESERVED_NAMESPACE)


def is_base(name):
    """:returns: whether ``name`` is a base property."""
    return name in DEFAULTS or name in ('tags', 'locations')


def is_visible(context, visibility, owner, member_status):
    """:returns: whether a caller may see an image.

    :param member_status: the caller's membership of it, or None.
    """
    return (context.is_admin or visibility in ('public', 'community')
            or owner is not None and owner == context.project_id
            or visibility == 'shared' and member_status is not None)


def timestamp(moment):
    """:returns: a UTC datetime as the API writes it (ISO 8601, seconds)."""
    return moment and f'{moment.isoformat(timespec="seconds")}Z'


def now():
    """:returns: this moment as a naive UTC datetime, as columns hold it."""
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def is_url(text):
    """:returns: whether that is a URL, as of all locations, and not what one
        is encrypted to.
    """
    return ':' in text


@dataclasses.dataclass
class Location:
    """One copy of the image data. ``id`` is None until it is stored."""

    url: str
    metadata: dict = dataclasses.field(default_factory=dict)
    status: str = 'active'
    id: int = None


@dataclasses.dataclass(frozen=True)
class Changes:
    """What ``save`` has to write: differences from the stored record."""

    values: dict
    properties: dict
    removed_properties: frozenset
    added_tags: frozenset
    removed_tags: frozenset
    removed_locations: tuple = ()
    changed_locations: tuple = ()
    #: Whether the tags are set as a whole: there must be no others.
    sets_tags: bool = False

    def __bool__(self):
        return any((self.values, self.properties, self.removed_properties,
                    self.added_tags, self.removed_tags,
                    self.removed_locations, self.changed_locations,
                    self.sets_tags))


class Image:
    """The whole truth about one image; the serializer leaves out the rest.

    :param values: base properties; missing ones get their default.
    :param properties: additional properties, str to str.
    :param tags: iterable of str.
    :param locations: list of :class:`Location`.
    :param member_status: the caller's membership of a shared image, or None.
    """

    __slots__ = ('values', 'properties', 'tags', 'locations',
                 'member_status', '_stored', '_set')

    def __init__(self, values, properties=(), tags=(), locations=(),
                 member_status=None):
        self.values = {**DEFAULTS, **values}
        self.properties = dict(properties)
        self.tags = set(tags)
        self.locations = list(locations)
        self.member_status = member_status
        self._stored = None
        self._set = set()

    @classmethod
    def stored(cls, values, properties, tags, locations, member_status=None):
        """:returns: an image as the database holds it, ``values`` whole."""
        image = cls.__new__(cls)
        image.values = values
        image.properties = properties
        image.tags = tags
        image.locations = locations
        image.member_status = member_status
        image._stored = None
        image._set = set()
        return image

    def __getattr__(self, name):
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def remember(self):
        """Take the present state as what is stored, before a change."""
        self._stored = (dict(self.values), dict(self.properties),
                        frozenset(self.tags), tuple(self.locations))
        self._set.clear()
        return self

    def changes(self):
        """:returns: :class:`Changes` since :meth:`remember`.

        What a patch has set is among them even if it was so when it was
        read: another request may have changed it since.
        """
        values, properties, tags, locations = self._stored
        present = {location.id: location for location in self.locations}
        return Changes(
            values={name: value for name, value in self.values.items()
                    if value != values[name] or name in self._set},
            properties={name: value for name, value in self.properties.items()
                        if properties.get(name) != value
                        or name not in properties or name in self._set},
            removed_properties=frozenset(properties) - set(self.properties),
            added_tags=frozenset(self.tags - tags),
            removed_tags=frozenset(tags - self.tags),
            removed_locations=tuple(
                location for location in locations
                if location.id not in present),
            changed_locations=tuple(
                present[location.id] for location in locations
                if present.get(location.id, location) != location),
            sets_tags='tags' in self._set)

    @property
    def stored_tags(self):
        """:returns: the tags when last remembered."""
        return self._stored[2]

    @property
    def stored_locations(self):
        """:returns: the locations when last remembered."""
        return self._stored[3]

    @property
    def stored_status(self):
        """:returns: the status when last remembered."""
        return self.was('status')

    def was(self, name):
        """:returns: a base property when last remembered."""
        return self._stored[0][name]

    def is_new_property(self, name):
        """:returns: whether ``name`` was absent when last remembered."""
        return name not in self._stored[1]

    def apply(self, change):
        """Apply one patch operation to a base or additional property.

        :raises PatchConflict: replace or remove of what is not there.
        :raises BasePropertyNotRemovable: remove of a base property.
        """
        if change.op == 'remove':
            return self._remove(change.name)
        if change.must_be_new and (is_base(change.name)
                                   or change.name in self.properties):
            raise exception.PatchConflict(
                'Property %(name)s already present.', name=change.name)
        self._set.add(change.name)
        if change.name == 'tags':
            self.tags = set(change.value)
        elif change.name in DEFAULTS:
            self.values[change.name] = change.value
        else:
            if change.op == 'replace' and change.name not in self.properties:
                raise _absent(change.name)
            self.properties[change.name] = change.value

    def _remove(self, name):
        if is_base(name):
            raise exception.BasePropertyNotRemovable(name=name)
        if name not in self.properties:
            raise _absent(name)
        del self.properties[name]

    def require_transition(self, status):
        """:raises InvalidTransition: when ``status`` may not follow."""
        if status not in TRANSITIONS[self.status]:
            raise exception.InvalidTransition(old=self.status, new=status)

    def require_formats(self):
        """:raises FormatsNotSet: what is needed before there is data."""
        missing = [name for name in ('disk_format', 'container_format')
                   if self.values[name] is None]
        if missing:
            raise exception.FormatsNotSet(names=', '.join(missing))

    def move_to(self, status):
        """Take ``status``, if it may follow the present one.

        :raises InvalidTransition: when it may not.
        """
        self.require_transition(status)
        self.values['status'] = status

    def is_visible_to(self, context):
        """:returns: whether a caller may see it."""
        return is_visible(context, self.values['visibility'],
                          self.values['owner'], self.member_status)

    def policy_target(self, context):
        """:returns: the dict that policy rules read with ``%(name)s``."""
        owner = self.values['owner']
        target = {**self.values, 'project_id': owner, 'tenant': owner,
                  'image_id': self.values['id'], 'member_id': None}
        if self.member_status is not None:
            target['member_id'] = context.project_id
        return target


def _absent(name):
    return exception.PatchConflict('Property %(name)s does not exist.',
                                   name=name)
