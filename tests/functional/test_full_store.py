# SPDX-License-Identifier: Apache-2.0
"""A store without room: 413, nothing left behind, and a second try works."""
import os
import subprocess

import testscenarios
import testtools

from tests.functional import application

load_tests = testscenarios.load_tests_apply_scenarios

MIB = 1024 * 1024


class _FullStoreTestCase(testtools.TestCase):

    def assert_too_large_leaves_nothing(self, service, too_large):
        image = service.client.create()
        for body in (too_large, [too_large[:MIB], too_large[MIB:]]):
            answer = service.client.upload(image['id'], body)
            self.assertEqual(413, answer.status)
            shown = service.client.show(image['id'])
            self.assertEqual(('queued', None, None),
                             (shown['status'], shown['size'],
                              shown['checksum']))
            self.assertEqual([], service.files())
        self.assertEqual(
            204, service.client.upload(image['id'], b'small').status)
        self.assertEqual([image['id']], service.files())


class FileSizeLimitTest(_FullStoreTestCase):
    """The operating system refuses to let a file grow."""

    def test_an_upload_beyond_the_file_size_limit_is_413(self):
        service = self.useFixture(application.Application(
            'eventlet', limits={'RLIMIT_FSIZE': 4 * MIB}))
        self.assert_too_large_leaves_nothing(service, os.urandom(6 * MIB))


class SmallFilesystemTest(_FullStoreTestCase):
    """A file system fills up."""

    scenarios = application.SCENARIOS

    def test_an_upload_that_fills_the_file_system_is_413(self):
        service = self.useFixture(application.Application(self.mode))
        self.mount(service.store)
        self.assert_too_large_leaves_nothing(service, os.urandom(6 * MIB))

    def mount(self, folder):
        done = subprocess.run(
            ['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder],
            capture_output=True, check=False)
        if done.returncode:
            self.skipTest('No file system may be mounted here.')
        self.addCleanup(subprocess.run, ['umount', '-l', folder], check=True)


class SizeCapTest(_FullStoreTestCase):
    """image_size_cap bounds every upload."""

    scenarios = application.SCENARIOS

    def test_an_upload_beyond_image_size_cap_is_413(self):
        service = self.useFixture(application.Application(
            self.mode, image_size_cap=2 * MIB))
        self.assert_too_large_leaves_nothing(service, os.urandom(3 * MIB))

    def test_an_upload_of_exactly_image_size_cap_is_taken(self):
        service = self.useFixture(application.Application(
            self.mode, image_size_cap=2 * MIB))
        image = service.client.create()
        answer = service.client.upload(image['id'], os.urandom(2 * MIB))
        self.assertEqual(204, answer.status)
