# SPDX-License-Identifier: Apache-2.0
"""File names of downloads are those of their images, made harmless."""
import urllib.parse

import hypothesis
from hypothesis import strategies
import testtools

from glancelite.api import attachment


class AttachmentTest(testtools.TestCase):
    def test_a_plain_name_stands_as_it_is(self):
        self.assertEqual('attachment; filename="cirros 0.6.img"',
                         attachment.header('cirros 0.6.img', 'id'))

    def test_another_alphabet_has_a_second_form(self):
        self.assertEqual(
            'attachment; filename="f_r.img"; '
            "filename*=UTF-8''f%C3%BCr.img",
            attachment.header('für.img', 'id'))

    def test_what_names_folders_or_hides_is_replaced(self):
        for name, expected in (
                ('../../etc/passwd', '_.._etc_passwd'),
                ('C:\\x', 'C__x'), ('.hidden', 'hidden'),
                ('a"; filename="b', 'a_; filename=_b'),
                ('a\r\nSet-Cookie: b', 'aSet-Cookie_ b'),
                ('x\u202egpj.exe', 'xgpj.exe'), ('a%22b', 'a_22b')):
            self.assertEqual(f'attachment; filename="{expected}"',
                             attachment.header(name, 'id'))

    def test_without_a_name_it_is_the_default(self):
        for name in (None, '', '...', ' \n ', '\u202e'):
            self.assertEqual('attachment; filename="id"',
                             attachment.header(name, 'id'))

    @hypothesis.given(strategies.text(
        strategies.characters(exclude_categories=('Cs',))))
    def test_any_name_makes_one_header_that_is_ascii(self, name):
        header = attachment.header(name, 'id')
        self.assertTrue(header.isascii() and header.isprintable())
        self.assertEqual(2, header.count('"'))
        encoded = header.partition("UTF-8''")[2]
        self.assertTrue(len(urllib.parse.unquote_to_bytes(encoded)) <= 200)
