# SPDX-License-Identifier: Apache-2.0
"""Two services, each with its own node of a Galera cluster.

A cluster does not let one node wait for the locks of another: of two
transactions that change the same row, the one that commits first stays, and
the other one is refused, in the middle or by its very COMMIT.
"""
import concurrent.futures
import contextlib
import os
import threading
import uuid

import fixtures
import sqlalchemy
import testtools

from tests.functional import application
from tests.functional import database_servers
from tests.functional import relay

_DATA = b'x' * 1000

#: What a node calls the transactions of its own that it has refused: those
#: that it aborted for another one's, and those that it did not certify.
_REFUSED = ('wsrep_local_bf_aborts', 'wsrep_local_cert_failures')


#: Sessions whose transaction waits for what the cluster says.
_COMMITTING = ("SELECT id FROM information_schema.processlist"
               " WHERE command = 'Query' AND info = 'COMMIT'")


class _Cluster(fixtures.Fixture):
    """Two nodes.

    :ivar nodes: list of :class:`database_servers.GaleraNode`.
    :ivar line: the :class:`relay.Relay` by which they talk.
    """

    def _setUp(self):
        first = self.useFixture(database_servers.GaleraNode())
        self.line = self.useFixture(
            relay.Relay('127.0.0.1', first.group_port))
        self.nodes = [first, self.useFixture(
            database_servers.GaleraNode(self.line.port))]


class _Service(application.Application):
    """A service in this process, at one node.

    :param name: of the database, which is there already.
    """

    def __init__(self, node, name, **options):
        super().__init__('wsgi', database=_Given(
            f'mysql+pymysql://root@127.0.0.1:{node.port}/{name}'), **options)

    def _pool(self):
        # What was written by way of one node is read by way of the other.
        return {**super()._pool(), 'mysql_wsrep_sync_wait': 1}


class _Given:
    """A database that is there."""

    def __init__(self, url):
        self.url = url


class _Services(_Cluster):
    """Two nodes, and a service at each, with one store.

    :ivar services: list of :class:`application.Application`.
    :ivar store: the directory of image files.
    """

    def _setUp(self):
        super()._setUp()
        name = _database_at(self.nodes[0])
        self.store = self.useFixture(fixtures.TempDir()).path
        self.services = [self.useFixture(_Service(
            node, name, user_storage_quota=len(_DATA),
            glance_store={'filesystem_store_datadir': self.store}))
            for node in self.nodes]


def _skip_without(test):
    if reason := database_servers.GaleraNode.missing():
        test.skipTest(reason)


def _database_at(node):
    """:returns: the name of a new database."""
    name = f'glancelite_test_{uuid.uuid4().hex[:12]}'
    node.query(f'CREATE DATABASE {name}')
    return name


class GaleraTest(testtools.TestCase):

    def setUp(self):
        super().setUp()
        _skip_without(self)
        self.cluster = application.kept(_Services, _Services)
        self.nodes = self.cluster.nodes
        self.store = self.cluster.store
        self.one, self.other = [
            each.client.renewed() for each in self.cluster.services]
        self.other.personas = self.one.personas

    def patch(self, client, image_id, name):
        return client.patch(f'/v2/images/{image_id}', [
            {'op': 'add', 'path': f'/{name}', 'value': 'set'}])

    def files(self, *image_ids):
        """:returns: names of files that have one of these ids in them."""
        return [name for name in os.listdir(self.store)
                if any(image_id in name for image_id in image_ids)]

    @contextlib.contextmanager
    def on_commit(self, function):
        """Have ``function`` called, with a connection, before any commit."""
        sqlalchemy.event.listen(sqlalchemy.Engine, 'commit', function)
        try:
            yield
        finally:
            sqlalchemy.event.remove(sqlalchemy.Engine, 'commit', function)

    @contextlib.contextmanager
    def overtaken(self, function, *arguments):
        """Have ``function`` called when this thread is about to commit.

        Then the first node must refuse what is committed.

        :yields: a list, of what it has returned at the end.
        """
        thread = threading.get_ident()
        answers = []

        def commit(connection):
            if (not answers and threading.get_ident() == thread
                    and connection.engine.url.port == self.nodes[0].port):
                with concurrent.futures.ThreadPoolExecutor(1) as executor:
                    answers.append(executor.submit(
                        function, *arguments).result())
        before = self.refused(self.nodes[0])
        with self.on_commit(commit):
            yield answers
        self.assertEqual(1, len(answers))
        self.assertGreater(self.refused(self.nodes[0]), before)

    @staticmethod
    def refused(node):
        """:returns: how many transactions of its own it has refused."""
        return sum(map(int, node.status(*_REFUSED)))

    def test_of_two_patches_both_are_kept(self):
        image_id = self.one.create()['id']
        with self.overtaken(self.patch, self.other, image_id, 'b') as b:
            a = self.patch(self.one, image_id, 'a')
        self.assertEqual([200, 200], [a.status, b[0].status])
        for client in (self.one, self.other):
            image = client.show(image_id)
            self.assertEqual(('set', 'set'), (image['a'], image['b']))

    def test_of_two_images_with_one_id_there_is_one(self):
        image_id = str(uuid.uuid4())

        def create(client, name):
            return client.request('POST', '/v2/images',
                                  json={'id': image_id, 'name': name})
        with self.overtaken(create, self.other, 'b') as b:
            a = create(self.one, 'a')
        self.assertEqual([409, 201], [a.status, b[0].status])
        self.assertEqual(['b', 'b'], [
            each.show(image_id)['name'] for each in (self.one, self.other)])

    def test_of_two_uploads_to_one_image_there_is_one(self):
        image_id = self.one.create()['id']
        with self.overtaken(self.other.upload, image_id, b'b') as b:
            a = self.one.upload(image_id, b'a')
        self.assertEqual([409, 204], [a.status, b[0].status])
        self.assertEqual(b'b', self.one.download(image_id).body)
        self.assertEqual([image_id], self.files(image_id))

    def test_of_patches_that_commit_at_once_both_are_kept(self):
        image_id = self.one.create()['id']
        before = [self.refused(node) for node in self.nodes]
        # Both have done what they want to commit when the line is held, so
        # that neither node knows of the other one's.
        ready = threading.Barrier(2, self.cluster.line.hold,
                                  application.PATIENCE)
        committed = set()

        def commit(connection):
            port = connection.engine.url.port
            if port not in committed:
                committed.add(port)
                ready.wait()
        with self.on_commit(commit), \
                concurrent.futures.ThreadPoolExecutor(2) as executor:
            patching = [
                executor.submit(self.patch, client, image_id, name)
                for client, name in ((self.one, 'a'), (self.other, 'b'))]
            try:
                for node in self.nodes:
                    application.eventually(
                        lambda node=node: node.query(_COMMITTING),
                        'A transaction commits')
            finally:
                self.cluster.line.let_go()
            self.assertEqual([200, 200],
                             [each.result().status for each in patching])
        # One of them won; the other one's next try may have come before its
        # node had written what the winner did.
        after = [self.refused(node) for node in self.nodes]
        self.assertEqual(1, sum(now > then for now, then
                                in zip(after, before)))
        for client in (self.one, self.other):
            image = client.show(image_id)
            self.assertEqual(('set', 'set'), (image['a'], image['b']))

    def test_two_uploads_do_not_get_the_same_room(self):
        first, second = [self.one.create()['id'] for _each in range(2)]
        with self.overtaken(self.other.upload, second, _DATA) as b:
            a = self.one.upload(first, _DATA)
        self.assertEqual([413, 204], [a.status, b[0].status])
        self.assertEqual('queued', self.other.show(first)['status'])
        self.assertEqual([second], self.files(first, second))


class LostClusterTest(testtools.TestCase):
    """A node that loses the other one, and with it the majority."""

    def test_it_is_503_until_the_node_serves_again(self):
        _skip_without(self)
        cluster = self.useFixture(_Cluster())
        node, other = cluster.nodes
        client = self.useFixture(_Service(node, _database_at(node))).client
        image_id = client.create(name='before')['id']
        other.kill()
        application.eventually(
            lambda: node.status('wsrep_ready') == ['OFF'],
            'The other node is missed')
        for answer in (client.get(f'/v2/images/{image_id}'),
                       client.get('/v2/images'),
                       client.request('POST', '/v2/images', json={}),
                       self.tag(client, image_id)):
            self.assertEqual(503, answer.status)
            self.assertIn('Retry-After', answer.headers)
        node.query("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=yes'")
        application.eventually(
            lambda: node.status('wsrep_ready') == ['ON'],
            'The node serves by itself')
        self.assertEqual('before', client.show(image_id)['name'])
        self.assertEqual(204, self.tag(client, image_id).status)

    def tag(self, client, image_id):
        return client.request('PUT', f'/v2/images/{image_id}/tags/new')
