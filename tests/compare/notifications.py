# SPDX-License-Identifier: Apache-2.0
"""What an image service tells a message broker, asked for and recorded.

``python -m tests.compare.notifications PORT TOPIC`` plays the story against
a Glance that listens on PORT of the loopback address, trusts identity headers
and sends notifications with that topic; it writes down what came. The
functional tests play the same story against the application.
"""
import contextlib
import json
import pathlib
import queue
import re
import socket
import sys
import threading
import time

import kombu

from tests.compare import process
from tests.functional import client as http_client

URL = 'rabbit://guest:guest@127.0.0.1:5672/'
BROKER = 'amqp://guest:guest@127.0.0.1:5672//'
RECORDED = pathlib.Path(__file__).parent / 'recorded_notifications.json'

#: Seconds for a notification to come.
PATIENCE = 30

#: Seconds of silence after which Glance is taken to have no more to tell.
_SILENCE = 2

_DATA = b'0123456789' * 100
#: What no two runs have in common, and what to read instead of it.
_PASSING = [(re.compile(pattern), word) for pattern, word in (
    (r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', 'UUID'),
    (r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ', 'TIME'),
    (r'-[0-9a-f]{12}\b', ''),
    (r'http://127\.0\.0\.1:\d+', 'URL'))]

_PRIORITIES = ('info', 'warn', 'error')
_FINAL = ('success', 'failure')


def unavailable():
    """:returns: why there is no broker, or None where there is one."""
    try:
        with kombu.Connection(BROKER, connect_timeout=5) as connection:
            connection.connect()
    except (OSError, kombu.exceptions.OperationalError) as error:
        return f'no RabbitMQ: {error}'
    return None


class Listener:
    """Takes everything sent to a topic from the broker.

    :param topic: as in ``[oslo_messaging_notifications] topics``.
    :param exchange: that of the sender.
    """

    def __init__(self, topic, exchange='glance'):
        self._messages = queue.Queue()
        self._stopped = False
        self._connection = kombu.Connection(BROKER)
        self._connection.connect()
        source = kombu.Exchange(exchange, 'topic', durable=False)
        self._queues = [
            kombu.Queue(f'{topic}.{priority}', source,
                        routing_key=f'{topic}.{priority}', durable=False)
            for priority in _PRIORITIES]
        self._consumer = kombu.Consumer(
            self._connection, self._queues, callbacks=[self._take])
        self._consumer.consume()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _take(self, body, message):
        message.ack()
        envelope = body if isinstance(body, dict) else json.loads(body)
        # The driver "messaging", without v2, has no envelope.
        self._messages.put(json.loads(envelope['oslo.message'])
                           if 'oslo.message' in envelope else envelope)

    def _run(self):
        while not self._stopped:
            with contextlib.suppress(socket.timeout):
                self._connection.drain_events(timeout=0.2)

    def take(self, patience=PATIENCE):
        """:returns: the next notification.

        :raises queue.Empty: none comes.
        """
        return self._messages.get(timeout=patience)

    def close(self):
        """Leave nothing at the broker."""
        self._stopped = True
        self._thread.join()
        self._consumer.cancel()
        for each in self._queues:
            each(self._connection).delete()
        self._connection.close()


class Story:
    """Requests that make every kind of notification.

    :param client: a client of the service.
    :param files: URL of a server of small files.
    :ivar image: the id of the image at hand.
    """

    def __init__(self, client, files):
        self.client = client
        self.files = files
        self.image = None

    def chapters(self):
        """Yield names, each after its requests were made."""
        for name in [name for name in vars(Story) if name.startswith('tell_')]:
            getattr(self, name)()
            yield name.removeprefix('tell_')

    def _ask(self, method, path, *statuses, persona='alice', **more):
        answer = self.client.request(
            method, f'/v2/images/{self.image}{path}', persona=persona, **more)
        if answer.status not in statuses:
            raise AssertionError(f'{method} {path}: {answer.status} '
                                 f'{answer.body}')
        return answer

    def _upload(self, path='/file', data=_DATA, status=204, **headers):
        self._ask('PUT', path, status, body=data, headers={
            'Content-Type': http_client.OCTET_STREAM, **headers})

    def _import(self, method, **more):
        persona = more.pop('persona', 'alice')
        self._ask('POST', '/import', 202, persona=persona,
                  json={'method': method, **more})
        self._wait_for_task(persona)

    def _wait_for_task(self, persona):
        def ended():
            tasks = self._ask('GET', '/tasks', 200,
                              persona=persona).json['tasks']
            return tasks and all(task['status'] in _FINAL for task in tasks)
        _wait(ended, 'the task ends')

    def _patch(self, *changes, persona='alice'):
        answer = self.client.patch(f'/v2/images/{self.image}', list(changes),
                                   persona=persona)
        if answer.status != 200:
            raise AssertionError(f'{answer.status} {answer.body}')

    def tell_create(self):
        self.image = self.client.create(
            name='One \N{SNOWMAN}', color='blue', tags=['b', 'a'], min_ram=1,
            visibility='shared')['id']

    def tell_update(self):
        self._patch({'op': 'replace', 'path': '/name', 'value': 'Two'},
                    {'op': 'add', 'path': '/size_of', 'value': 'it'})

    def tell_update_of_nothing(self):
        self._patch({'op': 'replace', 'path': '/name', 'value': 'Two'})
        self._patch()

    def tell_tag(self):
        self._ask('PUT', '/tags/c', 204)

    def tell_same_tag(self):
        self._ask('PUT', '/tags/c', 204)

    def tell_untag(self):
        self._ask('DELETE', '/tags/c', 204)

    def tell_member(self):
        self._ask('POST', '/members', 200, json={
            'member': self.client.personas.project('bob')})

    def tell_member_update(self):
        self._ask('PUT', f'/members/{self.client.personas.project("bob")}',
                  200, json={'status': 'accepted'}, persona='bob')

    def tell_member_delete(self):
        self._ask('DELETE',
                  f'/members/{self.client.personas.project("bob")}', 204)

    def tell_upload_to_no_store(self):
        self._upload(status=400, **{'x-image-meta-store': 'none'})

    def tell_upload_of_another_size(self):
        # In chunks, so that the size is only known when it has come.
        self._upload(data=[_DATA], status=400,
                     **{'x-openstack-image-size': '2'})

    def tell_upload(self):
        self._upload()

    def tell_second_upload(self):
        self._upload(status=409)

    def tell_download(self):
        self._ask('GET', '/file', 200)

    def tell_download_of_a_part(self):
        self._ask('GET', '/file', 206, headers={'Range': 'bytes=10-19'})

    def tell_head(self):
        self._ask('GET', '', 200)

    def tell_deactivate(self):
        self._ask('POST', '/actions/deactivate', 204, persona='admin')

    def tell_reactivate(self):
        self._ask('POST', '/actions/reactivate', 204, persona='admin')

    def tell_copy(self):
        self._import({'name': 'copy-image'}, stores=['cheap'],
                     persona='admin')

    def tell_delete_copy(self):
        answer = self.client.request(
            'DELETE', f'/v2/stores/cheap/{self.image}', persona='admin')
        if answer.status != 204:
            raise AssertionError(f'{answer.status} {answer.body}')

    def tell_delete(self):
        self._ask('DELETE', '', 204)

    def tell_stage(self):
        self.image = self.client.create(name='staged')['id']
        self._upload('/stage')

    def tell_import(self):
        self._import({'name': 'glance-direct'})

    def tell_delete_imported(self):
        self._ask('DELETE', '', 204)

    def tell_web_download(self):
        self.image = self.client.create(name='web')['id']
        self._import({'name': 'web-download', 'uri': f'{self.files}/a.raw'})

    def tell_failing_import(self):
        self.image = self.client.create(name='web')['id']
        self._import({'name': 'web-download', 'uri': f'{self.files}/none'})
        _wait(lambda: self._ask('GET', '', 200).json['status'] == 'queued',
              'the image is given back')

    def tell_location(self):
        self._patch({'op': 'add', 'path': '/locations/-', 'value': {
            'url': f'{self.files}/a.raw', 'metadata': {}}}, persona='admin')

    def tell_further_location(self):
        self._patch({'op': 'add', 'path': '/locations/-', 'value': {
            'url': f'{self.files}/a.raw?2', 'metadata': {}}},
            persona='admin')

    def tell_fewer_locations(self):
        self._patch({'op': 'remove', 'path': '/locations/0'},
                    persona='admin')

    def tell_registered_location(self):
        self.image = self.client.create(name='registered')['id']
        self._ask('POST', '/locations', 202,
                  json={'url': f'{self.files}/a.raw'})
        _wait(lambda: self._ask('GET', '', 200).json['os_hash_value'],
              'the digest is computed')

    def _define(self, method, path, status, document=None):
        answer = self.client.request(
            method, f'/v2/metadefs/namespaces{path}', persona='admin',
            json=document)
        if answer.status != status:
            raise AssertionError(f'{method} {path}: {answer.status} '
                                 f'{answer.body}')

    def tell_namespace(self):
        self._define('POST', '', 201, {
            'namespace': 'Told', 'display_name': 'T', 'description': 'd',
            'visibility': 'public', 'owner': 'somebody',
            'resource_type_associations': [{'name': 'R', 'prefix': 'r_'}],
            'properties': {'p': {'title': 'P', 'type': 'string'}},
            'objects': [{'name': 'o', 'required': ['x'], 'properties': {
                'x': {'title': 'X', 'type': 'integer'}}}],
            'tags': [{'name': 't'}]})

    def tell_namespace_update(self):
        self._define('PUT', '/Told', 200, {
            'namespace': 'Named', 'visibility': 'private', 'protected': False,
            'owner': 'somebody'})

    def tell_object(self):
        self._define('POST', '/Named/objects', 201, {
            'name': 'object', 'description': 'd', 'required': ['a'],
            'properties': {'a': {'title': 'A', 'type': 'integer',
                                 'minimum': 1}}})

    def tell_object_update(self):
        self._define('PUT', '/Named/objects/object', 200, {
            'name': 'thing', 'properties': {}})

    def tell_object_delete(self):
        self._define('DELETE', '/Named/objects/thing', 204)

    def tell_property(self):
        self._define('POST', '/Named/properties', 201, {
            'name': 'property', 'title': 'P', 'type': 'array',
            'items': {'type': 'string', 'enum': ['a']},
            'maxItems': 3, 'operators': ['<or>']})

    def tell_property_update(self):
        self._define('PUT', '/Named/properties/property', 200, {
            'name': 'quality', 'title': 'Q', 'type': 'integer',
            'maximum': 3})

    def tell_property_delete(self):
        self._define('DELETE', '/Named/properties/quality', 204)

    def tell_definition_tag(self):
        self._define('POST', '/Named/tags/tag', 201)

    def tell_definition_tag_update(self):
        self._define('PUT', '/Named/tags/tag', 200, {'name': 'label'})

    def tell_definition_tag_delete(self):
        self._define('DELETE', '/Named/tags/label', 204)

    def tell_definition_tags(self):
        self._define('POST', '/Named/tags', 201, {
            'tags': [{'name': 'one'}, {'name': 'two'}]})

    def tell_resource_type(self):
        self._define('POST', '/Named/resource_types', 201, {
            'name': 'S', 'prefix': 's_', 'properties_target': 'image'})

    def tell_resource_type_delete(self):
        self._define('DELETE', '/Named/resource_types/S', 204)

    def tell_objects_delete(self):
        self._define('DELETE', '/Named/objects', 204)

    def tell_properties_delete(self):
        self._define('DELETE', '/Named/properties', 204)

    def tell_definition_tags_delete(self):
        self._define('DELETE', '/Named/tags', 204)

    def tell_namespace_delete(self):
        self._define('DELETE', '/Named', 204)


def _wait(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'{what}: not in time')
        time.sleep(0.05)


def normal(notification):
    """:returns: the part of a notification that is alike in every run."""
    text = json.dumps({name: notification[name] for name in (
        'priority', 'event_type', 'publisher_id', 'payload')})
    for pattern, word in _PASSING:
        text = pattern.sub(word, text)
    return json.loads(text)


def recorded():
    """:returns: what Glance tells, by chapter."""
    return json.loads(RECORDED.read_text())


def record(port, topic):
    """:returns: the notifications of each chapter, as Glance sends them."""
    listener = Listener(topic)
    files = process.FileServer()
    chapters = {}
    story = Story(http_client.HttpClient(port), files.url)
    for name in story.chapters():
        chapters[name] = came = []
        with contextlib.suppress(queue.Empty):
            while True:
                came.append(normal(listener.take(_SILENCE)))
    listener.close()
    files.stop()
    return chapters


def main():
    """Record."""
    port, topic = sys.argv[1:]
    RECORDED.write_text(
        json.dumps(record(int(port), topic), indent=1) + '\n')


if __name__ == '__main__':
    main()
