# SPDX-License-Identifier: Apache-2.0
"""Metadata definitions in the database: namespaces and what they hold."""
from glancelite.db.metadefs import definitions
from glancelite.db.metadefs import namespaces as namespaces_module
from glancelite.db.metadefs import resource_types as types_module


class Metadefs:
    """The repositories of metadata definitions.

    :param database: a :class:`glancelite.db.api.Database`.
    """

    def __init__(self, database):
        self.namespaces = namespaces_module.Namespaces(database)
        self.resource_types = types_module.ResourceTypes(database)
        self.objects = definitions.Definitions(database, definitions.OBJECTS)
        self.properties = definitions.Definitions(
            database, definitions.PROPERTIES)
        self.tags = definitions.Definitions(database, definitions.TAGS)
