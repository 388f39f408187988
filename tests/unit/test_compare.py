# SPDX-License-Identifier: Apache-2.0
"""The comparison with a peer sees what it is there to see."""
import pathlib
import tempfile
import unittest
from unittest import mock

from tests.compare import comparison
from tests.compare import everywhere
from tests.compare import exchange
from tests.compare import normal_form
from tests.compare import recording
from tests.compare import scenario

_REQUEST_ID = 'req-11111111-2222-3333-4444-555555555555'


def _answer(status=200, body=b'{}', **headers):
    headers = {'Content-Type': 'application/json', **headers}
    return exchange.Answer(status, list(headers.items()), body)


def _form(*arguments, labels=(), **more):
    return normal_form.NormalForm('127.0.0.1:9292').of(
        _answer(*arguments, **more), labels)


def _step(**fields):
    return scenario.Step('001 alice GET /', 'alice', fields)


class NormalFormTest(unittest.TestCase):

    def test_ids_times_and_hosts_are_replaced(self):
        form = _form(
            200, b'{"id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",'
                 b' "at": "2026-11-24T07:00:00Z",'
                 b' "url": "http://127.0.0.1:9292/v2"}',
            **{'X-Openstack-Request-Id': _REQUEST_ID, 'Date': 'today'})
        self.assertEqual({'id': '<uuid>', 'at': '<timeZ>',
                          'url': 'http://<host>/v2'}, form['json'])
        self.assertEqual('<request id>',
                         form['headers']['x-openstack-request-id'])
        self.assertNotIn('date', form['headers'])

    def test_the_shape_of_a_time_is_kept(self):
        one = _form(200, b'["2026-11-24T07:00:00Z"]')
        other = _form(200, b'["2026-11-24T07:00:00.000000"]')
        self.assertNotEqual(one, other)


class ComparisonTest(unittest.TestCase):

    def test_status_header_and_body_are_compared(self):
        one = _form(200, b'{"a": [1]}', Allow='GET')
        for other in (_form(201, b'{"a": [1]}', Allow='GET'),
                      _form(200, b'{"a": [2]}', Allow='GET'),
                      _form(200, b'{"a": [true]}', Allow='GET'),
                      _form(200, b'{"a": [1]}', Allow='PUT'),
                      _form(200, b'{"a": [1]}')):
            self.assertNotEqual([], comparison.differences(one, other))
        self.assertEqual([], comparison.differences(one, dict(one)))

    def test_only_the_wording_of_an_error_is_free(self):
        peer = _form(404, b'{"message": "No.", "title": "Not Found"}')
        ours = _form(404, b'{"message": "Gone", "title": "Not Found"}')
        other = _form(404, b'{"message": "No.", "title": "Conflict"}')
        judge = comparison.Judge({everywhere.WORDING})
        self.assertEqual([], judge.complaints(_step(), peer, ours))
        self.assertNotEqual([], judge.complaints(_step(), peer, other))
        strict = comparison.Judge({everywhere.WORDING}, wording=True)
        self.assertNotEqual([], strict.complaints(_step(), peer, ours))

    def test_a_difference_has_to_be_listed(self):
        step = _step(differs='ranges', instead={'status': 400})
        forms = _form(500), _form(400)
        self.assertNotEqual([], comparison.Judge(set()).complaints(
            step, *forms))
        self.assertEqual([], comparison.Judge({'ranges'}).complaints(
            step, *forms))

    def test_a_listed_difference_says_what_we_answer(self):
        step = _step(differs='ranges', instead={'status': 400})
        judge = comparison.Judge({'ranges'})
        self.assertNotEqual([], judge.complaints(step, _form(500),
                                                 _form(404)))

    def test_a_difference_that_is_gone_is_told(self):
        step = _step(differs='ranges', instead={'status': 400})
        judge = comparison.Judge({'ranges'})
        self.assertNotEqual([], judge.complaints(step, _form(400),
                                                 _form(400)))

    def test_of_a_servers_own_answer_the_status_counts(self):
        step = _step(answered_by=['mod_wsgi'])
        peer, own = _form(404, b'{"a": 1}'), _form(404, b'<html/>')
        identified = _form(404, b'{"a": 1}', **{'X-OpenStack-Request-Id': 'x'})
        behind = comparison.Judge(set(), server='mod_wsgi')
        self.assertEqual([], behind.complaints(step, peer, own))
        self.assertNotEqual([], behind.complaints(step, peer, _form(400)))
        self.assertNotEqual([], behind.complaints(step, peer, identified))
        self.assertNotEqual([], comparison.Judge(set()).complaints(
            step, peer, own))

    def test_every_scenario_names_listed_differences(self):
        anchors = comparison.known_anchors()
        for one in scenario.load_all():
            for step in one.steps:
                if step.differs is not None:
                    self.assertIn(step.differs, anchors)


class RecordingTest(unittest.TestCase):

    def test_what_is_read_is_what_was_written(self):
        shared = {'x': 'y' * 200}
        answers = [{'step': 'a', 'json': [shared, {'in': shared}]},
                   {'step': 'b', 'json': shared}]
        with tempfile.TemporaryDirectory() as folder:
            with mock.patch.object(recording, 'RECORDED',
                                   pathlib.Path(folder)):
                recording.write('name', answers)
                self.assertEqual(answers, recording.read('name'))
