# SPDX-License-Identifier: Apache-2.0
"""The image cache: what fills it, who is served from it, and what is not."""
import contextlib
import os
import signal

import testscenarios
import webob

from glancelite import deploy
from glancelite import exception
from tests.functional import application
from tests.functional import caching
from tests.functional import test_file_wrapper
from tests.functional import uploading

load_tests = testscenarios.load_tests_apply_scenarios

DATA = caching.DATA


class ServedTest(caching.CachingTestCase):
    """The first whole download fills the cache, and others are served."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.start()

    def test_the_second_download_needs_no_store(self):
        image, path = self.registered()
        reads = self.site.reads(path)
        self.download(image)
        entry = self.become_cached(image)
        self.assertEqual((len(DATA), 0), (entry['size'], entry['hits']))
        self.assertEqual(entry['last_modified'], entry['last_accessed'])
        del self.site.contents[path]
        self.download(image)
        self.assertEqual(reads + 1, self.site.reads(path))
        again = self.entry(image)
        self.assertEqual(1, again['hits'])
        self.assertEqual(entry['last_modified'], again['last_modified'])
        self.assertThat(again['last_accessed'], caching.at_least(
            entry['last_accessed']))

    def test_parts_and_conditions_are_answered_from_the_cache(self):
        image = self.cached()
        whole = self.client.download(image)
        part = self.client.download(image, {'Range': 'bytes=5-9'})
        self.assertEqual((206, DATA[5:10]), (part.status, part.body))
        self.assertEqual(f'bytes 5-9/{len(DATA)}',
                         part.headers['Content-Range'])
        last = self.client.download(image, {'Range': 'bytes=-9'})
        self.assertEqual((206, DATA[-9:]), (last.status, last.body))
        self.assertEqual(416, self.client.download(
            image, {'Range': f'bytes={len(DATA)}-'}).status)
        head = self.client.request('HEAD', f'/v2/images/{image}/file')
        self.assertEqual((200, b''), (head.status, head.body))
        for name in ('Content-Length', 'ETag', 'Content-MD5', 'Repr-Digest',
                     'Last-Modified'):
            self.assertEqual(whole.headers.get(name), head.headers.get(name))
        tag = whole.headers['ETag']
        self.assertEqual(304, self.client.download(
            image, {'If-None-Match': tag}).status)
        self.assertEqual(412, self.client.download(
            image, {'If-Match': '"another"'}).status)
        # What is no whole download is no hit.
        self.assertEqual(1, self.entry(image)['hits'])

    def test_parts_and_questions_fill_nothing(self):
        image, path = self.registered()
        self.client.download(image, {'Range': 'bytes=0-9'})
        self.client.request('HEAD', f'/v2/images/{image}/file')
        tag = self.client.request(
            'HEAD', f'/v2/images/{image}/file').headers['ETag']
        self.client.download(image, {'If-None-Match': tag})
        self.assertEqual([], self.files('entries'))
        self.assertEqual([], self.files('incomplete'))

    def test_a_download_that_breaks_leaves_nothing(self):
        image, path = self.registered()
        with self.client.begin_download(image):
            pass
        self.settle()
        self.assertIsNone(self.entry(image))
        self.download(image)
        self.become_cached(image)

    def test_a_store_that_breaks_leaves_nothing(self):
        image, path = self.registered()
        self.site.shorten(path)
        with contextlib.suppress(exception.FetchRefused, *caching.BROKEN):
            self.client.download(image)
        self.settle()
        self.assertIsNone(self.entry(image))

    def test_what_is_not_what_the_record_says_is_not_cached(self):
        image, path = self.registered()
        other = bytes(len(DATA))
        self.site.contents[path] = other
        self.download(image, other)
        application.eventually(
            lambda: 'its data is not what its record says'
            in self.service.log_text(), 'It is told')
        self.settle()
        self.assertIsNone(self.entry(image))

    def test_other_data_of_the_same_image_is_not_taken_for_it(self):
        self.site.contents.update({'/one': DATA, '/two': bytes(len(DATA))})
        image = self.located('/one')
        self.download(image)
        self.become_cached(image)
        answer = self.client.patch(f'/v2/images/{image}', [
            {'op': 'add', 'path': '/locations/-', 'value': {
                'url': self.site.url('/two'), 'metadata': {}}},
            {'op': 'remove', 'path': '/locations/0'}], persona='admin')
        self.assertEqual(200, answer.status, answer.body)
        self.download(image, bytes(len(DATA)))
        application.eventually(
            lambda: len(self.files('entries')) == 1 and self.files('entries')
            == self.files('accesses'), 'The old entry is gone')
        self.download(image, bytes(len(DATA)))

    def test_an_image_of_no_bytes_is_cached_as_well(self):
        image = self.uploaded(b'')
        self.download(image, b'')
        self.assertEqual(0, self.become_cached(image)['size'])
        self.download(image, b'')

    def test_the_stores_of_files_are_spared_as_well(self):
        image = self.uploaded()
        self.download(image)
        self.become_cached(image)
        os.unlink(self.service.folder / 'fast' / image)
        self.download(image)

    def test_who_wants_a_store_is_not_served_from_the_cache(self):
        image = self.cached()
        self.assertEqual(503, self.client.get(
            f'/v2/images/{image}/file?prefer=web').status)

    def test_a_damaged_entry_is_not_served(self):
        image = self.uploaded()
        self.download(image)
        self.become_cached(image)
        (name,) = self.files('entries')
        os.truncate(self.cache / 'entries' / name, 10)
        self.download(image)
        application.eventually(
            lambda: (self.entry(image) or {}).get('size') == len(DATA),
            'It is cached again')
        self.download(image)

    def test_an_entry_that_went_meanwhile_is_read_from_the_store(self):
        image = self.uploaded()
        self.download(image)
        self.become_cached(image)
        for path in (self.cache / 'entries').iterdir():
            path.unlink()
        self.download(image)
        self.become_cached(image)


class RefusedTest(caching.CachingTestCase):
    """Who may not have an image is not served from the cache either."""

    scenarios = application.SCENARIOS

    def setUp(self):
        super().setUp()
        self.start()
        self.image = self.cached()

    def test_strangers_and_readers_get_nothing(self):
        for persona, status in (('bob', 404), ('alan', 403), (None, 401)):
            self.assertEqual(status, self.client.download(
                self.image, persona=persona).status)

    def test_a_deactivated_image_is_not_served(self):
        for action, status, admins in (
                ('deactivate', 403, 503), ('reactivate', 200, 200)):
            self.assertEqual(204, self.client.request(
                'POST', f'/v2/images/{self.image}/actions/{action}',
                persona='admin').status)
            self.assertEqual(status,
                             self.client.download(self.image).status)
            # The store, which administrators are served from, has it not.
            self.assertEqual(admins, self.client.download(
                self.image, persona='admin').status)

    def test_a_deletion_takes_it_out_of_the_cache(self):
        path = f'/v2/images/{self.image}'
        self.assertEqual(204, self.client.request('DELETE', path).status)
        self.assertEqual(404, self.client.download(self.image).status)
        self.assertIsNone(self.entry(self.image))
        for part in ('entries', 'accesses', 'incomplete'):
            self.assertEqual([], self.files(part))


class DeletedMeanwhileTest(caching.CachingTestCase):
    """What is deleted while it is copied does not become an entry."""

    mode = 'eventlet'

    def test_a_deletion_ends_the_copy(self):
        self.start()
        image, path = self.registered()
        released = self.site.hold(path, 2 * caching.MIB)
        with self.client.begin_download(image) as read:
            application.eventually(lambda: self.files('incomplete'),
                                   'It is being copied')
            self.assertEqual(204, self.client.request(
                'DELETE', f'/v2/images/{image}').status)
            self.assertEqual([], self.files('incomplete'))
            released.set()
            self.assertEqual(DATA, read())
        self.assertEqual([], self.files('entries'))


class RefusingDiskTest(caching.CachingTestCase):
    """A cache that cannot take an image harms no download."""

    scenarios = application.SCENARIOS

    def test_without_its_directory_it_caches_nothing(self):
        self.start()
        image = self.uploaded()
        (self.cache / 'incomplete').rmdir()
        (self.cache / 'incomplete').touch()
        self.download(image)
        self.download(image)
        self.assertIsNone(self.entry(image))
        self.assertIn(f'Image {image} is not cached: Not a directory',
                      self.service.log_text())

    def test_what_is_larger_than_the_cache_stays_out(self):
        self.start(image_cache_max_size=len(DATA) - 1)
        image = self.uploaded()
        self.download(image)
        self.assertEqual(202, self.call('PUT', f'/{image}').status)
        application.eventually(
            lambda: not self.listing()['queued_images'], 'It is given up')
        self.assertEqual([], self.files('entries'))
        self.assertEqual([], self.files('incomplete'))


class FullDiskTest(caching.CachingTestCase):
    mode = 'eventlet'

    def test_a_full_disk_ends_the_copy_and_not_the_download(self):
        self.start(fixture={'limits': {'RLIMIT_FSIZE': 2 * caching.MIB}})
        self.site.contents['/data'] = DATA
        image = self.located('/data')
        self.download(image)
        application.eventually(
            lambda: f'Image {image} is not cached: File too large'
            in self.service.log_text(), 'It is told')
        self.settle()
        self.assertIsNone(self.entry(image))


class LeastRecentlyUsedTest(caching.CachingTestCase):
    scenarios = application.SCENARIOS

    def test_the_images_used_last_stay(self):
        self.start(image_cache_max_size=25000)
        images = [self.uploaded(bytes([number]) * 10000)
                  for number in range(3)]
        for number in (0, 1):
            self.download(images[number], bytes([number]) * 10000)
            self.become_cached(images[number])
        self.accessed(images[1], 1)
        self.download(images[2], b'\2' * 10000)
        self.become_cached(images[2])
        self.leave(images[1])
        self.assertIsNotNone(self.entry(images[0]))

    def test_parts_are_uses_as_well(self):
        self.start()
        image = self.cached()
        self.accessed(image, 1)
        self.assertEqual(206, self.client.download(
            image, {'Range': 'bytes=0-0'}).status)
        self.assertThat(self.entry(image)['last_accessed'],
                        caching.at_least(2))


class SwitchTest(caching.CachingTestCase):
    """What switches it on, and what is without it."""

    def test_without_a_directory_there_is_none(self):
        self.start(image_cache_dir=None, paste_deploy={'flavor': 'trusted'})
        image = self.uploaded()
        self.download(image)
        versions = self.client.get('/versions').json['versions']
        self.assertNotIn('v2.18', [each['id'] for each in versions])
        for method, path in (
                ('GET', ''), ('DELETE', ''), ('PUT', f'/{image}'),
                ('DELETE', f'/{image}'), ('POST', '/clean'),
                ('POST', '/prune'), ('GET', f'/nodes/{image}')):
            answer = self.call(method, path)
            self.assertEqual(404, answer.status)
            self.assertIn('Caching via API is not supported at this site.',
                          answer.body.decode())
            self.assertEqual(403, self.call(method, path,
                                            persona='alice').status)

    def test_without_the_flavor_downloads_go_past_it(self):
        self.start(paste_deploy={'flavor': 'trusted'})
        image = self.uploaded()
        self.download(image)
        self.assertEqual([], self.files('incomplete'))
        self.assertEqual(
            {'cached_images': [], 'queued_images': []}, self.listing())

    def test_the_flavor_without_a_directory_does_not_start(self):
        service = application.Application('wsgi')
        self.useFixture(service)
        service.configure(paste_deploy={'flavor': 'trusted+caching'})
        error = self.assertRaises(exception.ConfigurationError,
                                  deploy.load_app, service.load_conf())
        self.assertIn('image_cache_dir is not set', str(error))

    def test_a_directory_that_cannot_be_made_does_not_start(self):
        service = application.Application('wsgi')
        self.useFixture(service)
        (service.folder / 'file').touch()
        service.configure(image_cache_dir='{folder}/file/cache')
        self.assertRaises(exception.ConfigurationError,
                          deploy.load_app, service.load_conf())

    def test_the_versions_are_those_of_glance_with_a_cache(self):
        self.start()
        versions = self.client.get('/versions').json['versions']
        self.assertEqual(
            [f'v2.{minor}' for minor in range(18, -1, -1)],
            [each['id'] for each in versions])
        self.assertEqual('CURRENT', versions[0]['status'])
        self.assertEqual(200, self.client.get('/v2.18/images').status)


class SentByServerTest(caching.CachingTestCase):
    """Entries leave by the same ways as files of a store."""

    mode = 'wsgi'

    def test_an_entry_goes_to_the_server_as_a_file(self):
        self.start()
        image = self.cached()
        request = webob.Request.blank(
            f'/v2/images/{image}/file',
            headers=self.client.personas.headers('alice'))
        request.environ['wsgi.file_wrapper'] = test_file_wrapper.Wrapper
        status, headers, body = request.call_application(
            self.service.application)
        self.assertEqual('200 OK', status)
        self.assertEqual(DATA, body.sent(len(DATA)))

    def test_an_entry_goes_to_the_front_end_by_its_name(self):
        self.start(sendfile_header='X-Sendfile')
        image = self.cached()
        answer = self.client.download(image)
        (name,) = self.files('entries')
        self.assertEqual(str(self.cache / 'entries' / name),
                         answer.headers['X-Sendfile'])
        self.assertEqual(b'', answer.body)
        self.assertEqual(1, self.entry(image)['hits'])


class SideBySideTest(caching.CachingTestCase):
    """Several requests, several processes, one directory."""

    mode = 'eventlet'

    def test_of_many_downloads_one_fills_the_cache(self):
        self.start(workers=2)
        image, path = self.registered()
        released = self.site.hold(path, 2 * caching.MIB)
        with self.client.begin_download(image) as read:
            application.eventually(lambda: self.files('incomplete'),
                                   'It is being copied')
            others = [self.client.begin_download(image) for _ in range(4)]
            readers = [each.__enter__() for each in others]
            self.assertEqual(1, len(self.files('incomplete')))
            released.set()
            self.assertEqual([DATA] * 5,
                             [each() for each in (read, *readers)])
            for each in others:
                each.__exit__(None, None, None)
        self.become_cached(image)
        self.assertEqual(1, len(self.files('entries')))
        self.settle()

    def test_what_one_process_fills_another_serves(self):
        self.start()
        image = self.cached()
        other = uploading.another(self, self.service)
        answer = other.download(image)
        self.assertEqual((200, DATA), (answer.status, answer.body))
        self.assertEqual(1, self.entry(image)['hits'])
        self.assertEqual(1, self.entry(image, other)['hits'])

    def test_hits_from_everywhere_are_counted(self):
        self.start(workers=2)
        image = self.cached()
        uploading.at_once([lambda: self.download(image)] * 12)
        self.assertEqual(12, self.entry(image)['hits'])


class KilledTest(caching.CachingTestCase):
    """kill -9 in the middle of a copy."""

    mode = 'eventlet'

    def kill_a_copy(self):
        """Kill the service while it copies an image.

        :returns: the image, whose store is quick from now on.
        """
        image, path = self.registered()
        self.site.hold(path, 2 * caching.MIB)
        with self.client.begin_download(image):
            application.eventually(self.written, 'Some of it is written')
            for pid in (*self.service.workers(), self.service.process.pid):
                os.kill(pid, signal.SIGKILL)
        self.service.stop()
        # Or the next request comes to one who dies.
        application.eventually(self.refuses, 'Nobody listens')
        self.assertEqual([], self.files('entries'))
        self.assertEqual(1, len(self.files('incomplete')))
        self.site.hold(path, 0).set()
        return image

    def test_a_kill_leaves_nothing_that_is_served_or_stays(self):
        self.start()
        image = self.kill_a_copy()
        self.service.start()
        self.settle()
        self.assertIsNone(self.entry(image))
        self.download(image)
        self.become_cached(image)
        self.download(image)

    def test_the_next_download_need_not_wait_for_the_clean_up(self):
        self.start(image_cache_sweep_interval=3600)
        image = self.kill_a_copy()
        self.service.start()
        self.download(image)
        self.become_cached(image)
        self.download(image)

    def written(self):
        return any(each.stat().st_size
                   for each in (self.cache / 'incomplete').iterdir())

    def refuses(self):
        try:
            self.client.connect().close()
        except ConnectionRefusedError:
            return True
        return False
