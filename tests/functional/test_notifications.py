# SPDX-License-Identifier: Apache-2.0
"""What the service tells a real RabbitMQ, held against what Glance tells.

Without a RabbitMQ on this machine these tests are skipped.
"""
import itertools
import socket
import subprocess
import sys
import uuid

import testtools

from tests.compare import notifications
from tests.compare import process
from tests.functional import application

#: What is left out of payloads that are compared, and why.
_PASSED_OVER = {
    # Glance lets tasks expire from the start, we when they have ended.
    'expires_at',
    # Its marks on an image at work go one save later than ours.
    'properties'}

#: Events of Glance that we do not tell, by chapter.
_OTHERWISE = {
    # Reading data for its digest sends nobody anything.
    'registered_location': {('INFO', 'image.send')}}


def _options(topic, **more):
    return {
        **application.THREE_STORES,
        'transport_url': notifications.URL,
        'oslo_messaging_notifications': {
            'driver': 'messagingv2', 'topics': topic},
        'image_format': {'require_image_format_match': False},
        **more}


#: Says which of what takes long to load is loaded.
_LOADED = '''
import sys
from glancelite import deploy
deploy.load_app(deploy.load_conf(files=sys.argv[1:]))
print(*{'oslo_messaging', 'oslo_reports.guru_meditation_report', 'osprofiler',
        'eventlet'}.intersection(sys.modules))
'''


class NotificationsTest(testtools.TestCase):
    """Each test has a topic, and so queues, of its own."""

    def setUp(self):
        super().setUp()
        reason = notifications.unavailable()
        if reason:
            self.skipTest(reason)
        self.topic = f'glancelite_{uuid.uuid4().hex[:12]}'
        self.listener = notifications.Listener(self.topic)
        self.addCleanup(self.listener.close)
        files = process.FileServer()
        self.addCleanup(files.stop)
        self.files = files.url

    def start(self, mode, **more):
        """:returns: a client of a service that notifies."""
        return self.useFixture(application.Application(
            mode, **_options(self.topic, **more))).client

    def told(self, client):
        """:returns: what came since it was asked last.

        A last event is made, so that nobody has to wait for what does not
        come.
        """
        name = uuid.uuid4().hex
        client.create(name=name)
        came = []
        while True:
            notification = self.listener.take()
            if (notification['event_type'] == 'image.create'
                    and notification['payload']['name'] == name):
                return came
            came.append(notifications.normal(notification))

    def test_events_and_payloads_are_those_of_glance(self):
        client = self.start('wsgi')
        recorded = notifications.recorded()
        complaints = []
        story = notifications.Story(client, self.files)
        for chapter in story.chapters():
            complaints += [
                f'{chapter}: {complaint}' for complaint in _complaints(
                    _OTHERWISE.get(chapter, ()), recorded[chapter],
                    self.told(client))]
        self.assertEqual([], complaints, '\n'.join(complaints))


    def test_each_kind_of_server_tells(self):
        client = self.start('eventlet', workers=2, disabled_notifications=
                            'image.update,image.member,task')
        image = client.create()
        client.upload(image['id'], b'0123456789')
        client.request('POST', f'/v2/images/{image["id"]}/members', json={
            'member': client.personas.project('bob')})
        self.assertEqual(10, len(client.download(image['id']).body))
        with client.begin_download(image['id']) as read:
            self.assertEqual(b'0123456789', read())
        came = [(each['event_type'], each['payload'].get('bytes_sent'))
                for each in (self.listener.take() for _event in range(6))]
        self.assertEqual(
            [('image.activate', None), ('image.create', None),
             ('image.prepare', None), ('image.send', 10), ('image.send', 10),
             ('image.upload', None)], sorted(came))

    def test_what_a_stopping_server_has_to_tell_is_told(self):
        service = self.useFixture(application.Application(
            'eventlet', **_options(self.topic)))
        names = [f'image-{number}' for number in range(20)]
        for name in names:
            service.client.create(name=name)
        self.assertEqual(0, service.stop())
        self.assertEqual(names, sorted(
            (self.listener.take()['payload']['name'] for _name in names),
            key=names.index))


class WithoutTest(testtools.TestCase):

    def test_who_wants_no_notifications_does_not_load_them(self):
        service = self.useFixture(application.Application(
            'eventlet', started=False,
            oslo_messaging_notifications={'driver': 'noop'}))
        found = subprocess.run(
            [sys.executable, '-c', _LOADED, str(service.configuration)],
            stdout=subprocess.PIPE, check=True, text=True,
            cwd=application.ROOT)
        self.assertEqual([], found.stdout.split())


class BrokenBrokerTest(testtools.TestCase):
    """Something is wrong with the broker; requests never notice."""

    def start(self, port, **more):
        return self.useFixture(application.Application('eventlet', **{
            **_options('nobody'), 'transport_url':
                f'rabbit://guest:secret@127.0.0.1:{port}/', **more}))

    def test_no_broker_costs_one_line_in_the_log_for_each_event(self):
        port = self.useFixture(application.Port())
        service = self.start(port.number)
        for _image in range(3):
            service.client.create()
        service.stop()
        self.assertEqual(3, service.log_text().count('notification is lost'))
        self.assertNotIn('secret', service.log_text())
        self.assertNotIn('Traceback', service.log_text())

    def test_a_broker_that_hangs_holds_up_nobody(self):
        deaf = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(deaf.close)
        service = self.start(deaf.getsockname()[1],
                             notification_queue_size=3)
        for _image in range(6):
            service.client.create()
        self.assertIn('takes no notifications', service.log_text())
        self.assertEqual(0, service.stop())
        self.assertIn('notifications are lost', service.log_text())

    def test_a_transport_that_cannot_be_used_stops_the_start(self):
        service = self.useFixture(application.Application(
            'eventlet', started=False, **{
                **_options('nobody'),
                'transport_url': 'nonsense://user:secret@host/'}))
        self.assertEqual(1, service.run_server().wait())
        self.assertIn('transport_url', service.log_text())
        self.assertNotIn('secret', service.log_text())


def _complaints(missing, theirs, ours):
    theirs, ours = _last_of_runs(theirs), _last_of_runs(ours)
    expected = [kind for kind in theirs if kind not in missing]
    if not set(expected) <= set(ours):
        yield f'not told: {set(expected) - set(ours)}'
    if _ordered(ours) != _ordered(expected):
        yield f'expected {expected}, came {list(ours)}'
    for kind in theirs.keys() & ours.keys():
        yield from _different(kind, theirs[kind], ours[kind])


def _ordered(kinds):
    """Glance tells that a task is run when it has succeeded, we before."""
    return [kind for kind in kinds if kind[1] != 'task.run']


def _last_of_runs(told):
    """:returns: the last of several events of a kind in a row, by kind.

    Glance tells of an update for each of its steps, of which we take
    several in one.
    """
    runs = {}
    for kind, run in itertools.groupby(told, lambda each: (
            each['priority'], each['event_type'])):
        *_, last = run
        runs[kind] = last
    return runs


def _different(kind, theirs, ours):
    theirs, ours = theirs['payload'], ours['payload']
    if not isinstance(theirs, dict):
        if type(theirs) is not type(ours):
            yield f'{kind}: {theirs!r} became {ours!r}'
        return
    if set(theirs) != set(ours):
        yield f'{kind}: fields {set(theirs) ^ set(ours)}'
    for name in (theirs.keys() & ours.keys()) - _PASSED_OVER:
        mine, glances = ours[name], theirs[name]
        if name == 'tags':
            mine, glances = set(mine), set(glances)
        if mine != glances:
            yield f'{kind}: {name}: {glances!r} became {mine!r}'
