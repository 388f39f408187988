# SPDX-License-Identifier: Apache-2.0
"""/v2/cache, the queue, and what keeps the cache in order."""
import fcntl
import os

import testscenarios

from tests import databases
from tests import nursery
from tests.functional import application
from tests.functional import caching

load_tests = testscenarios.load_tests_apply_scenarios

DATA = caching.DATA
NOBODY = 'e9e5c1a2-7e6b-4e1c-9d0a-2f4d3f3e5a10'


class CallsTest(caching.CachingTestCase):
    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.start(image_cache_sweep_interval=3600)

    def refuse(self, status, words, *request, **more):
        answer = self.call(*request, **more)
        self.assertEqual(status, answer.status, answer.body)
        self.assertIn(words, answer.body.decode())

    def test_an_image_is_queued_and_then_cached(self):
        image = self.uploaded()
        answer = self.call('PUT', f'/{image}')
        self.assertEqual((202, b''), (answer.status, answer.body))
        entry = self.become_cached(image)
        self.assertEqual(
            {'image_id': image, 'hits': 0, 'size': len(DATA),
             'last_accessed': entry['last_modified'],
             'last_modified': entry['last_modified']}, entry)
        self.assertEqual([], self.listing()['queued_images'])
        # What is cached need not be queued.
        self.assertEqual(202, self.call('PUT', f'/{image}').status)
        self.assertEqual([], self.listing()['queued_images'])
        os.unlink(self.service.folder / 'fast' / image)
        self.download(image)

    def test_what_may_be_queued(self):
        queued = self.client.create()['id']
        self.refuse(400, 'Only images with status active can be targeted for '
                    'queueing', 'PUT', f'/{queued}')
        for image in (NOBODY, 'none', '..', 'x' * 300):
            self.refuse(404, 'No image found', 'PUT', f'/{image}')
            self.refuse(404, 'No image found', 'DELETE', f'/{image}')
        image = self.uploaded()
        self.client.request('POST', f'/v2/images/{image}/actions/deactivate',
                            persona='admin')
        self.refuse(400, 'Only images with status active', 'PUT',
                    f'/{image}')

    def test_administrators_alone_may_call(self):
        image = self.uploaded()
        for method, path, rule in (
                ('GET', '', 'cache_list'), ('DELETE', '', 'cache_delete'),
                ('PUT', f'/{image}', 'cache_image'),
                ('DELETE', f'/{image}', 'cache_delete'),
                ('POST', '/clean', 'cache_clean'),
                ('POST', '/prune', 'cache_prune'),
                ('GET', f'/nodes/{image}', 'list_cached_nodes')):
            self.refuse(403, f'You are not authorized to complete {rule} '
                        'action.', method, path, persona='alice')
            seen = path != f'/{image}'
            self.refuse(403 if seen else 404, '', method, path,
                        persona='bob')
            self.assertEqual(401, self.call(method, path,
                                            persona=None).status)

    def test_one_image_is_removed(self):
        images = [self.cached(), self.cached()]
        self.assertEqual(204, self.call('DELETE', f'/{images[0]}').status)
        self.assertIsNone(self.entry(images[0]))
        self.assertIsNotNone(self.entry(images[1]))
        self.assertEqual(503, self.client.download(images[0]).status)
        # It is no matter whether it is there.
        self.assertEqual(204, self.call('DELETE', f'/{images[0]}').status)

    def test_all_or_a_part_is_cleared(self):
        image, path = self.registered()
        del self.site.contents[path]
        for target, cached, queued in (
                ('queue', 1, 0), ('Cache', 0, 1), ('', 0, 0), (None, 0, 0)):
            kept = self.cached()
            self.call('PUT', f'/{image}')
            headers = ({} if target is None
                       else {'x-image-cache-clear-target': target})
            self.assertEqual(204, self.call('DELETE',
                                            headers=headers).status)
            listing = self.listing()
            self.assertEqual(
                [kept] * cached,
                [each['image_id'] for each in listing['cached_images']])
            self.assertEqual([image] * queued, listing['queued_images'])
            self.call('DELETE')
        self.refuse(400, "must be 'cache', 'queue' or empty string", 'DELETE',
                    headers={'x-image-cache-clear-target': 'both'})

    def test_methods_and_bodies(self):
        image = self.uploaded()
        for method, path, allowed in (
                ('POST', '', 'GET, DELETE'), ('HEAD', '', 'GET, DELETE'),
                ('GET', f'/{image}', 'DELETE, PUT'),
                ('GET', '/clean', 'POST'), ('GET', '/prune', 'POST'),
                ('PUT', '/clean', 'POST'), ('DELETE', '/prune', 'POST'),
                ('PUT', f'/nodes/{image}', 'GET')):
            answer = self.call(method, path)
            self.assertEqual((405, allowed),
                             (answer.status, answer.headers['Allow']))
        for method, path in (('PUT', f'/{image}'), ('DELETE', ''),
                             ('POST', '/clean')):
            self.refuse(400, 'A body is not expected', method, path, json={})

    def test_clean_prune_and_nodes(self):
        image = self.cached()
        answer = self.call('POST', '/clean')
        self.assertEqual((200, b''), (answer.status, answer.body))
        answer = self.call('POST', '/prune')
        self.assertEqual(200, answer.status)
        self.assertEqual({'total_files_pruned': 0, 'total_bytes_pruned': 0},
                         answer.json)
        self.assertIsNotNone(self.entry(image))
        self.refuse(409, 'Centralized caching is not enabled', 'GET',
                    f'/nodes/{image}')


class QueueTest(caching.CachingTestCase):
    """Queued images, whose stores may be away."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.start()

    def test_an_image_that_cannot_be_read_waits_for_its_store(self):
        image, path = self.registered()
        data = self.site.contents.pop(path)
        other = self.uploaded()
        self.assertEqual(202, self.call('PUT', f'/{image}').status)
        self.assertEqual(202, self.call('PUT', f'/{other}').status)
        self.become_cached(other)
        application.eventually(
            lambda: f'Image {image} is queued, and cannot be cached'
            in self.service.log_text(), 'It was tried')
        self.assertEqual([image], self.listing()['queued_images'])
        self.site.contents[path] = data
        self.become_cached(image)
        self.assertEqual([], self.listing()['queued_images'])

    def test_what_is_not_what_its_record_says_is_given_up(self):
        image, path = self.registered()
        self.site.contents[path] = bytes(len(DATA))
        self.call('PUT', f'/{image}')
        application.eventually(
            lambda: not self.listing()['queued_images'], 'It is given up')
        self.assertEqual([], self.files('entries'))
        self.settle()

    def test_a_deleted_image_leaves_the_queue(self):
        image, path = self.registered()
        del self.site.contents[path]
        self.call('PUT', f'/{image}')
        self.client.request('DELETE', f'/v2/images/{image}')
        self.assertEqual([], self.listing()['queued_images'])

    def test_what_is_removed_while_it_is_read_does_not_come_back(self):
        image, path = self.registered()
        released = self.site.hold(path, 2 * caching.MIB)
        self.call('PUT', f'/{image}')
        application.eventually(lambda: self.files('incomplete'),
                               'It is being copied')
        self.assertEqual(204, self.call('DELETE', f'/{image}').status)
        released.set()
        other = self.uploaded()
        self.call('PUT', f'/{other}')
        self.become_cached(other)
        self.assertIsNone(self.entry(image))
        self.assertEqual([], self.listing()['queued_images'])


class ManyProcessesTest(caching.CachingTestCase):
    """One of those that share a directory works on the queue."""

    mode = 'eventlet'

    def test_each_queued_image_is_read_once(self):
        self.start(workers=3)
        images = [self.registered() for _ in range(4)]
        reads = {path: self.site.reads(path) for _image, path in images}
        for image, _path in images:
            self.call('PUT', f'/{image}')
        for image, path in images:
            self.become_cached(image)
            self.assertEqual(reads[path] + 1, self.site.reads(path))


class UpkeepTest(caching.CachingTestCase):
    """What goes by itself."""

    def test_images_deleted_through_another_host_go(self):
        database = databases.Database('sqlite')
        self.start(fixture={'database': database})
        image = self.cached()
        kept = self.cached()
        mine = self.client
        here = self.cache
        self.start(fixture={'database': database}, web={'weight': 1})
        self.client.personas = mine.personas
        self.assertNotEqual(here, self.cache)
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image}').status)
        application.eventually(
            lambda: not self.entry(image, mine), 'It is gone')
        self.assertIsNotNone(self.entry(kept, mine))

    def test_what_hangs_goes_and_does_not_come_back(self):
        self.mode = 'eventlet'
        self.start(image_cache_stall_time=2)
        image, path = self.registered()
        released = self.site.hold(path, 2 * caching.MIB)
        with self.client.begin_download(image) as read:
            application.eventually(lambda: self.files('incomplete'),
                                   'It is being copied')
            self.settle()
            released.set()
            self.assertEqual(DATA, read())
        self.assertEqual([], self.files('entries'))


class CommandsTest(caching.CachingTestCase):
    """glancelite-manage cache, beside a service that does nothing itself."""

    mode = 'wsgi'

    def manage(self, *arguments):
        """:returns: the exit code, and what was printed."""
        done = nursery.run('manage', '--config-file',
                           self.service.configuration, 'cache', *arguments)
        return done.returncode, done.stdout, done.stderr

    def idle(self, **options):
        """Start a service whose cache nobody looks after."""
        self.start(**options)
        turn = open(self.cache / 'turn', 'ab')
        self.addCleanup(turn.close)
        fcntl.flock(turn, fcntl.LOCK_EX)

    def test_prune_removes_what_is_too_much(self):
        self.idle()
        images = [self.cached(bytes([number]) * 1000) for number in range(3)]
        for moment, image in enumerate(images, 1):
            self.accessed(image, moment)
        self.service.configure(image_cache_max_size=1500)
        self.assertEqual(
            (0, '2 images with 2000 bytes are removed.\n'),
            self.manage('prune')[:2])
        self.assertEqual([images[2]], [
            each['image_id'] for each in self.listing()['cached_images']])
        self.assertEqual((0, '0 images with 0 bytes are removed.\n'),
                         self.manage('prune')[:2])

    def test_clean_removes_what_a_crash_left(self):
        self.idle()
        image = self.cached()
        name = f'{image}.0123456789abcdef'
        (self.cache / 'incomplete' / name).write_bytes(DATA)
        (self.cache / 'accesses' / name).write_bytes(b'.')
        self.assertEqual((0, 'The cache is clean.\n'),
                         self.manage('clean')[:2])
        self.assertEqual([], self.files('incomplete'))
        self.assertEqual(self.files('entries'), self.files('accesses'))
        self.assertIsNotNone(self.entry(image))

    def test_prefetch_caches_what_is_queued(self):
        self.idle()
        image = self.uploaded()
        lost, path = self.registered()
        del self.site.contents[path]
        for each in (image, lost):
            self.assertEqual(202, self.call('PUT', f'/{each}').status)
        self.assertEqual([image, lost], self.listing()['queued_images'])
        code, printed, _errors = self.manage('prefetch')
        self.assertEqual((1, '1 images are cached, 1 could not be.\n'),
                         (code, printed))
        self.assertIsNotNone(self.entry(image))
        self.assertEqual([lost], self.listing()['queued_images'])

    def test_without_a_cache_they_say_so(self):
        self.start(image_cache_dir=None, paste_deploy={'flavor': 'trusted'})
        code, _printed, errors = self.manage('clean')
        self.assertEqual(2, code)
        self.assertIn('image_cache_dir is not set', errors)
