# SPDX-License-Identifier: Apache-2.0
"""glancelite upload: the client, against the real service."""
import contextlib
import hashlib
import os
import pathlib
import pty
import signal
import socket
import subprocess
import sys
import threading
from wsgiref import simple_server

import bcrypt
import fixtures
import testtools

from tests import nursery
from tests.functional import application

MIB = 1024 * 1024
DATA = os.urandom(6 * MIB + 123)


class Line(fixtures.Fixture):
    """A TCP connection to a service that can be cut.

    :param port: of the service.
    :param limits: bytes towards the service after which each of the next
        connections breaks. When there are none left, all passes.
    :param holding: stop at a limit, and break when released.
    :param mute: how many connections break at the answer.
    :ivar heads: the first bytes of each connection.
    """

    def __init__(self, port, limits=(), holding=False, mute=0):
        super().__init__()
        self._port = port
        self._limits = list(limits)
        self._mute = mute
        self.heads = []
        self._held = threading.Event()
        self._released = threading.Event()
        if not holding:
            self._released.set()

    def _setUp(self):
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        self.addCleanup(self._close)
        self.addCleanup(self._released.set)
        threading.Thread(target=self._serve, daemon=True).start()

    def wait(self):
        """Wait until a connection has been stopped."""
        if not self._held.wait(application.PATIENCE):
            raise AssertionError('no connection comes to its limit')

    def release(self):
        """Break what was stopped."""
        self._released.set()

    def _close(self):
        self._listener.close()
        self._end(*self._open)

    def _serve(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(('127.0.0.1', self._port))
            except OSError:
                near.close()
                continue
            self._open += [near, far]
            for function, *ends in ((self._there, near, far),
                                    (self._back, far, near)):
                threading.Thread(target=function, args=ends,
                                 daemon=True).start()

    def _there(self, near, far):
        count = 0
        while block := self._receive(near):
            if not count:
                self.heads.append(block)
            count += len(block)
            if self._limits and count > self._limits[0]:
                self._limits.pop(0)
                self._held.set()
                self._released.wait()
                break
            try:
                far.sendall(block)
            except OSError:
                break
        self._end(near, far)

    def _back(self, far, near):
        while block := self._receive(far):
            if self._mute:
                self._mute -= 1
                break
            try:
                near.sendall(block)
            except OSError:
                break
        self._end(near, far)

    @staticmethod
    def _receive(end):
        try:
            return end.recv(65536)
        except OSError:
            return b''

    @staticmethod
    def _end(*ends):
        for end in ends:
            # Whoever waits for it wakes by the one, and who sends is told by
            # the other.
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class _CommandTestCase(testtools.TestCase):

    options = {'paste_deploy': application.SHIPPED_PASTE | {'flavor': None}}

    def setUp(self):
        super().setUp()
        self.folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = self.folder / 'disk'
        self.file.write_bytes(DATA)

    def start(self, *limits, holding=False, mute=0, **options):
        """Start a service, and a line to it."""
        self.service = self.useFixture(application.Application(
            'eventlet', **{**self.options, **options}))
        self.client = self.service.client
        self.line = self.useFixture(Line(self.client.address[1], limits,
                                         holding, mute))

    def environment(self):
        """:returns: that of a user who has nothing of ours yet."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith('OS_')}
        environment.update(HOME=str(self.folder), TERM='dumb',
                           XDG_CACHE_HOME=str(self.folder / 'cache'))
        return environment

    def popen(self, *arguments, **more):
        # Tests that a shell runs in the background ignore SIGINT, and so
        # would what they start.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = subprocess.Popen(
                [sys.executable, '-m', 'glancelite.cmd.upload', *arguments],
                cwd=application.ROOT, env=self.environment(), text=True,
                stdin=subprocess.DEVNULL, **more)
        finally:
            signal.signal(signal.SIGINT, before)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def arguments(self, *arguments):
        return ('upload', '--os-auth-type', 'none', '--os-endpoint',
                f'http://127.0.0.1:{self.line.port}', str(self.file),
                *arguments)

    def begin(self, *arguments):
        return self.popen(*self.arguments(*arguments), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)

    def run_command(self, *arguments, status=0):
        """:returns: what the command prints, and what it complains of."""
        done = nursery.run('upload', *self.arguments(*arguments),
                           env=self.environment())
        self.assertEqual(status, done.returncode, done.stderr)
        self.assertNotIn('Traceback', done.stderr)
        return done.stdout, done.stderr

    def assert_uploaded(self, image_id, data=DATA):
        answer = self.client.get(f'/v2/images/{image_id}', persona=None)
        digest = hashlib.sha512(data).hexdigest()
        self.assertEqual(('active', digest), (
            answer.json['status'], answer.json['os_hash_value']))
        self.assertEqual([image_id], self.service.files())
        return answer.json

    def image(self):
        """:returns: the id of a new image."""
        answer = self.client.request(
            'POST', '/v2/images', persona=None,
            json={'disk_format': 'raw', 'container_format': 'bare'})
        return answer.json['id']

    def saved(self):
        """:returns: the uploads that --resume knows."""
        return list((self.folder / 'cache').rglob('*.json'))


class UploadCommandTest(_CommandTestCase):
    """What the user gets."""

    def test_a_new_image_gets_the_file_and_its_digest_is_shown(self):
        self.start()
        out, err = self.run_command('--name', 'disk', '--disk-format', 'raw',
                                    '--property', 'os_distro=debian')
        image_id, rest = out.split(maxsplit=1)
        image = self.assert_uploaded(image_id)
        self.assertEqual(('disk', 'debian', 'bare'), (
            image['name'], image['os_distro'], image['container_format']))
        self.assertIn(
            f'verified sha512 {hashlib.sha512(DATA).hexdigest()}', rest)
        self.assertEqual([], self.saved())

    def test_an_image_that_is_there_gets_the_file(self):
        self.start()
        image_id = self.image()
        out, err = self.run_command('--image', image_id, '--quiet')
        self.assertEqual((f'{image_id}\n', ''), (out, err))
        self.assert_uploaded(image_id)

    def test_an_empty_file_is_an_image_of_nothing(self):
        self.start()
        self.file.write_bytes(b'')
        image_id = self.image()
        self.run_command('--image', image_id)
        self.assert_uploaded(image_id, b'')

    def test_another_hash_of_the_service_is_verified_as_well(self):
        self.start(hashing_algorithm='sha256')
        out, err = self.run_command('--image', self.image())
        self.assertIn(f'verified sha256 {hashlib.sha256(DATA).hexdigest()}',
                      out)

    def test_a_line_that_breaks_again_and_again_does_no_harm(self):
        self.start(2 * MIB, MIB, 100000, MIB)
        image_id = self.image()
        out, err = self.run_command('--image', image_id)
        self.assert_uploaded(image_id)
        self.assertEqual(4, err.count('again in'), err)

    def test_an_image_is_made_once_though_the_answers_are_lost(self):
        for mute in (1, 2):
            self.start(mute=mute)
            out, err = self.run_command('--name', 'disk', '--disk-format',
                                        'raw')
            self.assertEqual(mute, err.count('again in'), err)
            answer = self.client.get('/v2/images', persona=None)
            self.assertEqual([out.split()[0]], [
                each['id'] for each in answer.json['images']])
            self.assert_uploaded(out.split()[0])

    def test_an_image_that_cannot_be_made_is_told(self):
        self.start()
        out, err = self.run_command('--name', 'x' * 256, '--disk-format',
                                    'raw', status=1)
        self.assertIn('400', err)
        self.assertEqual(1, err.count('\n'), err)

    def test_an_interrupt_while_it_loads_is_no_error(self):
        (self.folder / 'openstack.py').write_text(
            'import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n')
        self.useFixture(fixtures.EnvironmentVariable(
            'PYTHONPATH', str(self.folder)))
        process = self.popen('upload', str(self.file), '--resume',
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(timeout=60)
        self.assertEqual((130, '', 'glancelite: stopped\n'),
                         (process.returncode, out, err))

    def test_an_interrupt_before_the_upload_promises_nothing(self):
        self.start(100, holding=True)
        process = self.begin('--name', 'disk', '--disk-format', 'raw')
        self.line.wait()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual((130, 'glancelite: stopped\n'),
                         (process.returncode, err))

    def test_a_service_that_restarts_is_waited_for(self):
        self.start(3 * MIB, holding=True)
        image_id = self.image()
        process = self.begin('--image', image_id)
        self.line.wait()
        for pid in self.service.workers():
            os.kill(pid, signal.SIGKILL)
        self.service.stop(signal.SIGKILL)
        application.eventually(self.refuses, 'The service has ended')
        self.line.release()
        self.assertIn('again in', process.stderr.readline())
        self.service.start()
        out, err = process.communicate(timeout=120)
        self.assertEqual(0, process.returncode, err)
        self.assert_uploaded(image_id)

    def refuses(self):
        try:
            self.client.connect().close()
        except ConnectionRefusedError:
            return True
        return False

    def test_a_later_run_resumes(self):
        image_id = self.interrupted()
        self.assertEqual(1, len(self.saved()))
        self.run_command('--resume')
        self.assert_uploaded(image_id)
        self.assertEqual([], self.saved())

    def interrupted(self):
        """Interrupt an upload. :returns: the id of its image."""
        self.start(3 * MIB, holding=True)
        image_id = self.image()
        process = self.begin('--image', image_id)
        self.line.wait()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(130, process.returncode, err)
        self.assertIn('--resume', err)
        self.line.release()
        return image_id

    def test_a_changed_file_is_not_resumed(self):
        self.interrupted()
        self.file.write_bytes(DATA[::-1])
        out, err = self.run_command('--resume', status=1)
        self.assertIn('no unfinished upload', err)

    def test_nothing_to_resume_is_an_error(self):
        self.start()
        out, err = self.run_command('--resume', status=1)
        self.assertIn('no unfinished upload', err)

    def test_an_upload_that_was_cancelled_cannot_be_resumed(self):
        image_id = self.interrupted()
        self.client.request('DELETE', f'/v2/images/{image_id}', persona=None)
        out, err = self.run_command('--resume', status=1)
        self.assertIn('any more', err)
        self.assertEqual([], self.saved())

    def test_refusals_are_told_in_a_line(self):
        self.start(image_size_cap=MIB)
        for arguments, words in (
                (('--image', 'unknown'), '404: No image found'),
                (('--image', self.image()), '413')):
            out, err = self.run_command(*arguments, status=1)
            self.assertIn(words, err)
            self.assertEqual(1, err.count('\n'), err)

    def test_an_image_that_has_its_data_is_left_alone(self):
        self.start()
        image_id = self.image()
        self.run_command('--image', image_id)
        self.file.write_bytes(b'other')
        out, err = self.run_command('--image', image_id, status=1)
        self.assertIn('409', err)
        self.assert_uploaded(image_id)

    def test_a_file_that_is_not_there_is_told(self):
        self.start()
        self.file.unlink()
        out, err = self.run_command('--image', 'any', status=1)
        self.assertIn(str(self.file), err)

    def test_arguments_that_say_too_little_or_too_much_are_told(self):
        self.start()
        for arguments in ((), ('--name', 'x'), ('--image', 'x', '--resume')):
            self.run_command(*arguments, status=2)

    def test_a_terminal_gets_a_progress_bar(self):
        self.start()
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        image_id = self.image()
        process = self.popen(*self.arguments('--image', image_id),
                             stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        shown = b''
        while block := self.read(ours):
            shown += block
        self.assertEqual(0, process.wait(60))
        self.assertIn(b'100% 6.0 MiB of 6.0 MiB', shown)
        self.assertIn(b'[###', shown)

    @staticmethod
    def read(terminal):
        try:
            return os.read(terminal, 4096)
        except OSError:
            # The other end is closed.
            return b''


class BasicAuthenticationTest(_CommandTestCase):
    """--os-auth-type http_basic."""

    def arguments(self, *arguments):
        return ('upload', '--os-auth-type', 'http_basic', '--os-endpoint',
                f'http://127.0.0.1:{self.line.port}/v2', '--os-username',
                'alice', '--os-password', self.password, str(self.file),
                *arguments)

    def test_a_password_is_sent(self):
        users = self.folder / 'users'
        stored = bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()
        users.write_text(f'alice:{stored}\n')
        self.start(
            paste_deploy=application.SHIPPED_PASTE | {'flavor': 'http_basic'},
            http_basic={'user_file': users})
        for self.password, status in (('secret', 0), ('wrong', 1)):
            out, err = self.run_command('--name', 'disk', '--disk-format',
                                        'raw', status=status)
        self.assertIn('401', err)


class _WithoutParts:
    """An application in front of the service that knows of no parts."""

    def __init__(self, served):
        self._served = served

    def __call__(self, environ, start_response):
        for name in list(environ):
            if name.startswith('HTTP_UPLOAD_'):
                del environ[name]

        def start(status, headers, exc_info=None):
            return start_response(status, [
                (name, value) for name, value in headers
                if name != 'Accept-Patch'], exc_info)
        return self._served(environ, start)


class _Quiet(simple_server.WSGIRequestHandler):

    def log_message(self, *arguments):
        """Say nothing."""


class OldServiceTest(_CommandTestCase):
    """A service that takes no uploads in parts, such as Glance."""

    def test_the_file_is_uploaded_in_one_request(self):
        self.service = self.useFixture(application.Application(
            'wsgi', **self.options))
        self.client = self.service.client
        server = simple_server.make_server(
            '127.0.0.1', 0, _WithoutParts(self.service.application),
            handler_class=_Quiet)
        self.addCleanup(server.server_close)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.shutdown)
        self.line = self.useFixture(Line(server.server_port))
        image_id = self.image()
        out, err = self.run_command('--image', image_id)
        self.assertIn('nothing can be resumed', err)
        self.assertIn('verified sha512', out)
        self.assert_uploaded(image_id)
