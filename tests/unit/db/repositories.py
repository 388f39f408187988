# SPDX-License-Identifier: Apache-2.0
"""A database of each backend with the repository of images on it."""
import unittest

from glancelite import conf as conf_package
from glancelite.db import api
from glancelite.db import images
from glancelite.db import leases
from glancelite.db import migration
from glancelite.objects import query as query_object
from tests import databases


class Repositories:
    """One database for all tests of a class, which says its ``backend``.

    The tests are skipped where the server is not there.

    :cvar database: a :class:`glancelite.db.api.Database`.
    :cvar images: the repository of images.
    """

    backend = None

    @classmethod
    def setUpClass(cls):
        reason = databases.unavailable(cls.backend)
        if reason:
            raise unittest.SkipTest(reason)
        temporary = databases.Database(cls.backend)
        temporary.setUp()
        cls.addClassCleanup(temporary.cleanUp)
        conf = conf_package.new()
        conf([], default_config_files=[])
        conf.set_override('connection', temporary.url, 'database')
        cls.database = api.Database(conf)
        cls.addClassCleanup(cls.database.dispose)
        migration.sync(cls.database)
        cls.images = images.Images(cls.database,
                                   leases.Leases(cls.database, 30))

    def pages(self, context, limit, **asked):
        """:returns: the ids of all pages, as a client follows them."""
        query = query_object.ImageQuery(limit=limit, **asked)
        found = []
        while True:
            page = self.images.list(context, query)
            found += [image.id for image in page.items]
            if page.marker is None:
                return found
            query.marker = page.marker
