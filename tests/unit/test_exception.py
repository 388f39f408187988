# SPDX-License-Identifier: Apache-2.0
"""Errors: their codes and sentences."""
import re

import testtools
import webob.exc

from glancelite import exception
from glancelite.api import resource


def classes(root=exception.GlanceliteError):
    """Yield every class of error."""
    yield root
    for each in root.__subclasses__():
        yield from classes(each)


class SentenceTest(testtools.TestCase):
    """Every error has a code that HTTP knows and a sentence."""

    def facts(self, each):
        """:returns: a value for whatever the sentence names."""
        named = re.findall(r'%\((\w+)\)(\w)', str(each.sentence))
        return {name: 1 if kind == 'd' else 'x' for name, kind in named}

    def test_every_code_is_one_of_http(self):
        for each in classes():
            if each.code != 460:
                self.assertIn(each.code, webob.exc.status_map, each)

    def test_every_sentence_can_be_said(self):
        for each in classes():
            if each.__init__ is exception.GlanceliteError.__init__:
                error = each(**self.facts(each))
                self.assertNotIn('%(', str(error))
                self.assertTrue(str(error))

    def test_no_sentence_has_room_for_a_path_or_url(self):
        for each in classes():
            self.assertNotRegex(str(each.sentence),
                                r'%\((path|url|uri|password|token)\)')

    def test_a_sentence_may_be_given(self):
        error = exception.Invalid('No %(what)s.', what='thing')
        self.assertEqual('No thing.', str(error))
        self.assertEqual({'what': 'thing'}, error.facts)

    def test_the_code_of_a_family_is_that_of_its_members(self):
        for family, code in ((exception.Invalid, 400),
                             (exception.Forbidden, 403),
                             (exception.NotFound, 404),
                             (exception.Conflict, 409),
                             (exception.TooLarge, 413)):
            for each in classes(family):
                self.assertEqual(code, each.code, each)


class ResponseTest(testtools.TestCase):
    """An error as a response."""

    def body(self, error, accept='application/json'):
        request = webob.Request.blank('/', accept=accept)
        return request.get_response(resource.error_response(error))

    def test_the_sentence_is_in_the_body_of_every_kind(self):
        for error in (exception.Invalid('Say so.'),
                      exception.ImageNotFound(image_id='Say so.'),
                      exception.UnsafeImage('Say so.'),
                      exception.Conflict('Say so.'),
                      exception.TooLarge('Say so.')):
            for accept in ('application/json', 'text/html', 'text/plain'):
                response = self.body(error, accept)
                self.assertEqual(error.code, response.status_int)
                self.assertIn('Say so.', response.text)

    def test_what_is_html_is_escaped_in_html(self):
        response = self.body(exception.ImageNotFound(image_id='<script>'),
                             'text/html')
        self.assertNotIn('<script>', response.text)

    def test_unavailable_tells_when_to_come_back(self):
        self.assertIn('Retry-After',
                      self.body(exception.StoreUnavailable()).headers)
