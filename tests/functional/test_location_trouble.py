# SPDX-License-Identifier: Apache-2.0
"""Locations when requests race, processes die, and images go away."""
import functools
import pathlib
import signal
import threading

import fixtures
import testtools

from tests.functional import application
from tests.functional import locations
from tests.unit.fetch import wire

_DATA = locations.DATA


class HeldSource:
    """Sends the first half of its data, and the rest when it may.

    :ivar asked: an event: the data was asked for.
    :ivar released: an event: the rest may follow.
    """

    def __init__(self):
        self.asked = threading.Event()
        self.released = threading.Event()

    def serve(self, request):
        """Answer one request."""
        if request.command == 'HEAD':
            return wire.send(request, _DATA)
        half = len(_DATA) // 2
        request.send_response(200)
        request.send_header('Content-Length', str(len(_DATA)))
        request.end_headers()
        request.wfile.write(_DATA[:half])
        self.asked.set()
        self.released.wait(application.PATIENCE)
        request.wfile.write(_DATA[half:])


class LargeSource:
    """Sends block after block, until nobody reads them.

    :ivar asked: an event: the data was asked for.
    :ivar left: an event: who asked has gone away.
    """

    def __init__(self):
        self.asked = threading.Event()
        self.left = threading.Event()

    def serve(self, request):
        """Answer one request."""
        request.send_response(200)
        request.send_header('Content-Length', str(2 ** 39))
        request.end_headers()
        if request.command == 'HEAD':
            return
        self.asked.set()
        try:
            while True:
                request.wfile.write(b'x' * 65536)
        except OSError:
            self.left.set()
            request.close_connection = True


class _TroubleTestCase(testtools.TestCase):

    def start(self, mode, handle, **options):
        self.source = self.useFixture(wire.Source(handle))
        self.fast = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.service = self.useFixture(application.Application(mode, **{
            **locations.STORES,
            'fast': {'filesystem_store_datadir': self.fast},
            'show_multiple_locations': True,
            'import_filtering_opts': {
                'allowed_hosts': '[127.0.0.1]', 'allowed_ports': '[]'},
            **options}))
        self.client = self.service.client

    def add(self, query=''):
        return {'op': 'add', 'path': '/locations/-', 'value': {
            'url': self.url(query), 'metadata': {}}}

    def url(self, query=''):
        return f'http://127.0.0.1:{self.source.address[1]}/data?{query}'

    def patch(self, image, *changes):
        return self.client.patch(f'/v2/images/{image["id"]}', list(changes),
                                 persona='admin')

    def register(self, image):
        answer = self.client.request(
            'POST', f'/v2/images/{image["id"]}/locations',
            json={'url': self.url()})
        self.assertEqual(202, answer.status)


class CrashTest(_TroubleTestCase):

    def test_a_crash_leaves_an_active_image_without_digest(self):
        held = HeldSource()
        self.addCleanup(held.released.set)
        self.start('eventlet', held.serve)
        image = self.client.create()
        self.register(image)
        self.assertTrue(held.asked.wait(application.PATIENCE))
        workers = self.service.workers()
        self.service.stop(signal.SIGKILL)
        for pid in workers:
            application.eventually(
                lambda pid=pid: not pathlib.Path(f'/proc/{pid}').exists(),
                'The workers end')
        self.service.start()
        shown = self.client.show(image['id'])
        self.assertEqual(
            ('active', len(_DATA), None, None),
            (shown['status'], shown['size'], shown['checksum'],
             shown['os_hash_value']))
        held.released.set()
        self.assertEqual(_DATA, self.client.download(image['id']).body)

    def test_data_of_a_removed_location_goes_although_a_process_died(self):
        self.start('wsgi', locations.serve,
                   lease={'ttl': 3, 'sweep_interval': 1})
        image = self.client.create()
        self.client.upload(image['id'], _DATA)
        self.assertEqual(200, self.patch(image, self.add()).status)

        def die(*args):
            raise OSError('as good as dead')

        with fixtures.MonkeyPatch(
                'glancelite.data.removal.Remover.remove_copies', die):
            answer = self.patch(
                image, {'op': 'remove', 'path': '/locations/1'})
            self.assertEqual(200, answer.status)
            self.assertEqual(1, len(answer.json['locations']))
        self.assertTrue((self.fast / image['id']).exists())
        application.eventually(
            lambda: not (self.fast / image['id']).exists(), 'The data goes')
        self.assertEqual(_DATA, self.client.download(image['id']).body)

    def test_deleting_the_image_meanwhile_removes_that_data_too(self):
        self.start('wsgi', locations.serve, lease={'ttl': 600})
        image = self.client.create()
        self.client.upload(image['id'], _DATA)
        self.patch(image, self.add())

        def die(*args):
            raise OSError('as good as dead')

        with fixtures.MonkeyPatch(
                'glancelite.data.removal.Remover.remove_copies', die):
            self.patch(image, {'op': 'remove', 'path': '/locations/1'})
        self.assertTrue((self.fast / image['id']).exists())
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image["id"]}').status)
        self.assertFalse((self.fast / image['id']).exists())


class DeletedMeanwhileTest(_TroubleTestCase):

    def test_reading_ends_when_the_image_is_deleted(self):
        self.useFixture(fixtures.MonkeyPatch(
            'glancelite.data.location_import._WATCH_INTERVAL', 0))
        source = LargeSource()
        self.start('wsgi', source.serve)
        image = self.client.create()
        self.register(image)
        self.assertTrue(source.asked.wait(application.PATIENCE))
        self.assertEqual('active', self.client.show(image['id'])['status'])
        self.assertFalse(source.left.is_set())
        self.assertEqual(204, self.client.request(
            'DELETE', f'/v2/images/{image["id"]}').status)
        self.assertTrue(source.left.wait(application.PATIENCE))


class RaceTest(_TroubleTestCase):

    def _race(self, *functions):
        """:returns: what ``functions`` return, run at the same moment."""
        barrier = threading.Barrier(len(functions))
        results = []

        def run(function):
            barrier.wait()
            results.append(function())

        threads = [threading.Thread(target=run, args=(each,))
                   for each in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_two_removals_never_leave_an_image_without_locations(self):
        self.start('wsgi', locations.serve)
        for _ in range(10):
            image = self.client.create()
            self.patch(image, self.add('1'), self.add('2'))
            answers = self._race(*(
                functools.partial(self.patch, image, {
                    'op': 'remove', 'path': f'/locations/{position}'})
                for position in (0, 1)))
            self.assertEqual(1, len(
                self.client.show(image['id'])['locations']))
            self.assertIn(200, [each.status for each in answers])
            self.assertIn([each.status for each in answers if
                           each.status != 200][0], (400, 403))

    def test_two_additions_of_one_location_store_it_once(self):
        self.start('wsgi', locations.serve)
        for _ in range(10):
            image = self.client.create()
            self.patch(image, self.add('1'))
            answers = self._race(*[
                functools.partial(self.patch, image, self.add('2'))] * 3)
            self.assertEqual([200, 400, 400],
                             sorted(each.status for each in answers))
            self.assertEqual(2, len(
                self.client.show(image['id'])['locations']))

    def test_two_registrations_make_one_location(self):
        self.start('wsgi', locations.serve)
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/locations'
        answers = self._race(*(
            functools.partial(self.client.request, 'POST', path,
                              json={'url': self.url(number)})
            for number in range(4)))
        self.assertIn(202, [each.status for each in answers])
        self.assertEqual(1, len(self.client.show(image['id'])['locations']))
