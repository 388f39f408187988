# SPDX-License-Identifier: Apache-2.0
"""The password file: what it may hold, and where it is compared."""
import pathlib

import bcrypt
import fixtures
import testtools

from glancelite import exception
from glancelite.api.middleware import http_basic
from glancelite.data import threads


class Recording(threads.NativeThreads):
    """Threads that know what was done off the event loop."""

    def __init__(self):
        self.waited = []

    def wait(self, function, *args):
        self.waited.append(function)
        return function(*args)


class PasswordFileTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.path = folder / 'htpasswd'
        self.hash = bcrypt.hashpw(b'wonder', bcrypt.gensalt(4))
        self.threads = Recording()

    def read(self, text):
        """:returns: the password file with ``text`` (bytes)."""
        self.path.write_bytes(text)
        return http_basic.PasswordFile(str(self.path), self.threads)

    def refusal(self, text):
        error = self.assertRaises(exception.ConfigurationError, self.read,
                                  text)
        return str(error)

    def test_passwords_are_compared_off_the_event_loop_once(self):
        users = self.read(b'alice:' + self.hash + b'\n')
        for _ in range(3):
            self.assertTrue(users.verify('alice', b'wonder'))
        self.assertEqual([bcrypt.checkpw], self.threads.waited)
        self.assertFalse(users.verify('nobody', b'wonder'))
        self.assertEqual(2 * [bcrypt.checkpw], self.threads.waited)

    def test_any_bytes_may_be_a_password(self):
        users = self.read(b'alice:' + self.hash + b'\n')
        for password in (b'', b'\0', b'\xff', b'x' * 1000):
            self.assertFalse(users.verify('alice', password))

    def test_half_a_hash_is_refused_with_its_line(self):
        for text in (b'$2y$05$short', b'$2b$', b'$2b$99' + self.hash[6:]):
            self.assertIn('line 2', self.refusal(
                b'alice:' + self.hash + b'\nbob:' + text + b'\n'))

    def test_what_is_not_in_utf_8_is_refused(self):
        self.assertIn('UTF-8', self.refusal(b'alice:\xff\n'))

    def test_what_becomes_unreadable_leaves_the_users_as_they_were(self):
        users = self.read(b'alice:' + self.hash + b'\n')
        log = self.useFixture(fixtures.FakeLogger())
        self.path.write_bytes(b'alice:\xff\n')
        self.assertTrue(users.verify('alice', b'wonder'))
        self.assertIn('the users stay as they were', log.output)
