# SPDX-License-Identifier: Apache-2.0
"""glancelite-manage fsck looks into stores of the glance_store library."""
import json
import subprocess
import sys
import uuid

import fixtures

from glancelite import deploy
from glancelite.data import threads
from glancelite.stores import registry
from tests.functional import application
from tests.stores import engines
from tests.stores import test_images


def load_tests(loader, tests, pattern):
    """:returns: the tests, for each engine."""
    return test_images.load_tests(loader, tests, pattern)


class FsckTest(test_images.StoreTestCase):
    """Problems in an engine, found and repaired from beside the service."""

    scenarios = [(name, {'engine': name}) for name in engines.NAMES]
    mode = 'wsgi'

    def fsck(self, *arguments):
        """:returns: the exit code, and (problem, image, repaired) of each."""
        done = subprocess.run(
            [sys.executable, '-m', 'glancelite.cmd.manage', '--config-file',
             str(self.application.configuration), 'fsck', '--format', 'json',
             *arguments], capture_output=True, text=True,
            cwd=application.ROOT, timeout=3 * application.PATIENCE,
            check=False)
        self.assertNotIn('Traceback', done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual([], answer['unlisted'])
        return done.returncode, {
            (each['kind'], each['image_id'], each['repaired'])
            for each in answer['problems']}

    def driver(self):
        """:returns: a driver of the engine's store, of another process."""
        configuration = engines.write_configuration(
            self.useFixture(fixtures.TempDir()).path, self.place)
        conf = deploy.load_conf(files=[str(configuration)])
        return registry.Stores(conf, threads=threads.NativeThreads()).default

    def leave(self, data, finish=True):
        """:returns: the id of an image that only the store knows of."""
        image_id = str(uuid.uuid4())
        writer = self.driver().writer(
            image_id, uuid.uuid4().hex, len(data))
        writer.write(data)
        if finish:
            writer.finish()
        return image_id

    def test_a_sound_store_has_no_problem(self):
        for data in (test_images.DATA, b'x', b''):
            self.upload(data)
        self.assertEqual((0, set()), self.fsck())

    def test_bytes_that_no_record_names_are_found_and_removed(self):
        self.upload(b'kept')
        kept = self.place.contents()
        lost = {self.leave(test_images.DATA), self.leave(b'x')}
        self.assertEqual(
            (1, {('unrecorded', each, False) for each in lost}),
            self.fsck())
        self.assertEqual((1, {('unrecorded', each, False) for each in lost}),
                         self.fsck('--repair'))
        self.assertEqual(
            (0, {('unrecorded', each, True) for each in lost}),
            self.fsck('--repair', '--min-age', '0'))
        self.assertEqual(kept, self.place.contents())
        self.assertEqual((0, set()), self.fsck())

    def test_missing_and_shortened_bytes_are_found(self):
        gone, short = self.upload(), self.upload(b'12345')
        driver = self.driver()
        token = self.place.name_of(self.location(short)).split(
            short + '.')[1].split('/')[0]
        for image_id in (gone, short):
            driver.delete(self.location(image_id))
        writer = driver.writer(short, token, 3)
        writer.write(b'123')
        writer.finish()
        # What Cinder takes in the place of it has another URL.
        found = ({('missing', short, False), ('unrecorded', short, False)}
                 if self.engine == 'cinder' else
                 {('wrong-size', short, False)})
        self.assertEqual((1, {('missing', gone, False), *found}),
                         self.fsck())

    def location(self, image_id):
        """:returns: the URL of the data, as the record has it."""
        image = self.client.request(
            'GET', f'/v2/images/{image_id}/locations', persona='admin')
        return image.json[0]['url']
