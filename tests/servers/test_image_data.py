# SPDX-License-Identifier: Apache-2.0
"""Image data under every server: whatever a client sends arrives whole."""
import hashlib
import http.client
import random
import shutil
import socket
import subprocess
import time

import testscenarios
import testtools
from testtools import content

from tests.functional import application
from tests.functional import client
from tests.servers import kinds
from tests.servers import servers
from tests.servers import table

KIB = 1024
MIB = 1024 * KIB

#: Bytes a chunk: bytes the body has, so that small chunks stay quick.
CHUNKS = {1: 64 * KIB, KIB: 8 * MIB, 64 * KIB: 64 * MIB, MIB: 64 * MIB,
          16 * MIB: 64 * MIB, 64 * MIB: 128 * MIB}

_BLOCK = random.Random(9).randbytes(MIB + 1)

load_tests = testscenarios.load_tests_apply_scenarios


def blocks(size, block_size):
    """Yield ``size`` bytes that do not repeat at a power of two."""
    sent = 0
    while sent < size:
        length = min(block_size, size - sent)
        start = sent % len(_BLOCK)
        repeated = _BLOCK * (length // len(_BLOCK) + 2) if (
            start + length > len(_BLOCK)) else _BLOCK
        yield repeated[start:start + length]
        sent += length


def sha512(pieces):
    """:returns: the digest of all pieces, in hex."""
    digest = hashlib.sha512()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


class ServerTestCase(testtools.TestCase):
    """A test under the server that a scenario names."""

    scenarios = [(name, {'name': name}) for name in kinds.SERVERS]

    def setUp(self):
        super().setUp()
        self.server = kinds.SERVERS[self.name]
        missing = self.server.missing()
        if missing:
            self.skipTest(missing)
        self.served = servers.shared(self.name)
        self.client = self.served.client
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.served.log_text()[-20000:])))

    def path(self, image):
        return f'/v2/images/{image["id"]}/file'

    def head(self, path, **headers):
        """:returns: the head of an upload, as sent."""
        return client.head('PUT', path, {
            'Accept': 'application/json',
            'Content-Type': client.OCTET_STREAM,
            **self.client.personas.headers('alice'),
            **{name.replace('_', '-'): value
               for name, value in headers.items()}})

    def answer(self, connection):
        """:returns: the final answer that comes on ``connection``."""
        response = http.client.HTTPResponse(connection)
        response.begin()
        return client.Answer(response.status, response.headers,
                             response.read())

    def require_as_it_went(self, image, size, digest):
        """The image has ``size`` bytes of ``digest``, as a whole and not."""
        shown = self.client.show(image['id'])
        self.assertEqual((size, digest, 'active'),
                         (shown['size'], shown['os_hash_value'],
                          shown['status']))
        whole = self.client.download(image['id'])
        self.assertEqual(digest, sha512([whole.body]))
        first, last = size // 3, size // 3 * 2
        for header, expected in (
                (f'bytes={first}-{last}', whole.body[first:last + 1]),
                (f'bytes={last}-', whole.body[last:]),
                ('bytes=-10', whole.body[-10:])):
            part = self.client.download(image['id'], {'Range': header})
            self.assertEqual(206, part.status)
            self.assertEqual(sha512([expected]), sha512([part.body]), header)


class ChunkedTest(ServerTestCase):
    scenarios = testscenarios.multiply_scenarios(
        ServerTestCase.scenarios,
        [(table.size_name(size), {'chunk_size': size}) for size in CHUNKS])

    def test_a_chunked_body_arrives_whole(self):
        size = CHUNKS[self.chunk_size]
        digest = sha512(blocks(size, MIB))
        image = self.client.create()
        began = time.monotonic()
        answer = self.client.upload(image['id'],
                                    blocks(size, self.chunk_size))
        seconds = time.monotonic() - began
        self.assertEqual(204, answer.status, answer.body)
        self.require_as_it_went(image, size, digest)
        table.record(self.name, self.chunk_size, size, seconds)


class UploadTest(ServerTestCase):
    def test_a_body_with_a_length_arrives_whole(self):
        size = 64 * MIB
        image = self.client.create()
        began = time.monotonic()
        answer = self.client.upload(image['id'], blocks(size, MIB),
                                    {'Content-Length': str(size)})
        seconds = time.monotonic() - began
        self.assertEqual(204, answer.status, answer.body)
        self.require_as_it_went(image, size, sha512(blocks(size, MIB)))
        table.record(self.name, None, size, seconds)

    def require_undone(self, image):
        application.eventually(
            lambda: self.client.show(image['id'])['status'] == 'queued',
            'The image is queued again')
        self.assertEqual([], [name for name in self.served.files()
                              if image['id'] in name])

    def cut(self, image, headers):
        self.client.cut('PUT', self.path(image), blocks(3 * MIB, MIB),
                        {'Content-Type': client.OCTET_STREAM, **headers})
        self.require_undone(image)

    def test_a_body_with_a_length_that_is_cut_leaves_nothing(self):
        self.cut(self.client.create(), {'Content-Length': str(8 * MIB)})

    def test_a_chunked_body_that_is_cut_leaves_nothing(self):
        self.cut(self.client.create(), {})

    def require_a_parser(self):
        if not self.server.parses_chunks:
            self.skipTest(f'{self.name} takes any number for a chunk, and '
                          'anything else for the end')

    def test_chunks_that_are_none_leave_nothing(self):
        self.require_a_parser()
        image = self.client.create()
        with self.client.connect() as connection:
            connection.sendall(
                self.head(self.path(image), Transfer_Encoding='chunked')
                + client.chunk(b'x' * 100) + b'zz\r\nno chunk\r\n')
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        self.require_undone(image)

    def test_chunk_extensions_and_trailers_are_not_data(self):
        self.require_a_parser()
        image = self.client.create()
        with self.client.connect() as connection:
            connection.sendall(
                self.head(self.path(image), Transfer_Encoding='chunked')
                + b'3;name=value\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n')
            self.assertEqual(204, self.answer(connection).status)
        self.require_as_it_went(image, 3, sha512([b'abc']))


class RefusalTest(ServerTestCase):
    def refused(self):
        """:returns: paths that refuse an upload, headers, and status."""
        active = self.client.create()
        self.assertEqual(204, self.client.upload(
            active['id'], b'there').status)
        bare = self.client.create(disk_format=None)
        ready = self.path(self.client.create())
        length = {'Content_Length': str(MIB)}
        chunked = {'Transfer_Encoding': 'chunked'}
        return (
            (self.path(active), length, 409),
            (self.path(active), chunked, 409),
            (self.path(bare), length, 400),
            ('/v2/images/none/file', length, 404),
            (ready, {**length, 'Content_Type': 'text/plain'}, 415),
            (ready, {**length, 'x_image_meta_store': 'none',
                     'Content_Digest': 'no digest'}, 400),
            (ready, {'Content_Length': str(2 << 30)}, 413),
            (ready, {**chunked, 'x_openstack_image_size': str(2 << 30)}, 413),
            (ready, {**length, 'X_Identity_Status': 'Invalid'}, 401),
        )

    def test_a_doomed_upload_is_refused_before_its_body_is_sent(self):
        if self.server.holds_bodies:
            self.skipTest(f'{self.name} asks for every body at once')
        for path, headers, status in self.refused():
            with self.client.connect() as connection:
                connection.sendall(self.head(
                    path, Expect='100-continue', **headers))
                first = connection.recv(12)
                self.assertEqual(b'HTTP/1.1 %d' % status, first,
                                 (path, headers))

    def test_a_wanted_body_is_asked_for(self):
        for framing in ({'Content_Length': '4'},
                        {'Transfer_Encoding': 'chunked'}):
            image = self.client.create()
            with self.client.connect() as connection:
                connection.sendall(self.head(
                    self.path(image), Expect='100-continue', **framing))
                self.assertIn(b' 100 Continue', connection.recv(25))
                connection.sendall(
                    b'data' if 'Content_Length' in framing
                    else client.chunk(b'data') + client.chunk(b''))
                self.assertEqual(204, self.answer(connection).status)
            self.assertEqual(b'data', self.client.download(
                image['id']).body)

    def test_a_refusal_reaches_a_client_that_sends_all_the_same(self):
        active = self.client.create()
        self.client.upload(active['id'], b'there')
        size = 32 * MIB
        for headers in ({'Content-Length': str(size)}, {}):
            answer = self.client.upload(active['id'], blocks(size, MIB),
                                        headers)
            self.assertEqual(409, answer.status)

    def test_an_upload_refused_midway_is_answered(self):
        image = self.client.create()
        size = 32 * MIB
        answer = self.client.upload(
            image['id'], blocks(size, MIB),
            {'x-openstack-image-size': str(MIB)})
        self.assertEqual(400, answer.status)
        self.assertEqual('queued', self.client.show(image['id'])['status'])


class DownloadTest(ServerTestCase):
    def test_head_and_conditions_leave_the_connection_in_order(self):
        image = self.client.create()
        self.client.upload(image['id'], b'0123456789' * MIB)
        connection = http.client.HTTPConnection(*self.client.address,
                                                timeout=client.TIMEOUT)
        self.addCleanup(connection.close)
        headers = self.client.personas.headers('alice')

        def ask(method, **more):
            connection.request(method, self.path(image), headers={
                **headers, **{name.replace('_', '-'): value
                              for name, value in more.items()}})
            response = connection.getresponse()
            return response.status, response.headers, response.read()

        status, shown, body = ask('HEAD')
        self.assertEqual((200, str(10 * MIB), b''),
                         (status, shown['Content-Length'], body))
        status, _, body = ask('GET', If_None_Match=shown['ETag'])
        self.assertEqual((304, b''), (status, body))
        status, _, body = ask('GET', Range='bytes=5-9')
        self.assertEqual((206, b'56789'), (status, body))
        status, _, body = ask('GET', Range='bytes=-0')
        self.assertEqual(416, status)
        status, _, body = ask('GET')
        self.assertEqual((200, 10 * MIB), (status, len(body)))

    def test_a_download_that_its_client_leaves_harms_no_other(self):
        image = self.client.create()
        size = 32 * MIB
        self.client.upload(image['id'], blocks(size, MIB))
        for _ in range(3):
            with self.client.connect() as connection:
                connection.sendall(client.head(
                    'GET', self.path(image),
                    self.client.personas.headers('alice')))
                connection.recv(1000)
        self.assertEqual(size, len(self.client.download(image['id']).body))

    def test_data_for_this_machine_is_not_paced(self):
        if self.server.hides_connections:
            self.skipTest(f'{self.name} keeps its connections to itself')
        if not shutil.which('ss'):
            self.skipTest('ss, of iproute2, is not installed')
        image = self.client.create()
        self.client.upload(image['id'], blocks(32 * MIB, MIB))
        with self.client.connect() as connection:
            connection.sendall(client.head(
                'GET', self.path(image),
                self.client.personas.headers('alice')))
            connection.recv(1000)
            server, own = (each[1] for each in (connection.getpeername(),
                                                connection.getsockname()))
            shown = subprocess.run(
                ['ss', '-tinH', f'sport = :{server} and dport = :{own}'],
                check=True, capture_output=True, text=True).stdout
        self.assertIn(' reno ', shown)
