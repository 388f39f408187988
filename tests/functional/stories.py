# SPDX-License-Identifier: Apache-2.0
"""How gabbi tells a story to the application.

Each file in gabbits/ is one story, told from its beginning to its end to an
application that nobody else uses. Its ``fixtures`` name one class of those
that :func:`arguments` makes; ``Service`` is the application with its defaults.
"""
import os
import unittest

from gabbi import fixture
from gabbi.handlers import base
from gabbi.handlers import jsonhandler

from tests import databases
from tests.functional import application
from tests.functional import client

FOLDER = os.path.join(os.path.dirname(__file__), 'gabbits')

#: Fixture names of stories, and the options of their application.
OPTIONS = {
    'Service': {},
    'ServiceWithStores': {
        'enabled_backends': 'fast:file,cheap:file',
        'glance_store': {'default_backend': 'fast'},
        'fast': {'filesystem_store_datadir': '{folder}/fast',
                 'store_description': 'Fast disks'},
        'cheap': {'filesystem_store_datadir': '{folder}/cheap'},
    },
    'ServiceWithLocations': {'show_multiple_locations': True,
                             'show_image_direct_url': True},
    'ServiceWithSmallQuotas': {
        'image_property_quota': 3, 'image_tag_quota': 2,
        'image_member_quota': 1, 'image_location_quota': 1,
        'image_size_cap': 1000},
}


class PatchHandler(jsonhandler.JSONHandler):
    """JSON, under the media types of the Images API."""

    @staticmethod
    def accepts(content_type):
        return content_type.split(';')[0].strip() in (
            client.PATCH_V20, client.PATCH_V21)


class ListHandler(base.ResponseHandler):
    """``response_listed``: what the items of a list have in one field.

    ``response_listed: {name: [b, a]}`` says it in order, and
    ``response_listed: {any name: [a, b]}`` in whatever order. The list is
    the one value of the document that is a list.
    """

    test_key_suffix = 'listed'
    test_key_value = {}

    def action(self, test, item, value=None):
        listed, = [each for each in test.response_data.values()
                   if isinstance(each, list)]
        unordered, _, field = item.rpartition(' ')
        found = [each.get(field) for each in listed]
        if unordered:
            found, value = sorted(found), sorted(value)
        test.assertEqual(value, found)


class ForbiddenStringsHandler(base.ResponseHandler):
    """``response_forbidden_strings``: what the body does not hold."""

    test_key_suffix = 'forbidden_strings'
    test_key_value = []

    def action(self, test, item, value=None):
        test.assertNotIn(item, test.output)


class _Stage:
    """Where the stories of one loader are told."""

    def __init__(self, mode, backend):
        self.mode = mode
        self.backend = backend
        self.port = None
        self.application = None

    def fixture(self, name):
        """:returns: a gabbi fixture class that starts an application."""
        stage = self

        class Started(fixture.GabbiFixture):
            def start_fixture(self):
                if stage.backend and (
                        reason := databases.unavailable(stage.backend)):
                    raise unittest.SkipTest(reason)
                stage.application = application.Application(
                    stage.mode, stage.backend, port=stage.port,
                    **OPTIONS[name])
                stage.application.setUp()

            def stop_fixture(self):
                stage.application.cleanUp()
        return Started

    def __call__(self, environ, start_response):
        # The client does not encode the path as servers do (PEP 3333).
        environ['PATH_INFO'] = environ['PATH_INFO'].encode().decode('latin-1')
        return self.application.application(environ, start_response)


def arguments(mode, backend=None):
    """:returns: what gabbi's ``build_tests`` is to know besides the folder.

    :param mode: a mode of :mod:`tests.functional.application`.
    :param backend: a database, where that is what the stories are about.
    """
    stage = _Stage(mode, backend)
    where = {'intercept': lambda: stage}
    if mode == 'eventlet':
        stage.port = application.Port()
        stage.port.setUp()
        # For each request the certificates of the system would be read, which
        # nobody shows here.
        where = {'host': '127.0.0.1', 'port': stage.port.number,
                 'cert_validate': False}
    fixtures = type('Fixtures', (), {name: stage.fixture(name)
                                     for name in OPTIONS})
    return {'fixture_module': fixtures, 'content_handlers': [PatchHandler],
            'response_handlers': [ListHandler, ForbiddenStringsHandler],
            **where}
