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
