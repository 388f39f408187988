# SPDX-License-Identifier: Apache-2.0
"""Signed images whose certificates a real Barbican keeps."""
import os

import testtools
from testtools import content

from tests import signing
from tests.cloud import shared
from tests.functional import application

_DATA = os.urandom(300_017)


class BarbicanTestCase(testtools.TestCase):
    """Users store certificates, sign images, and upload or import them."""

    def setUp(self):
        super().setUp()
        self.keystone = shared.keystone()
        self.barbican = shared.barbican()
        self.service = self.started()
        self.addOnException(lambda exc_info: self.addDetail(
            'log', content.text_content(self.service.log_text()[-8000:])))

    def started(self):
        """:returns: the service to ask."""
        return shared.usual_signed_service()

    def signer(self, name='signer', issuer=None, user='demo',
               admitted=True, is_ca=False):
        """:returns: a signer whose certificate a user keeps.

        :param admitted: whether the service may read it as well.
        """
        signer = signing.Signer(name, 'RSA-PSS')
        signer.certify(issuer or signer, 1, is_ca)
        signer.identifier = self.barbican.keep(user, signer.certificate)
        if admitted:
            self.barbican.admit(user, signer.identifier, 'glance')
        return signer

    def signed(self, data=_DATA, **more):
        """:returns: properties of an image that a :meth:`signer` signed."""
        signer = self.signer(**more)
        return {**signer.properties(data),
                'img_signature_certificate_uuid': signer.identifier}

    def ask(self, method, path, user='demo', **more):
        headers = {'X-Auth-Token': self.keystone.token(user),
                   **more.pop('headers', {})}
        return self.service.client.request(
            method, f'/v2/images{path}', persona=None, headers=headers,
            **more)

    def create(self, properties, user='demo'):
        return self.ask('POST', '', user, json={
            'disk_format': 'raw', 'container_format': 'bare',
            **properties}).json['id']

    def put(self, image_id, verb, data=_DATA, user='demo'):
        return self.ask(
            'PUT', f'/{image_id}/{verb}', user, body=data,
            headers={'Content-Type': 'application/octet-stream'})

    def upload(self, properties, data=_DATA, user='demo'):
        """:returns: the answer to the upload, and the image after it."""
        image_id = self.create(properties, user)
        answer = self.put(image_id, 'file', data, user)
        return answer, self.ask('GET', f'/{image_id}', user).json

    def imported(self, properties, data=_DATA):
        """:returns: the task of the import, when it has ended."""
        image_id = self.create(properties)
        self.assertEqual(204, self.put(image_id, 'stage', data).status)
        self.assertEqual(202, self.ask(
            'POST', f'/{image_id}/import',
            json={'method': {'name': 'glance-direct'}}).status)

        def ended():
            task = self.ask('GET', f'/{image_id}/tasks').json['tasks'][0]
            return task['status'] in ('success', 'failure') and task
        return application.eventually(ended, 'The import ends')

    def assert_refused(self, status, words, properties, data=_DATA,
                       user='demo'):
        answer, image = self.upload(properties, data, user)
        self.assertEqual((status, 'queued', None, None), (
            answer.status, image['status'], image['size'],
            image['checksum']), answer.body)
        self.assertIn(words, answer.json['message'])


class BarbicanTest(BarbicanTestCase):

    def test_uploads_are_verified_with_the_certificate_of_their_user(self):
        properties = self.signed(admitted=False)
        answer, image = self.upload(properties)
        self.assertEqual((204, 'active'), (answer.status, image['status']),
                         answer.body)
        self.assert_refused(400, 'Signature verification failed', properties,
                            _DATA[:-1])

    def test_a_certificate_that_is_not_there_is_refused(self):
        properties = self.signed()
        for identifier, words in (
                ('00000000-0000-4000-8000-000000000000', 'not found'),
                ('none', ''), ('../../v1/secrets', ''), ('', ''),
                ('http://127.0.0.1/', '')):
            self.assert_refused(400, words, {
                **properties, 'img_signature_certificate_uuid': identifier})

    def test_a_certificate_of_another_project_is_not_readable(self):
        self.assert_refused(400, 'not readable', self.signed(),
                            user='alt_demo')

    def test_what_is_kept_as_something_else_is_no_certificate(self):
        signer = self.signer()
        identifier = self.barbican.keep('demo', signer.certificate, 'opaque')
        self.assert_refused(400, 'no X.509 certificate', {
            **signer.properties(_DATA),
            'img_signature_certificate_uuid': identifier})

    def test_imports_are_verified_with_what_the_service_may_read(self):
        self.assertEqual('success', self.imported(self.signed())['status'])
        task = self.imported(self.signed(), b'other')
        self.assertEqual('failure', task['status'])
        self.assertIn('Signature verification failed', task['message'])
        task = self.imported(self.signed(admitted=False))
        self.assertEqual('failure', task['status'])
        self.assertIn('not readable', task['message'])
        self.assertEqual([], os.listdir(self.service.folder / 'staging'))

    def test_while_barbican_is_away_uploads_are_answered_503(self):
        properties = self.signed()
        self.barbican.stop()
        self.addCleanup(self.barbican.start)
        self.assert_refused(503, 'try again', properties)
        task = self.imported(properties)
        self.assertEqual('failure', task['status'])
        self.assertIn('try again', task['message'])


class TrustTest(BarbicanTestCase):
    """The operator's certificates, which no user could ask for."""

    def started(self):
        self.root = self.signer('root', user='glance', is_ca=True)
        return self.useFixture(shared.signed_service(image_signature={
            'trusted_certificates': self.root.identifier}))

    def test_a_certificate_that_a_trusted_one_has_issued_is_believed(self):
        answer, image = self.upload(self.signed(issuer=self.root))
        self.assertEqual((204, 'active'), (answer.status, image['status']),
                         answer.body)
        self.assertEqual('success', self.imported(
            self.signed(issuer=self.root))['status'])
        self.assert_refused(400, 'Could not locate', self.signed())
