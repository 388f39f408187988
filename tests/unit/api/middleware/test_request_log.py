# SPDX-License-Identifier: Apache-2.0
"""The line of a request: one, whatever the request holds."""
import fixtures
import testtools
import webob

from glancelite.api.middleware import request_log


class RequestLogTest(testtools.TestCase):

    def line(self, path):
        """:returns: what is logged of a request for ``path``."""
        log = self.useFixture(fixtures.FakeLogger())
        application = request_log.RequestLog(webob.Response(b'body'))
        self.assertEqual(
            b'body', webob.Request.blank(path).get_response(application).body)
        return log.output

    def test_it_tells_path_query_status_and_size(self):
        self.assertIn('"GET /v2/images?name=x" 200 4 bytes',
                      self.line('/v2/images?name=x'))

    def test_a_path_cannot_forge_another_line(self):
        line = self.line('/v2/images/a%0A%0D127.0.0.1%20%C3%A9%1B%5B1m')
        self.assertEqual(1, len(line.splitlines()), line)
        self.assertIn(r'/v2/images/a\n\r127.0.0.1', line)
        self.assertTrue(line.strip().isprintable(), line)

    def test_an_error_of_a_filter_is_an_answer_and_has_its_line(self):
        def broken(environ, start_response):
            raise ValueError('wrong')
        log = self.useFixture(fixtures.FakeLogger())
        for method in ('GET', 'HEAD'):
            answer = webob.Request.blank('/v2', method=method).get_response(
                request_log.RequestLog(broken))
            self.assertEqual(500, answer.status_int)
            self.assertNotIn('wrong', answer.text)
            self.assertIn(f'"{method} /v2" 500', log.output)
        self.assertIn('ValueError: wrong', log.output)

    def test_an_error_after_the_answer_has_begun_is_the_servers(self):
        def broken(environ, start_response):
            start_response('200 OK', [])
            raise ValueError('wrong')
        self.useFixture(fixtures.FakeLogger())
        self.assertRaises(
            ValueError, webob.Request.blank('/v2').get_response,
            request_log.RequestLog(broken))
