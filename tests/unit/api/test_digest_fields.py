# SPDX-License-Identifier: Apache-2.0
"""Digest fields of RFC 9530, parsed as RFC 9651 says."""
import base64
import hashlib

import hypothesis
from hypothesis import strategies
import testtools

from glancelite import exception
from glancelite.api import digest_fields

SHA512 = hashlib.sha512(b'data').digest()
SHA256 = hashlib.sha256(b'data').digest()


def coded(digest):
    return f':{base64.b64encode(digest).decode()}:'


class DigestFieldTest(testtools.TestCase):
    def digests(self, field, name='Content-Digest'):
        return digest_fields.digests({name: field})

    def test_known_algorithms_are_found(self):
        field = f'sha-512={coded(SHA512)}, sha-256={coded(SHA256)}'
        for name in ('Content-Digest', 'Repr-Digest'):
            self.assertEqual([('sha512', SHA512), ('sha256', SHA256)],
                             self.digests(field, name))

    def test_both_fields_are_found(self):
        self.assertEqual(
            [('sha512', SHA512), ('sha256', SHA256)],
            digest_fields.digests({
                'Content-Digest': f'sha-512={coded(SHA512)}',
                'Repr-Digest': f'sha-256={coded(SHA256)}'}))

    def test_unknown_algorithms_are_ignored_whatever_they_hold(self):
        for member in ('unixsum=:AAAA:', 'crc32c=12', 'a=1.5', 'a', 'a=?0',
                       'a="text \\" "', 'a=token/x', 'a=(1 2 "3");p=1',
                       'a=()', 'a=( 1  2 )', 'a;p;q=:AA==:', 'a=@1659578233',
                       'a=%"f%c3%bc"', 'a=*x'):
            self.assertEqual(
                [('sha256', SHA256)],
                self.digests(f'{member},sha-256={coded(SHA256)};p=1'),
                member)

    def test_no_digest_is_no_error(self):
        self.assertEqual([], digest_fields.digests({}))
        self.assertEqual([], self.digests(''))

    def test_padding_may_be_missing(self):
        self.assertEqual([('sha256', SHA256)], self.digests(
            f'sha-256={coded(SHA256).replace("=", "")}'))

    def test_the_last_of_two_members_counts(self):
        self.assertEqual([('sha256', SHA256)], self.digests(
            f'sha-256=1, sha-256={coded(SHA256)}'))

    def test_what_is_no_dictionary_is_refused(self):
        good = f'sha-256={coded(SHA256)}'
        for field in ('sha-256', 'sha-256=1', 'sha-256=:AAAA:', f'{good},',
                      f',{good}', f'{good} x', f'SHA-256={coded(SHA256)}',
                      'sha-256=:A*A:', 'a=:A:', 'a=:AA', 'a=(1', 'a=(1"2")',
                      'a="x', 'a=%"%C3"', 'a=1.', 'a=', 'a;=1', '=1',
                      f'sha-256={hashlib.sha256().hexdigest()}', 'ü'):
            self.assertRaises(exception.MalformedDigest, self.digests, field)

    @hypothesis.given(strategies.text(
        alphabet='ash-256=:;,()"%?@*.1 \\AA+/üß\t'))
    def test_any_text_is_read_or_refused(self, field):
        try:
            self.digests(field)
        except exception.MalformedDigest:
            return

    def test_a_multihash_becomes_a_field_where_one_is_registered(self):
        self.assertEqual(
            f'sha-512={coded(SHA512)}',
            digest_fields.field('sha512', SHA512.hex()))
        self.assertEqual(
            [('sha256', SHA256)],
            self.digests(digest_fields.field('sha256', SHA256.hex())))
        for algorithm, digest in (('md5', 'ab'), ('blake2b', 'ab'),
                                  (None, None), ('sha512', None)):
            self.assertIsNone(digest_fields.field(algorithm, digest))
