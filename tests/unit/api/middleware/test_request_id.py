# SPDX-License-Identifier: Apache-2.0
"""Each request has an id; a caller's own goes through the whole cloud."""
import testtools

from glancelite.api.middleware import request_id

_GLOBAL = 'openstack.global_request_id'


class RequestIdTest(testtools.TestCase):

    def names(self, **environ):
        """:returns: the ids of environ and answer, and the global one."""
        answers = []

        def application(environ, start_response):
            start_response('200 OK', [])
            return []
        request_id.RequestId(application, 40)(
            environ, lambda status, headers, exc_info=None:
                answers.extend(headers))
        return (environ[request_id.ENVIRON_KEY],
                dict(answers)[request_id.HEADER], environ.get(_GLOBAL))

    def test_a_request_without_an_id_gets_one_of_its_own(self):
        one, other = self.names(), self.names()
        self.assertEqual(one[0], one[1])
        self.assertNotEqual(one[0], other[0])
        self.assertIsNone(one[2])

    def test_an_id_of_the_caller_is_the_global_one_too(self):
        for own in ('req-1234', '1234'):
            self.assertEqual(('req-1234',) * 3, self.names(
                HTTP_X_OPENSTACK_REQUEST_ID=own))

    def test_what_cannot_be_an_id_is_replaced(self):
        for own in ('x' * 41, 'line\nend', ''):
            name, told, everywhere = self.names(
                HTTP_X_OPENSTACK_REQUEST_ID=own)
            self.assertNotIn(own or '\n', name)
            self.assertIsNone(everywhere)
