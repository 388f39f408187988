# SPDX-License-Identifier: Apache-2.0
"""The tables: Glance's at its 2024_1 head, and ours beside them.

Every table is an attribute of this package by the name that it has in the
database.
"""
from glancelite.db.models import cache
from glancelite.db.models import columns
from glancelite.db.models import image
from glancelite.db.models import listing
from glancelite.db.models import metadef
from glancelite.db.models import own
from glancelite.db.models import task

metadata = columns.metadata

images = image.images
image_properties = image.image_properties
image_tags = image.image_tags
image_members = image.image_members
image_locations = image.image_locations
INDEXED_VALUE_LENGTH = listing.VALUE_LENGTH
FILTERED = listing.FILTERED
FILTER_INDEXES = listing.FILTER_INDEXES
LISTED_INDEXES = listing.LISTED_INDEXES
in_order_of = listing.in_order_of
index_of = listing.index_of
OF_AN_IMAGE = listing.OF_AN_IMAGE

tasks = task.tasks
task_info = task.task_info

metadef_namespaces = metadef.metadef_namespaces
metadef_resource_types = metadef.metadef_resource_types
metadef_namespace_resource_types = metadef.metadef_namespace_resource_types
metadef_objects = metadef.metadef_objects
metadef_properties = metadef.metadef_properties
metadef_tags = metadef.metadef_tags

node_reference = cache.node_reference
cached_images = cache.cached_images

image_leases = own.image_leases
resumable_uploads = own.resumable_uploads
usage_reservations = own.usage_reservations

#: The tables that Glance made, or would have made.
GLANCE_TABLES = tuple(
    table for table in metadata.sorted_tables
    if table not in (image_leases, resumable_uploads, usage_reservations))
