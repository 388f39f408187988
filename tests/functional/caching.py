# SPDX-License-Identifier: Apache-2.0
"""For tests of the image cache: a service with one, and a web server as the
store whose images it is to spare.
"""
import hashlib
import http.client
import os
import threading
import uuid

import testtools
from testtools import matchers

from tests.functional import application
from tests.unit.fetch import wire

MIB = 1024 * 1024

#: Several blocks, and a part of one.
DATA = uuid.uuid4().bytes * (MIB // 4) + b'the end'

OPTIONS = application.merged(application.THREE_STORES, {
    'image_cache_dir': '{folder}/cache',
    'image_cache_sweep_interval': 1,
    'paste_deploy': {'flavor': 'trusted+cachemanagement'},
})

#: What a client may see of data that ends early.
BROKEN = http.client.IncompleteRead, ConnectionError


def at_least(value):
    """:returns: a matcher of what is not less."""
    return matchers.Not(matchers.LessThan(value))


class Website(wire.Source):
    """Serves what tests put there, and may stop in the middle of it.

    :ivar contents: bytes by path.
    """

    def __init__(self):
        super().__init__(self._answer)
        self.contents = {}
        self._held = {}

    def url(self, path):
        return f'http://127.0.0.1:{self.address[1]}{path}'

    def reads(self, path):
        """:returns: how often the data at ``path`` was asked for."""
        return [(method, each) for method, each, _headers
                in self.requests].count(('GET', path))

    def hold(self, path, size):
        """Send ``size`` bytes of a path, and the rest when released.

        :returns: an event that releases it.
        """
        self._held[path] = size, threading.Event()
        return self._held[path][1]

    def shorten(self, path):
        """From now on send less than is announced."""
        self._held[path] = len(self.contents[path]) // 2, None

    def _answer(self, request):
        if request.path not in self.contents:
            wire.send(request, b'', 404)
            return
        data = self.contents[request.path]
        if request.command == 'HEAD' or request.path not in self._held:
            wire.send(request, data)
            return
        size, released = self._held[request.path]
        request.send_response(200)
        request.send_header('Content-Length', str(len(data)))
        request.end_headers()
        request.wfile.write(data[:size])
        if not released:
            request.close_connection = True
            return
        while not (released.wait(0.1) or self.stopping.is_set()):
            pass
        request.wfile.write(data[size:])


class CachingTestCase(testtools.TestCase):
    """A service of its own, with a cache.

    :ivar site: a :class:`Website`.
    """

    mode = application.MODE

    def setUp(self):
        super().setUp()
        self.site = self.useFixture(Website())

    def start(self, **options):
        """:returns: the service that tests then talk to."""
        more = options.pop('fixture', {})
        self.service = self.useFixture(application.Application(
            self.mode, **more, **application.merged(OPTIONS, options)))
        self.client = self.service.client
        self.cache = self.service.folder / 'cache' / 'glancelite'
        return self.service

    def uploaded(self, data=DATA):
        """:returns: the id of a new image of uploaded data."""
        image = self.client.create()
        self.assertEqual(204, self.client.upload(image['id'], data).status)
        return image['id']

    def registered(self, data=DATA, path=None):
        """:returns: the id of an image with digests, and the path where its
            data is.
        """
        path = path or f'/{uuid.uuid4()}'
        self.site.contents[path] = data
        image = self.client.create()
        answer = self.client.request(
            'POST', f'/v2/images/{image["id"]}/locations', json={
                'url': self.site.url(path), 'validation_data': {
                    'os_hash_algo': 'sha512',
                    'os_hash_value': hashlib.sha512(data).hexdigest()}})
        self.assertEqual(202, answer.status, answer.body)
        application.eventually(
            lambda: self.client.show(image['id'])['status'] == 'active',
            'The image is active')
        return image['id'], path

    def located(self, *paths):
        """:returns: the id of an image without digests, whose data is at
            ``paths``.
        """
        image = self.client.create()
        answer = self.client.patch(f'/v2/images/{image["id"]}', [
            {'op': 'add', 'path': '/locations/-', 'value': {
                'url': self.site.url(path), 'metadata': {}}}
            for path in paths])
        self.assertEqual(200, answer.status, answer.body)
        return image['id']

    def listing(self, client=None):
        answer = (client or self.client).get('/v2/cache', persona='admin')
        self.assertEqual(200, answer.status, answer.body)
        return answer.json

    def entry(self, image_id, client=None):
        """:returns: what the list says of an image in the cache, or None."""
        return next((each for each in self.listing(client)['cached_images']
                     if each['image_id'] == image_id), None)

    def become_cached(self, image_id, client=None):
        """:returns: the entry, when there is one."""
        return application.eventually(
            lambda: self.entry(image_id, client), 'It is cached')

    def leave(self, image_id):
        application.eventually(lambda: not self.entry(image_id),
                               'It is cached no more')

    def call(self, method, path='', persona='admin', **more):
        return self.client.request(method, f'/v2/cache{path}',
                                   persona=persona, **more)

    def download(self, image_id, data=DATA, **more):
        answer = self.client.download(image_id, **more)
        self.assertEqual((200, data), (answer.status, answer.body))

    def cached(self, data=DATA):
        """:returns: the id of an image that is cached and nowhere else."""
        image, path = self.registered(data)
        self.download(image, data)
        self.become_cached(image)
        del self.site.contents[path]
        return image

    def settle(self):
        """Wait until nothing is being written."""
        application.eventually(lambda: not self.files('incomplete'),
                               'Nothing is incomplete')

    def files(self, part):
        """:returns: sorted names of files of the cache."""
        return sorted(path.name for path in (self.cache / part).iterdir())

    def accessed(self, image_id, moment):
        """Let an image in the cache have been used at a moment."""
        (path,) = (self.cache / 'accesses').glob(f'{image_id}.*')
        os.utime(path, (moment, moment))
