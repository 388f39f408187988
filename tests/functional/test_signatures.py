# SPDX-License-Identifier: Apache-2.0
"""Signed images: verified by every way in, before they are active."""
import gzip
import os

import testscenarios

from tests import key_manager
from tests import signing
from tests.functional import application
from tests.functional import test_import
from tests.functional import uploading
from tests.unit.fetch import wire

load_tests = testscenarios.load_tests_apply_scenarios

DATA = os.urandom(1024 * 1024 + 77)

PACKED = gzip.compress(DATA)

BACKEND = {'key_manager': {'backend': 'tests.key_manager.FileKeyManager'}}


class SignatureTestCase(test_import.ImportTestCase):
    options = BACKEND

    def setUp(self):
        self.certificates = self.useFixture(signing.Certificates())
        super().setUp()
        self.signer = self.certificates.signer('ours')

    def ended(self, image_id):
        def task():
            found = self.task(image_id)
            return found['status'] in ('success', 'failure') and found
        return application.eventually(task, 'The task ends')

    def assert_nothing_left(self, image_id):
        image = self.client.show(image_id)
        self.assertEqual(('queued', None, None), (
            image['status'], image['checksum'], image['os_hash_value']))
        self.assertEqual(set(), self.files('fast', 'cheap', 'staging'))

    def assert_refused(self, properties, message, data=DATA, code=400):
        image_id = self.client.create(**properties)['id']
        answer = self.client.upload(image_id, data)
        self.assertEqual(code, answer.status, answer.body)
        self.assertIn(message, answer.json['message'])
        self.assert_nothing_left(image_id)


class SignedUploadTest(SignatureTestCase):
    scenarios = application.SCENARIOS

    def test_signed_data_is_taken_and_other_data_leaves_nothing(self):
        properties = self.signer.properties(DATA)
        self.assert_refused(properties, 'Signature verification failed',
                            DATA[:-1])
        image_id = self.client.create(**properties)['id']
        self.assertEqual(400, self.client.upload(image_id, b'x').status)
        self.assertEqual(204, self.client.upload(image_id, DATA).status)
        self.assertEqual(DATA, self.client.download(image_id).body)

    def test_a_part_that_ends_wrong_data_is_refused(self):
        image_id = self.client.create(**self.signer.properties(DATA))['id']
        for end, status in ((DATA[1000:-1], 400), (DATA[1000:], 204)):
            upload = uploading.Upload(self.client, uploading.begin(
                self.client, image_id, DATA[:1000]))
            self.assertEqual(status,
                             upload.append(1000, end, '?1').status)
            if status == 400:
                self.assert_nothing_left(image_id)
        self.assertEqual(DATA, self.client.download(image_id).body)


class SignatureTest(SignatureTestCase):

    def test_every_kind_of_key_and_digest_is_known(self):
        for kind in ('RSA-PSS', 'DSA', 'ECC_SECP384R1', 'ECC_SECP521R1'):
            signer = self.certificates.signer(kind, kind)
            for method in ('SHA-224', 'SHA-256', 'SHA-384', 'SHA-512'):
                properties = signer.properties(DATA, method)
                image_id = self.client.create(**properties)['id']
                self.assertEqual(204, self.client.upload(
                    image_id, DATA).status, (kind, method))
                self.client.request('DELETE', f'/v2/images/{image_id}')
                self.assert_refused(properties, 'Signature', DATA + b'x')

    def test_properties_that_make_no_sense_are_refused(self):
        good = self.signer.properties(DATA)
        for name, value, message in (
                ('img_signature', '!', 'Signature verification failed'),
                ('img_signature', 'é', 'Signature verification failed'),
                ('img_signature', '', 'Signature verification failed'),
                ('img_signature_hash_method', 'MD5', 'hash method: MD5'),
                ('img_signature_key_type', 'FOO', 'key type: FOO'),
                ('img_signature_key_type', 'DSA', 'public key type'),
                ('img_signature_certificate_uuid', 'none', 'not found')):
            self.assert_refused({**good, name: value}, message)

    def test_without_one_of_the_properties_an_image_is_not_signed(self):
        good = self.signer.properties(DATA)
        for name in good:
            image_id = self.client.create(
                **{key: value for key, value in good.items()
                   if key != name})['id']
            self.assertEqual(204,
                             self.client.upload(image_id, b'other').status)

    def test_an_outage_of_the_key_manager_is_503_and_tells_no_address(self):
        properties = {**self.signer.properties(DATA),
                      'img_signature_certificate_uuid': key_manager.OUTAGE}
        self.assert_refused(properties, 'try again', code=503)

    def test_an_import_during_an_outage_says_so_and_can_be_repeated(self):
        url = self.serve(lambda request: wire.send(request, DATA))
        good = self.signer.properties(DATA)
        for method in ('glance-direct', 'web-download'):
            image_id = self.client.create(**{
                **good,
                'img_signature_certificate_uuid': key_manager.OUTAGE})['id']
            for repair in (False, True):
                if repair:
                    self.client.patch(f'/v2/images/{image_id}', [{
                        'op': 'replace', 'value': self.signer.name,
                        'path': '/img_signature_certificate_uuid'}])
                if method == 'glance-direct':
                    self.stage(image_id, DATA)
                self.submit(image_id, method, uri=(
                    url if method == 'web-download' else None))
                image = self.done(image_id)
                if repair:
                    self.assertEqual('active', image['status'])
                    continue
                task = self.task(image_id)
                self.assertEqual('failure', task['status'])
                self.assertIn('try again', task['message'])
                self.assertNotIn('keys.example', str(task))
                self.assert_nothing_left(image_id)
            self.client.request('DELETE', f'/v2/images/{image_id}')

    def test_what_is_no_certificate_is_refused(self):
        (self.certificates.folder / 'junk.der').write_bytes(b'junk')
        self.assert_refused({**self.signer.properties(DATA),
                             'img_signature_certificate_uuid': 'junk'},
                            'not well-formed')

    def test_properties_that_change_between_parts_count_at_the_end(self):
        image_id = self.client.create(
            **self.signer.properties(b'other data'))['id']
        upload = uploading.Upload(self.client, uploading.begin(
            self.client, image_id, DATA[:1000]))
        self.client.patch(f'/v2/images/{image_id}', [
            {'op': 'replace', 'path': f'/{name}', 'value': value}
            for name, value in self.signer.properties(DATA).items()])
        self.assertEqual(204,
                         upload.append(1000, DATA[1000:], '?1').status)

    def test_imports_verify_and_say_why_not(self):
        url = self.serve(lambda request: wire.send(request, DATA))
        for signed, status in ((b'other', 'failure'), (DATA, 'success')):
            for method in ('glance-direct', 'web-download'):
                image_id = self.client.create(
                    **self.signer.properties(signed))['id']
                if method == 'glance-direct':
                    self.stage(image_id, DATA)
                self.submit(image_id, method, uri=(
                    url if method == 'web-download' else None))
                self.done(image_id)
                task = self.ended(image_id)
                self.assertEqual(status, task['status'], task['message'])
                if status == 'failure':
                    self.assertIn('Signature verification failed',
                                  task['message'])
                    self.assert_nothing_left(image_id)

    def test_a_copy_needs_no_certificate_any_more(self):
        image_id = self.client.create(**self.signer.properties(DATA))['id']
        self.client.upload(image_id, DATA)
        (self.certificates.folder / 'ours.der').unlink()
        self.submit(image_id, 'copy-image', 'admin', stores=['cheap'])
        self.assertEqual('cheap,fast', ','.join(sorted(
            self.done(image_id)['stores'].split(','))))


class SilenceTest(SignatureTestCase):
    """A key manager that takes questions, and answers none."""

    scenarios = application.SCENARIOS
    options = {**BACKEND, 'image_signature': {'key_manager_timeout': 1}}

    def test_nobody_waits_for_it_for_long(self):
        good = self.signer.properties(DATA)
        silent = {**good,
                  'img_signature_certificate_uuid': key_manager.SILENCE}
        self.assert_refused(silent, 'try again', code=503)
        # Now it is not even asked.
        self.assert_refused(silent, 'try again', code=503)
        image_id = self.client.create(**silent)['id']
        self.stage(image_id, DATA)
        self.submit(image_id)
        self.assertEqual('queued', self.done(image_id)['status'])
        self.assertIn('try again', self.task(image_id)['message'])
        image_id = self.client.create(**good)['id']
        application.eventually(
            lambda: self.client.upload(image_id, DATA).status == 204,
            'It is asked again')


class UnpackedTest(SignatureTestCase):
    """What is stored is what must be signed: who downloads it verifies it."""

    options = {**BACKEND, 'image_import_opts': {
        'image_import_plugins': '[image_decompression]'}}

    def imported(self, signed):
        """:returns: the image, and its task, after a plugin unpacked it."""
        image_id = self.client.create(
            **self.signer.properties(signed))['id']
        self.stage(image_id, PACKED)
        self.submit(image_id)
        self.done(image_id)
        return image_id, self.ended(image_id)

    def test_a_signature_of_what_is_stored_is_good(self):
        image_id, task = self.imported(DATA)
        self.assertEqual(('success', DATA), (
            task['status'], self.client.download(image_id).body))

    def test_a_signature_of_what_was_given_is_refused_and_told_why(self):
        image_id, task = self.imported(PACKED)
        self.assertEqual('failure', task['status'])
        self.assertIn('Sign the data as it will be stored', task['message'])
        self.assert_nothing_left(image_id)


class TrustTest(SignatureTestCase):
    """``trusted_certificates`` says who may issue certificates."""

    options = {**BACKEND, 'image_signature': {
        'trusted_certificates': 'root,gone'}}

    def test_a_certificate_must_come_from_one_that_is_trusted(self):
        root = self.certificates.signer('root', is_ca=True)
        good = self.certificates.signer('good', issuer=root)
        image_id = self.client.create(**good.properties(DATA))['id']
        self.assertEqual(204, self.client.upload(image_id, DATA).status)
        self.client.request('DELETE', f'/v2/images/{image_id}')
        impostor = signing.Signer('root', 'RSA-PSS')
        impostor.certify(impostor, 1, True)
        for signer, message in (
                (self.signer, 'Could not locate'),
                (self.certificates.signer('false', issuer=impostor),
                 'Could not locate'),
                (self.certificates.signer('late', issuer=root, days=-1),
                 'valid date range')):
            self.assert_refused(signer.properties(DATA), message)
        self.certificates.signer('root', is_ca=False)
        self.assert_refused(good.properties(DATA), 'Could not locate')
