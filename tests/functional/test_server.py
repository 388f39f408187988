# SPDX-License-Identifier: Apache-2.0
"""glancelite-api as a process: signals, sockets, workers, its log."""
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading

import testtools

from tests.functional import application
from tests.functional import client
from tests.servers import kinds

MIB = 1024 * 1024
DATA = os.urandom(3 * MIB)


class _ServerTestCase(testtools.TestCase):

    def start(self, **options):
        """:returns: a running server of its own."""
        return self.useFixture(application.Application(
            'eventlet', server=kinds.SERVERS['eventlet'], **options))

    def stop_softly(self, server):
        """Send SIGTERM, and wait until the worker has heard of it.

        It then closes connections on which nothing goes on.
        """
        idle = http.client.HTTPConnection(*server.client.address,
                                          timeout=client.TIMEOUT)
        self.addCleanup(idle.close)
        idle.request('GET', '/')
        idle.getresponse().read()
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(b'', idle.sock.recv(1))


class StopTest(_ServerTestCase):
    """How the service ends."""

    def test_sigterm_ends_the_service_with_exit_code_0(self):
        server = self.start()
        self.assertEqual(300, server.client.get('/').status)
        self.assertEqual(0, server.stop(signal.SIGTERM))
        self.assertNotIn('Traceback', server.log_text())

    def test_sigint_ends_the_service_with_exit_code_0(self):
        server = self.start()
        self.assertEqual(300, server.client.get('/').status)
        self.assertEqual(0, server.stop(signal.SIGINT))
        self.assertNotIn('Traceback', server.log_text())

    def test_a_connection_kept_open_does_not_hold_up_the_end(self):
        server = self.start(graceful_shutdown_timeout=600)
        kept = http.client.HTTPConnection(*server.client.address)
        self.addCleanup(kept.close)
        kept.request('GET', '/')
        kept.getresponse().read()
        self.assertEqual(0, server.stop(signal.SIGTERM))

    def test_no_worker_outlives_the_service(self):
        server = self.start(workers=2)
        workers = application.eventually(
            lambda: len(server.workers()) == 2 and server.workers(),
            'Both workers run')
        server.stop(signal.SIGTERM)
        for worker in workers:
            self.assertRaises(ProcessLookupError, os.kill, worker, 0)

    def test_a_running_upload_is_finished_at_sigterm(self):
        server = self.start()
        image = server.client.create()
        body = client.HeldBody(DATA[:MIB], DATA[MIB:])
        self.addCleanup(body.release)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            server.client.upload(image['id'], body)))
        thread.start()
        application.eventually(
            lambda: server.client.show(image['id'])['status'] == 'saving',
            'The upload begins')
        self.stop_softly(server)
        body.release()
        thread.join()
        self.assertEqual(204, answers[0].status)
        self.assertEqual(0, server.stop())
        server.start()
        self.assertEqual('active', server.client.show(image['id'])['status'])
        self.assertTrue(
            DATA == server.client.download(image['id']).body)

    def test_a_running_download_is_finished_at_sigterm(self):
        data = os.urandom(24 * MIB)
        server = self.start()
        image = server.client.create()
        server.client.upload(image['id'], data)
        connection = http.client.HTTPConnection(*server.client.address)
        self.addCleanup(connection.close)
        connection.request(
            'GET', f'/v2/images/{image["id"]}/file',
            headers=server.client.personas.headers('alice'))
        response = connection.getresponse()
        first = response.read(1)
        self.stop_softly(server)
        self.assertTrue(data == first + response.read())
        self.assertEqual(0, server.stop())

    def test_a_transfer_that_takes_too_long_is_undone_at_sigterm(self):
        server = self.start(graceful_shutdown_timeout=0)
        image = server.client.create()
        with server.client.connect() as connection:
            connection.sendall(client.head(
                'PUT', f'/v2/images/{image["id"]}/file',
                {'Content-Type': client.OCTET_STREAM,
                 'Content-Length': str(len(DATA)),
                 **server.client.personas.headers('alice')}) + DATA[:MIB])
            application.eventually(
                lambda: server.client.show(
                    image['id'])['status'] == 'saving',
                'The upload begins')
            self.assertEqual(0, server.stop())
        server.start()
        self.assertEqual('queued', server.client.show(image['id'])['status'])
        self.assertEqual([], server.files())


class ReloadTest(_ServerTestCase):
    """SIGHUP: the configuration is read anew."""

    def page(self, server):
        return len(server.client.names())

    def test_sighup_takes_a_changed_option(self):
        server = self.start(limit_param_default=1)
        for number in range(3):
            server.client.create(name=str(number))
        self.assertEqual(1, self.page(server))
        server.configure(limit_param_default=2)
        self.assertEqual(1, self.page(server))
        server.process.send_signal(signal.SIGHUP)
        application.eventually(lambda: self.page(server) == 2,
                               'The option is taken')
        self.assertEqual(0, server.stop())

    def test_no_request_is_lost_at_sighup(self):
        server = self.start()
        statuses = []
        reloaded = threading.Event()

        def ask():
            while not reloaded.is_set():
                statuses.append(server.client.get('/').status)
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(2):
            former = set(server.workers())
            server.process.send_signal(signal.SIGHUP)
            application.eventually(
                lambda former=former: former.isdisjoint(server.workers()),
                'The former worker ends')
        reloaded.set()
        for thread in threads:
            thread.join()
        self.assertEqual({300}, set(statuses))

    def test_a_connection_opened_before_sighup_is_still_answered(self):
        server = self.start()
        with server.client.connect() as connection:
            self.assertEqual(300, server.client.get('/').status)
            former = set(server.workers())
            server.process.send_signal(signal.SIGHUP)
            application.eventually(
                lambda: set(server.workers()) - former,
                'A new worker starts')
            connection.sendall(client.head('GET', '/', {}))
            self.assertIn(b'300', connection.recv(100))
            _rest(connection)

    def test_sighup_with_an_unusable_file_changes_nothing(self):
        server = self.start(limit_param_default=1)
        for number in range(3):
            server.client.create(name=str(number))
        server.configure(limit_param_default='many')
        server.process.send_signal(signal.SIGHUP)
        application.eventually(
            lambda: 'The configuration is kept' in server.log_text(),
            'The file is refused')
        self.assertEqual(1, self.page(server))
        self.assertIsNone(server.process.poll())

    def test_sighup_lets_a_running_upload_finish(self):
        server = self.start()
        image = server.client.create()
        body = client.HeldBody(DATA[:MIB], DATA[MIB:])
        self.addCleanup(body.release)
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            server.client.upload(image['id'], body)))
        thread.start()
        application.eventually(
            lambda: server.client.show(image['id'])['status'] == 'saving',
            'The upload begins')
        former = server.workers()
        server.process.send_signal(signal.SIGHUP)
        application.eventually(
            lambda: set(server.workers()) - set(former),
            'A new worker starts')
        self.assertEqual('saving', server.client.show(image['id'])['status'])
        body.release()
        thread.join()
        self.assertEqual(204, answers[0].status)
        self.assertTrue(
            DATA == server.client.download(image['id']).body)


class WorkerTest(_ServerTestCase):
    """The parent looks after its workers."""

    def test_a_killed_worker_is_replaced(self):
        server = self.start()
        self.assertEqual(300, server.client.get('/').status)
        former, = server.workers()
        os.kill(former, signal.SIGKILL)
        application.eventually(
            lambda: server.workers() not in ([former], []),
            'Another worker runs')
        self.assertEqual(300, server.client.get('/').status)
        self.assertIn(f'Worker {former} died', server.log_text())
        self.assertEqual(0, server.stop())

    def test_several_workers_serve_the_same_images(self):
        server = self.start(workers=2)
        image = server.client.create(name='shared')
        for _ in range(20):
            self.assertEqual('shared',
                             server.client.show(image['id'])['name'])

    def test_workers_end_when_their_parent_is_killed(self):
        server = self.start()
        self.assertEqual(300, server.client.get('/').status)
        worker, = server.workers()
        server.process.kill()
        server.process.wait()
        application.eventually(lambda: not _runs(worker),
                               'The worker ends too')


def _runs(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


class StartTest(_ServerTestCase):
    """What keeps the service from starting, and what it finds again."""

    def refusal(self, **options):
        """:returns: what a service that cannot start says, in lines."""
        service = self.useFixture(application.Application(
            'eventlet', started=False, **options))
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-m', 'glancelite.cmd.api',
             '--config-file', str(service.configuration)],
            capture_output=True, text=True, timeout=application.PATIENCE,
            check=False, cwd=application.ROOT)
        self.assertEqual(1, done.returncode)
        self.assertNotIn('Traceback', done.stderr)
        return done.stderr.splitlines()

    def test_a_busy_port_is_one_clear_line(self):
        with socket.create_server(('127.0.0.1', 0)) as busy:
            port = busy.getsockname()[1]
            lines = self.refusal(bind_port=port)
        self.assertEqual(
            [f'glancelite-api: Cannot listen on 127.0.0.1:{port}: the port '
             'is in use'], lines)

    def test_without_authentication_only_loopback_is_served(self):
        line, = self.refusal(
            bind_host='0.0.0.0',
            paste_deploy=application.SHIPPED_PASTE)
        self.assertIn('[noauth] allow_remote', line)

    def test_allow_remote_serves_other_addresses_without_authentication(
            self):
        server = self.start(
            bind_host='0.0.0.0', noauth={'allow_remote': True},
            paste_deploy=application.SHIPPED_PASTE)
        self.assertEqual(200, server.client.get('/v2/images',
                                                persona=None).status)

    def test_an_unknown_flavor_is_one_clear_line(self):
        line, = self.refusal(paste_deploy={'flavor': 'nonsense'})
        self.assertIn('nonsense', line)

    def test_an_unknown_kind_of_store_is_one_clear_line(self):
        line, = self.refusal(enabled_backends='one:nonsense',
                             glance_store={'default_backend': 'one'})
        self.assertIn("Store one: kind 'nonsense' is not one of", line)

    def test_an_option_of_the_wrong_type_is_one_clear_line(self):
        lines = self.refusal(limit_param_default='many')
        self.assertIn('limit_param_default', ' '.join(lines))

    def test_a_second_start_finds_the_same_images(self):
        server = self.start()
        image = server.client.create(name='kept', color='red')
        server.client.upload(image['id'], DATA)
        before = server.client.show(image['id'])
        self.assertEqual(0, server.stop())
        server.start()
        self.assertEqual(before, server.client.show(image['id']))
        self.assertTrue(
            DATA == server.client.download(image['id']).body)


class AccessLogTest(application.SharedTestCase):
    """One line for each request."""

    mode = 'eventlet'

    def line(self, request_id):
        return application.eventually(
            lambda: next((line for line
                          in self.application.log_text().splitlines()
                          if f'[{request_id}]' in line
                          and 'request_log' in line), None),
            f'A line about {request_id}')

    def test_a_line_has_request_id_status_size_and_time(self):
        image = self.client.create()
        self.client.upload(image['id'], DATA)
        answer = self.client.download(image['id'])
        self.assertRegex(
            self.line(answer.headers['x-openstack-request-id']),
            rf'127\.0\.0\.1 "GET /v2/images/{image["id"]}/file" 200 '
            rf'{len(DATA)} bytes \d+\.\d+ s \[req-')

    def test_a_refused_request_has_a_line_too(self):
        answer = self.client.get('/v2/images/none?x=%0A', persona='bob')
        self.assertRegex(
            self.line(answer.headers['x-openstack-request-id']),
            r'"GET /v2/images/none\?x=%0A" 404 \d+ bytes')

    def test_no_request_has_two_lines(self):
        answer = self.client.get('/v2/images')
        request_id = answer.headers['x-openstack-request-id']
        self.line(request_id)
        found = re.findall(r'bytes .* \[(req-[0-9a-f-]+)\]$',
                           self.application.log_text(), re.MULTILINE)
        self.assertEqual(1, found.count(request_id))


class ConnectionTest(application.SharedTestCase):
    """What ends a connection. Behind other servers that is theirs to say."""

    mode = 'eventlet'

    def answers(self, head, body=b''):
        """:returns: everything that comes until the service closes."""
        with self.client.connect() as connection:
            connection.sendall(head + body)
            return _rest(connection)

    def head(self, method, path, **headers):
        return client.head(method, path, {
            **self.client.personas.headers('alice'),
            'Content-Type': client.OCTET_STREAM,
            **{name.replace('_', '-'): value
               for name, value in headers.items()}})

    def test_a_body_of_unknown_coding_is_never_taken_for_a_request(self):
        image = self.client.create()
        path = f'/v2/images/{image["id"]}/file'
        within = self.head('DELETE', f'/v2/images/{image["id"]}')
        for framing, status in (
                ('Transfer-Encoding: gzip, chunked', 501),
                ('Transfer-Encoding: identity', 501),
                ('Transfer-Encoding : chunked', 400),
                ('no header\r\nTransfer-Encoding: chunked', 400),
                ('Content-Length : 0', 400),
                ('Content-Length: 0\r\nContent-Length: 1', 400),
                ('Content-Length: 1\r\nTransfer-Encoding: chunked', 400)):
            answers = self.answers(self.head('PUT', path, X='y').replace(
                b'X: y', framing.encode()), within)
            self.assertEqual(1, answers.count(b'HTTP/1.'), answers)
            self.assertIn(f' {status} '.encode(), answers.splitlines()[0])
        answers = self.answers(
            self.head('PUT', path, Transfer_Encoding='chunked').replace(
                b'HTTP/1.1', b'HTTP/1.0'), within)
        self.assertIn(b' 400 ', answers.splitlines()[0])
        self.assertEqual('queued', self.client.show(image['id'])['status'])

    def test_what_are_no_chunks_leaves_the_image_queued(self):
        for body in (b'-3\r\nabc\r\n', b'0x3\r\nabc\r\n', b'3\r\nabcX\r\n',
                     b'\r\n', b'3' * 9000):
            image = self.client.create()
            answers = self.answers(self.head(
                'PUT', f'/v2/images/{image["id"]}/file',
                Transfer_Encoding='chunked'), body + client.chunk(b'')
                + self.head('DELETE', f'/v2/images/{image["id"]}'))
            self.assertEqual(1, answers.count(b'HTTP/1.'), answers)
            self.assertIn(b' 400 ', answers.splitlines()[0])
            self.assertEqual('queued', self.client.show(
                image['id'])['status'])

    def test_a_document_in_what_are_no_chunks_is_refused(self):
        answers = self.answers(self.head(
            'POST', '/v2/images', Content_Type='application/json',
            Transfer_Encoding='chunked'), b'x\r\n{}\r\n0\r\n\r\n')
        self.assertIn(b' 400 ', answers.splitlines()[0])

    def test_coding_is_known_whatever_its_case(self):
        image = self.client.create()
        answers = self.answers(self.head(
            'PUT', f'/v2/images/{image["id"]}/file', Connection='close',
            Transfer_Encoding='Chunked'), client.chunk(b'abc')
            + client.chunk(b''))
        self.assertIn(b' 204 ', answers.splitlines()[0])

    def test_who_is_refused_before_the_body_is_told_of_the_end(self):
        for framing in ({'Content_Length': '3'},
                        {'Transfer_Encoding': 'chunked'}):
            answers = self.answers(self.head(
                'PUT', '/v2/images/unknown/file', Expect='100-continue',
                **framing))
            self.assertIn(b' 404 ', answers.splitlines()[0])
            self.assertIn(b'\r\nConnection: close\r\n', answers)

    def test_who_speaks_http_1_0_is_not_told_to_go_on(self):
        image = self.client.create()
        answers = self.answers(self.head(
            'PUT', f'/v2/images/{image["id"]}/file', Expect='100-continue',
            Content_Length='3').replace(b'HTTP/1.1', b'HTTP/1.0'), b'abc')
        self.assertIn(b' 204 ', answers.splitlines()[0])


class DownloadTest(_ServerTestCase):
    """Data that is more than a socket takes at once."""

    def setUp(self):
        super().setUp()
        self.data = os.urandom(24 * MIB)

    def serve(self, **options):
        """:returns: a server, and the path of its image's data."""
        server = self.start(**options)
        image = server.client.create()
        server.client.upload(image['id'], self.data)
        return server, f'/v2/images/{image["id"]}/file'

    def ask(self, server, connection, method, path, **headers):
        """:returns: the response, whose body is not read yet."""
        connection.request(method, path, headers={
            **server.client.personas.headers('alice'), **headers})
        return connection.getresponse()

    def connect(self, server):
        connection = http.client.HTTPConnection(
            *server.client.address, timeout=client.TIMEOUT)
        self.addCleanup(connection.close)
        return connection

    def test_all_and_parts_of_it_come_on_one_connection(self):
        server, path = self.serve()
        connection = self.connect(server)
        for part, header in ((slice(None), {}),
                             (slice(1, None), {'Range': 'bytes=1-'}),
                             (slice(3 * MIB + 1, 20 * MIB),
                              {'Range': f'bytes={3 * MIB + 1}-'
                                        f'{20 * MIB - 1}'}),
                             (slice(-MIB - 7, None),
                              {'Range': f'bytes=-{MIB + 7}'})):
            response = self.ask(server, connection, 'GET', path, **header)
            self.assertEqual(206 if header else 200, response.status)
            self.assertTrue(self.data[part] == response.read())
            response = self.ask(server, connection, 'HEAD', path)
            self.assertEqual(str(len(self.data)),
                             response.headers['Content-Length'])
            self.assertEqual(b'', response.read())
        self.assertNotIn('Traceback', server.log_text())

    def test_clients_that_take_nothing_hold_up_nobody(self):
        server, path = self.serve()
        idle = [self.connect(server) for _each in range(40)]
        responses = [self.ask(server, each, 'GET', path) for each in idle]
        quick = self.ask(server, self.connect(server), 'GET', path)
        self.assertTrue(self.data == quick.read())
        self.assertTrue(self.data == responses[-1].read())

    def test_a_client_that_takes_nothing_is_cut_off(self):
        # Time enough to see, on a busy machine too, that it has begun.
        server, path = self.serve(client_socket_timeout=5)
        response = self.ask(server, self.connect(server), 'GET', path)
        self.assertTrue(_has_open(server))
        application.eventually(lambda: not _has_open(server),
                               'The server gives up')
        self.assertRaises(http.client.IncompleteRead, response.read)

    def test_a_file_that_ends_meanwhile_cuts_the_connection(self):
        server, path = self.serve()
        response = self.ask(server, self.connect(server), 'GET', path)
        os.truncate(server.store / server.files()[0], MIB)
        self.assertRaises(http.client.IncompleteRead, response.read)
        self.assertFalse(_has_open(server))


def _has_open(server):
    """:returns: whether a worker has a file of the store open."""
    return any(
        path.resolve().is_relative_to(server.store)
        for pid in server.workers()
        for path in pathlib.Path(f'/proc/{pid}/fd').iterdir())


class SlowClientTest(_ServerTestCase):
    """Clients that send nothing are not waited for."""

    def test_a_silent_client_is_disconnected_and_its_upload_undone(self):
        server = self.start(client_socket_timeout=1)
        with server.client.connect() as connection:
            connection.sendall(b'GET / HTTP/1.1\r\n')
            self.assertEqual(b'', _rest(connection))
        image = server.client.create()
        with server.client.connect() as connection:
            connection.sendall(client.head(
                'PUT', f'/v2/images/{image["id"]}/file',
                {'Content-Type': client.OCTET_STREAM,
                 'Content-Length': str(len(DATA)),
                 **server.client.personas.headers('alice')}) + DATA[:MIB])
            _rest(connection)
        application.eventually(
            lambda: server.client.show(image['id'])['status'] == 'queued',
            'The image is queued again')
        self.assertEqual([], server.files())


def _rest(connection):
    """:returns: everything until the other side closes."""
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b''.join(parts)
