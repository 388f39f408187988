# SPDX-License-Identifier: Apache-2.0
"""Metadata definitions: what properties of images and others may mean.

A namespace holds definitions of properties, of objects (groups of
properties) and of tags, and names the types of resources they are for.
"""
import dataclasses
import datetime

PUBLIC = 'public'
PRIVATE = 'private'
VISIBILITIES = (PUBLIC, PRIVATE)


@dataclasses.dataclass
class Namespace:
    """A namespace without what it holds.

    :ivar name: is what the API calls ``namespace``; unique.
    :ivar visibility: of ``VISIBILITIES``; None counts as private.
    """

    name: str
    owner: str
    display_name: str = None
    description: str = None
    visibility: str = PRIVATE
    protected: bool = False
    id: int = None
    created_at: datetime.datetime = None
    updated_at: datetime.datetime = None

    def is_visible_to(self, context):
        """:returns: whether the caller may know of the namespace."""
        return bool(context.is_admin or self.visibility == PUBLIC or (
            context.project_id and self.owner == context.project_id))

    def policy_target(self):
        """:returns: what rules may ask about the namespace."""
        return {'namespace': self.name, 'owner': self.owner,
                'project_id': self.owner, 'visibility': self.visibility}


@dataclasses.dataclass
class Definition:
    """A property, an object or a tag of a namespace.

    :ivar document: all that the API shows of it, less its name and times.
    """

    name: str
    document: dict = dataclasses.field(default_factory=dict)
    id: int = None
    created_at: datetime.datetime = None
    updated_at: datetime.datetime = None


@dataclasses.dataclass
class ResourceType:
    """A type of resources, and how a namespace is applied to them.

    :ivar prefix: of the names of properties there.
    :ivar properties_target: which properties of such a resource are meant.
    """

    name: str
    prefix: str = None
    properties_target: str = None
    created_at: datetime.datetime = None
    updated_at: datetime.datetime = None


@dataclasses.dataclass
class Contents:
    """What a namespace holds, each a list; names are unique in each."""

    resource_types: list = dataclasses.field(default_factory=list)
    properties: list = dataclasses.field(default_factory=list)
    objects: list = dataclasses.field(default_factory=list)
    tags: list = dataclasses.field(default_factory=list)

    def prefixed(self, resource_type):
        """:returns: the same with names as ``resource_type`` has them."""
        prefix = next((each.prefix for each in self.resource_types
                       if each.name == resource_type), None)
        if not prefix:
            return self
        return dataclasses.replace(
            self,
            properties=[dataclasses.replace(each, name=prefix + each.name)
                        for each in self.properties],
            objects=[dataclasses.replace(
                each, document=_prefixed(prefix, each.document))
                for each in self.objects])


def _prefixed(prefix, document):
    return {**document,
            'required': [prefix + name
                         for name in document.get('required', ())],
            'properties': {prefix + name: schema for name, schema
                           in document.get('properties', {}).items()}}
